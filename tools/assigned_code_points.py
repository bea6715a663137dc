"""Writes `engine/operators/assigned.py`: what Unicode 14.0 has assigned, as Python 3.11 knows it."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

from engine.operators.code_points import written_runs

from .generated import write_module

VERSION = "14.0.0"
TARGET = Path("engine/operators/assigned.py")
DOCSTRING = (
    f"Code points by their standing in Unicode {VERSION}: "
    "A assigned, N U+0000, S surrogate, X noncharacter, U unassigned."
)


def standing(code_point: int) -> str:
    """The letter of one code point."""
    if code_point == 0:
        return "N"
    if code_point & 0xFFFE == 0xFFFE or 0xFDD0 <= code_point <= 0xFDEF:
        return "X"
    return {"Cs": "S", "Cn": "U"}.get(unicodedata.category(chr(code_point)), "A")


if __name__ == "__main__":
    if unicodedata.unidata_version != VERSION:
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}; expected {VERSION}, as Python 3.11 has")
    runs = written_runs([standing(code_point) for code_point in range(sys.maxunicode + 1)])
    write_module(TARGET, DOCSTRING, "tools.assigned_code_points", runs)
