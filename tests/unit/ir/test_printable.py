"""What comes from outside does not steer a terminal."""

from __future__ import annotations

import json

import pytest

from engine.ir.printable import printable


@pytest.mark.parametrize(
    "text, told",
    [
        ("c-1 ünï 顧客 😀 \\n", "c-1 ünï 顧客 😀 \\n"),
        ("esc\x1b[31mRED", "esc\\u001b[31mRED"),
        ("nl\nx\r\t", "nl\\nx\\r\\t"),
        ("\x7f\x9b31m", "\\u007f\\u009b31m"),
        ("a\u202eb\u200b\u2028", "a\\u202eb\\u200b\\u2028"),
        ("\U000e0001", "\\udb40\\udc01"),
        ("", ""),
    ],
)
def test_what_is_not_printable_is_escaped(text: str, told: str) -> None:
    assert printable(text) == told
    assert told.isprintable()


def test_json_reads_the_escapes() -> None:
    steering = "".join(map(chr, [*range(32), *range(127, 160), 0x2028, 0xE0001]))
    assert json.loads(f'"{printable(steering)}"') == steering
