"""Properties of code points, kept as runs: compact in a source file, read on first use, quick to look up."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

_RUN: Final = re.compile("([0-9a-z]+)([A-Z])")
REMEMBERED: Final = 16_384
"""How many code points a table remembers; a text mixes a few hundred, and a hostile one must not fill the memory."""


class CodePointTable(dict[int, int | str | None]):
    """What `str.translate` puts in place of each code point, by the code point's class.

    `runs` names for each run of neighbours its length in base 36, then its class as a capital letter; what lies beyond
    the last run has the last class. `values` says what a class is translated to.
    """

    def __init__(self, runs: str, values: dict[str, int | str | None]) -> None:
        super().__init__()
        self._runs = runs
        self._values = values
        self._ends: list[int] = []
        self._classes: list[str] = []

    def __missing__(self, code_point: int) -> int | str | None:
        if not self._classes:
            self._read()
        kind = self._classes[min(bisect_right(self._ends, code_point), len(self._ends) - 1)]
        value = self._values[kind]
        if len(self) < REMEMBERED:
            self[code_point] = value
        return value

    def _read(self) -> None:
        found = list(stretches(self._runs))
        self._ends = [end for _, end, _ in found]
        self._classes = [kind for _, _, kind in found]  # last, so that another thread sees both or reads for itself


def stretches(runs: str) -> Iterator[tuple[int, int, str]]:
    """The runs as (first code point, the one after the last, class), in order."""
    start = 0
    for length, kind in _RUN.findall(runs):
        end = start + int(length, 36)
        yield start, end, kind
        start = end


def written_runs(classes: list[str]) -> str:
    """The runs of the classes of code points 0, 1, 2 …, as a table reads them."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    runs: list[str] = []
    start = 0
    for index in range(1, len(classes) + 1):
        if index < len(classes) and classes[index] == classes[start]:
            continue
        length, text = index - start, ""
        while length:
            length, digit = divmod(length, 36)
            text = digits[digit] + text
        runs.append(text + classes[start])
        start = index
    return "".join(runs)
