from __future__ import annotations

import io

import pytest

from engine.runtime import lines
from engine.runtime.lines import read_lines


def _read(raw: bytes) -> list[tuple[int, object, bool]]:
    return [(line.number, line.value, line.problem is None) for line in read_lines(io.BytesIO(raw))]


def test_lines_are_numbered_and_blank_ones_passed_over() -> None:
    assert _read(b'\xef\xbb\xbf{"a": 1}\n\n  \r\n{"a": 2}') == [(1, {"a": 1}, True), (4, {"a": 2}, True)]


@pytest.mark.parametrize(
    "broken",
    [b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 200_000, b'{"a": ' + b"9" * 5_000 + b"}", b"{} {}"],
)
def test_a_broken_line_does_not_stop_the_others(broken: bytes) -> None:
    assert _read(b'{"a": 1}\n' + broken + b'\n{"a": 2}\n') == [
        (1, {"a": 1}, True),
        (2, None, False),
        (3, {"a": 2}, True),
    ]


def test_a_number_of_thousands_of_digits_is_told_in_our_words() -> None:
    (line,) = read_lines(io.BytesIO(b'{"a": ' + b"9" * 5_000 + b"}"))
    assert line.problem == "expected whole numbers within 64 bits, found one of thousands of digits"


def test_a_line_that_is_too_long_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LINE_LIMIT", 16)
    found = list(read_lines(io.BytesIO(b'{"a": 1}\n"' + b"x" * 100 + b'"\n{"a": 2}\n')))
    assert [(line.number, line.value) for line in found] == [(1, {"a": 1}), (2, None), (3, {"a": 2})]
    assert found[1].problem is not None
