"""Findings held against markers in the files that give them.

A case is a YAML file `findings/<CODE>/<name>.yaml`, or a folder `findings/<CODE>/<name>/` with several files. Below
a line that should give findings stand comment lines such as

    value: NO
    #      ^^ Y010

with carets under the exact columns. Several markers may share a line. Where carets cannot stand, the columns are
written out, the end exclusive: `# @1-4 Y053`. The set of (file, line, columns, code) must match exactly. A span that
goes on to further lines is marked up to the end of its first; one without width is marked as one column.

A case whose name begins with `good` has no markers; every other has at least one of its folder's code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Finding

FOLDER = Path(__file__).parent / "findings"
_MARKER_LINE = re.compile(r"\s*#[\s^@\d-]*[A-Z]\d{3}\b")
_MARKER = re.compile(r"(?P<carets>\^+)\s+(?P<code>[A-Z]\d{3})\b|@(?P<start>\d+)-(?P<end>\d+)\s+(?P<named>[A-Z]\d{3})\b")
_BREAK = re.compile(r"\r\n|\r|\n")

Place = tuple[str, int, int, int, str]
"""File, line, column, end column and code."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: the code of its folder, its name, and its files by their path within it."""

    code: str
    name: str
    files: Mapping[str, bytes]

    @property
    def good(self) -> bool:
        """Whether nothing may be found."""
        return self.name.startswith("good")

    def texts(self) -> dict[str, str]:
        """The files as text; bytes that are not UTF-8 become U+FFFD."""
        return {file: data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace") for file, data in self.files.items()}

    def __str__(self) -> str:
        return f"{self.code}-{self.name}"


def cases(families: str) -> list[Case]:
    """All cases whose code begins with one of the letters, sorted."""
    found = []
    for folder in sorted(FOLDER.iterdir()):
        if folder.name[0] in families:
            found += [_case(folder.name, each) for each in sorted(folder.iterdir())]
    return found


def marked(case: Case) -> set[Place]:
    """What the markers of a case ask for."""
    places: set[Place] = set()
    for file, text in case.texts().items():
        above = 0
        for number, line in enumerate(_BREAK.split(text), 1):
            if _MARKER_LINE.match(line):
                places |= {_place(file, above, marker) for marker in _MARKER.finditer(line)}
            else:
                above = number
    return places


def found(case: Case, findings: Iterable[Finding]) -> set[Place]:
    """What findings there are, in the form of markers."""
    lines = {file: _BREAK.split(text) for file, text in case.texts().items()}
    places: set[Place] = set()
    for each in findings:
        span = each.span
        end = span.end_column
        if span.end_line > span.line:
            end = len(lines[span.file][span.line - 1]) + 1
        places.add((span.file, span.line, span.column, max(end, span.column + 1), each.code))
    return places


def check(case: Case, findings: Iterable[Finding]) -> None:
    """Hold findings against the markers of a case."""
    wanted, there = marked(case), found(case, findings)
    assert there == wanted, f"{case}: not marked {sorted(there - wanted)}, not found {sorted(wanted - there)}"
    assert case.good or case.code in {place[-1] for place in wanted}, f"{case} has no marker of its code"


def _case(code: str, path: Path) -> Case:
    if path.is_dir():
        inside = (each for each in sorted(path.rglob("*")) if each.is_file())
        return Case(code, path.name, {each.relative_to(path).as_posix(): each.read_bytes() for each in inside})
    return Case(code, path.stem, {path.name: path.read_bytes()})


def _place(file: str, line: int, marker: re.Match[str]) -> Place:
    if marker["carets"]:
        return file, line, marker.start() + 1, marker.end("carets") + 1, marker["code"]
    return file, line, int(marker["start"]), int(marker["end"]), marker["named"]
