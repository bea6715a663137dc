"""The entry point: exit codes, misuse, readers that go away."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import app, servers
from engine.cli.command import Command
from tests.unit.cli.conftest import Decisor

PROGRAM = [sys.executable, "-m", "engine.cli.app"]
ROOT = Path(app.__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
SINGLE = sorted(app.COMMANDS.keys() - app.GROUPS.keys())
EVERY = [*SINGLE, *(f"{group} {part}" for group, parts in app.GROUPS.items() for part in parts)]


def test_without_arguments_the_commands_are_listed(decisor: Decisor) -> None:
    done = decisor()
    assert done.code == 0
    assert all(name in done.out for name in app.COMMANDS)
    assert done == decisor("--help") == decisor("help")


@pytest.mark.parametrize("name", EVERY)
def test_every_command_says_what_it_does_with_an_example(name: str, decisor: Decisor) -> None:
    command = app.load(*name.split())
    done = decisor(*name.split(), "--help")
    assert done.code == 0
    assert command.summary in done.out
    assert f"example:\n  {command.example}\n" in done.out
    assert command.example.startswith(f"decisor {name}")
    assert decisor("help", *name.split()).out == done.out


@pytest.mark.parametrize("group", app.GROUPS)
def test_a_group_lists_its_commands(group: str, decisor: Decisor) -> None:
    done = decisor(group)
    assert (done.code, done.err) == (0, "")
    assert all(f"  {name}" in done.out for name in app.GROUPS[group])
    assert done == decisor(group, "--help") == decisor("help", group)


@pytest.mark.parametrize("name", EVERY)
def test_every_command_refuses_what_it_does_not_know(name: str, decisor: Decisor) -> None:
    done = decisor(*name.split(), "--bogus", *["x"] * 3)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"decisor {name}: ")
    assert done.err.endswith(f"`decisor {name} --help` shows the arguments\n")


@pytest.mark.parametrize(
    "name",
    sorted(
        set(SINGLE)
        - {"init", "keygen", "verify", "demo", "match", "decide", "build", "new", "ingest", "erase", "doctor"}
    ),
)
def test_outside_of_a_workspace_a_command_says_so(name: str, decisor: Decisor, tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        done = decisor(name, *(["x"] if name in {"compile", "graph", "explain"} else []))
    finally:
        os.chdir(before)
    assert done.code == 2
    assert done.err == "decisor: there is no decisor.yaml here or above; `decisor init` creates a workspace\n"


def test_a_folder_that_is_no_workspace_is_named(decisor: Decisor, tmp_path: Path) -> None:
    done = decisor("list", "-C", tmp_path)
    assert done.code == 2
    assert done.err == f"decisor: `{tmp_path}` is not a workspace: it has no decisor.yaml; `decisor init` creates one\n"


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["chekc"], "decisor: `chekc` is not a command; did you mean `check`?\n"),
        (["frobnicate"], "decisor: `frobnicate` is not a command; `decisor --help` lists the commands\n"),
        (
            ["segments", "membres"],
            "decisor: `membres` is not a command of `decisor segments`; did you mean `members`?\n",
        ),
        (["help", "tset"], "decisor: `tset` is not a command; did you mean `test`?\n"),
        (
            ["check", "--fromat", "json"],
            "decisor check: `--fromat` is not an argument of this command; did you mean `--format`?\n",
        ),
        (
            ["check", "--format", "jsn"],
            "decisor check: argument --format: `jsn` is not one of the choices; did you mean `json`?\n",
        ),
        (["test", "--min-coverage", "most"], "decisor test: argument --min-coverage: `most` is not a number\n"),
        (["match"], "decisor match: the following arguments are required: --profiles\n"),
        (
            ["list", "--form", "json"],
            "decisor list: `--form` is not an argument of this command; did you mean `--format`?\n",
        ),
    ],
)
def test_misuse_is_told_with_what_was_meant(arguments: list[str], told: str, decisor: Decisor) -> None:
    done = decisor(*arguments)
    assert done.code == 2
    assert done.err.startswith(told)


def test_the_version_is_printed(decisor: Decisor) -> None:
    done = decisor("--version")
    assert (done.code, done.out == decisor("-V").out) == (0, True)
    assert done.out.startswith("decisor ")


def test_a_mistake_in_decisor_itself_is_no_finding(decisor: Decisor, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["oops"]

    def fail(_options: object) -> int:
        raise ZeroDivisionError(*words)

    monkeypatch.setattr(app, "load", lambda *_words: Command("s", "e", lambda _parser: None, fail))
    done = decisor("check")
    assert done.code == 2
    assert "\nZeroDivisionError\n" in done.err
    assert "oops" not in done.err  # an error's text may hold values
    assert done.err.endswith("this is a bug in decisor, not in the workspace\n")


def test_an_interruption_ends_with_130(decisor: Decisor, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "load", lambda *_words: Command("s", "e", lambda _parser: None, stop))
    assert decisor("check").code == 130


def test_a_reader_that_goes_away_is_no_failure(shop: Path) -> None:
    lines = "".join(f'{{"customer_id": "c-{number}"}}\n' for number in range(20_000))
    (shop / "profiles.jsonl").write_text(lines)
    command = [*PROGRAM, "match", "--profiles", "profiles.jsonl"]
    with subprocess.Popen(
        command, cwd=shop, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(30) == 0
    assert first == b'{"customer_id": "c-0", "segments": []}\n'
    assert told == b""


def test_output_is_utf_8_whatever_the_locale(shop: Path) -> None:
    text = (shop / "segments/vips.yaml").read_text("utf-8").replace("Spent 500 or more.", "Für Gäste ☕")
    (shop / "segments/vips.yaml").write_text(text, "utf-8")
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [*PROGRAM, "list", "vips", "kind:segment"]
    done = subprocess.run(command, cwd=shop, env=environment, capture_output=True, check=True)
    assert done.stdout.decode("utf-8") == "Segment  vips  growth  Für Gäste ☕\n"


def test_help_is_there_without_loading_the_engine() -> None:
    program = (
        "import sys\nfrom engine.cli.app import main\nmain(['check', '--help'])\n"
        "print(sorted({'yaml', 'pydantic', 'rule_engine', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_what_is_refused_by_the_name_of_its_module_is_there() -> None:
    for module, (names, _) in app._REFUSALS.items():
        found = importlib.import_module(module)
        assert not [name for name in names if not hasattr(found, name)], module
    importlib.import_module(servers._ENCRYPTION)
