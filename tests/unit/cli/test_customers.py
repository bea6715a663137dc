"""Customers that a command is about, in arguments and in files."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import pytest

from engine.cli.command import CannotRunError
from engine.cli.customers import MOST, customer_named, customers_named


def given(customer: str | None = None, file: object = None) -> argparse.Namespace:
    return argparse.Namespace(customer=customer, file=None if file is None else str(file))


def refusal(options: argparse.Namespace, most: int = MOST) -> str:
    with pytest.raises(CannotRunError) as refused:
        customers_named(options, most)
    return str(refused.value)


def test_an_argument_and_a_file_name_customers_in_the_same_form(tmp_path: Path) -> None:
    file = tmp_path / "ids"
    file.write_bytes("\ufeffc-1\r\n\r\njose\u0301\n c 2 \n-\nc-1\n".encode())
    assert customers_named(given(file=file)) == ["c-1", "jos\u00e9", " c 2 ", "-"]
    assert customers_named(given("jose\u0301")) == ["jos\u00e9"]
    file.write_text("c-7")
    assert customer_named(given(file=file)) == "c-7"


def test_standard_input_names_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"c-1\nc-2\n")))
    assert customers_named(given(file="-")) == ["c-1", "c-2"]


def test_one_of_both_is_wanted() -> None:
    assert refusal(given()) == "expected a customer's id, or --file FILE; found neither"
    assert refusal(given("c-1", "ids")) == "expected a customer's id, or --file FILE; found both"


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "1 to 10,000 customers' ids, one a line; found 0"),
        (b"\n\r\n", "found 0"),
        (b"c-1\nx\0y-secret\n", "line 2: "),
        (b"c-1\n\nsecret\xff\n", "line 3: expected UTF-8"),
        (b"c-1\n" + b"secret" * 100, "line 2: expected 1 to 512 bytes of UTF-8"),
        (b"".join(b"secret-%d\n" % number for number in range(MOST + 1)), "found 10,001"),
        (b"secret" * 1_000_000, "expected at most 5,140,000 bytes, one id a line"),
    ],
)
def test_a_file_is_bounded_and_refused_without_what_it_holds(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "ids"
    file.write_bytes(content)
    assert told in refusal(given(file=file))
    assert "secret" not in refusal(given(file=file))


def test_a_command_about_one_customer_takes_one(tmp_path: Path) -> None:
    file = tmp_path / "ids"
    file.write_text("c-1\nc-2\n")
    assert refusal(given(file=file), 1) == f"`{file}`: expected one customer's id; found 2"
    assert "cannot be read: no such file" in refusal(given(file=tmp_path / "away"))
