from __future__ import annotations

import subprocess
import sys

import pytest

from engine.diagnostics import Code, all_codes, code, register
from engine.diagnostics.codes import FAMILIES


def test_codes_are_sorted_and_unique() -> None:
    names = [each.code for each in all_codes()]
    assert names == sorted(set(names))


def test_a_code_is_found_by_name() -> None:
    assert code("Y020").title == "key written twice"


def test_an_undeclared_code_raises() -> None:
    with pytest.raises(LookupError, match="Z123"):
        code("Z123")


@pytest.mark.parametrize("each", all_codes(), ids=lambda each: each.code)
def test_every_code_has_a_page(each: Code) -> None:
    assert each.code[0] in FAMILIES
    assert each.title
    assert each.title == each.title.rstrip(".")
    assert each.summary.endswith(".")
    assert each.help.endswith(".")
    assert "please" not in each.help.lower()


def test_registering_after_the_first_read_raises() -> None:
    all_codes()
    with pytest.raises(RuntimeError, match="too late"):
        register(Code("Y998", "t", "error", "s.", "h."))


def in_a_fresh_process(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_code_registered_in_time_is_there() -> None:
    program = (
        "from engine.diagnostics import Code, code, register\n"
        "register(Code('Y998', 'mine', 'error', 's.', 'h.'))\n"
        "print(code('Y998').title, code('Y020').severity)"
    )
    assert in_a_fresh_process(program) == "mine error\n"


@pytest.mark.parametrize("name", ["Y020", "y1", "Y1234"])
def test_a_code_of_another_form_or_twice_raises(name: str) -> None:
    program = (
        "from engine.diagnostics import Code, all_codes, register\n"
        "try:\n"
        f"    register(Code('{name}', 'mine', 'error', 's.', 'h.'))\n"
        "    all_codes()\n"
        "except RuntimeError as error:\n"
        "    print(error)"
    )
    assert in_a_fresh_process(program).startswith(name)


def test_importing_diagnostics_reads_no_family() -> None:
    program = "import sys, engine.diagnostics\nprint('engine.diagnostics.codes.yaml' in sys.modules)"
    assert in_a_fresh_process(program) == "False\n"
