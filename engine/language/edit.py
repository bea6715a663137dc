"""Repairs as edits of spans: everything outside of them, comments above all, stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ..diagnostics import Edit, Fix
from .yaml.spans import Source

_Change = tuple[int, int, str]
"""Offsets from and up to, and the text that takes their place."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The texts of the files that changed, the fixes that were applied, and those that must wait for another run."""

    texts: Mapping[str, str]
    applied: tuple[Fix, ...]
    left: tuple[Fix, ...]


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    r"""The text with all edits made; equal edits count once, overlapping ones raise ValueError.

    >>> from ..diagnostics import Span
    >>> apply_edits("a: NO\n", [Edit(Span("x.yaml", 1, 4, 1, 6), '"NO"')])
    'a: "NO"\n'
    """
    changes = sorted(set(_changes(Source("", text), edits)))
    for (_, end, _), (start, _, _) in pairwise(changes):
        if start < end:
            raise ValueError(f"edits overlap at offset {start}")
    return apply_changes(text, changes)


def apply_fixes(texts: Mapping[str, str], fixes: Iterable[Fix]) -> Edited:
    """The files with all fixes applied that do not get in the way of an earlier one; each wholly or not at all."""
    sources = {file: Source(file, text) for file, text in texts.items()}
    taken: dict[str, list[_Change]] = {}
    applied: list[Fix] = []
    left: list[Fix] = []
    for fix in fixes:
        wanted = _by_file(sources, fix)
        if wanted is None or any(
            _collides(change, taken.get(file, [])) for file, each in wanted.items() for change in each
        ):
            left.append(fix)
            continue
        applied.append(fix)
        for file, changes in wanted.items():
            taken.setdefault(file, []).extend(each for each in changes if each not in taken.get(file, []))
    edited = {file: apply_changes(texts[file], sorted(changes)) for file, changes in taken.items()}
    return Edited(edited, tuple(applied), tuple(left))


def _by_file(sources: Mapping[str, Source], fix: Fix) -> dict[str, list[_Change]] | None:
    """The changes of a fix, or None where one of its files is not at hand."""
    by_file: dict[str, list[_Change]] = {}
    for edit in fix.edits:
        source = sources.get(edit.span.file)
        if source is None:
            return None
        by_file.setdefault(edit.span.file, []).extend(_changes(source, [edit]))
    return by_file


def _changes(source: Source, edits: Iterable[Edit]) -> Iterable[_Change]:
    for edit in edits:
        span = edit.span
        yield source.offset(span.line, span.column), source.offset(span.end_line, span.end_column), edit.text


def _collides(change: _Change, taken: Iterable[_Change]) -> bool:
    """Whether a change touches another one; the same change twice is not a collision."""
    return any(change != each and change[0] <= each[1] and each[0] <= change[1] for each in taken)


def apply_changes(text: str, changes: Iterable[_Change]) -> str:
    """The text with changes in order of their places."""
    parts: list[str] = []
    offset = 0
    for start, end, replacement in changes:
        parts += (text[offset:start], replacement)
        offset = end
    return "".join(parts) + text[offset:]
