"""Segments whose meaning changes: their clauses in English, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from ...compiler.targets.english import to_english
from ...ir.predicate import AllOf, AnyOf, Predicate
from .change import Change, Detail
from .sameness import find_renames, in_canonical_order, meaning

SAME_WORDS = "the words are the same; `decisor compile` shows what differs"


def segment_changes(before: Mapping[str, Predicate], after: Mapping[str, Predicate]) -> Iterator[Change]:
    """A change for each segment that is added, removed, renamed or has another predicate."""
    old = {name: meaning(in_canonical_order(predicate)) for name, predicate in before.items()}
    new = {name: meaning(in_canonical_order(predicate)) for name, predicate in after.items()}
    names = find_renames(old, new)
    for name, was in names.items():
        yield Change("segments", "renamed", f"segment/{name}", was=was)
    for name in sorted(new.keys() - old.keys() - names.keys()):
        yield Change("segments", "added", f"segment/{name}", tuple(line_differences((), clauses(after[name]))))
    for name in sorted(old.keys() - new.keys() - set(names.values())):
        yield Change(
            "segments", "removed", f"segment/{name}", tuple(Detail("-", line) for line in clauses(before[name]))
        )
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            details = tuple(line_differences(clauses(before[name]), clauses(after[name])))
            yield Change("segments", "changed", f"segment/{name}", details or (Detail("~", SAME_WORDS),))


def clauses(predicate: Predicate) -> list[str]:
    """The predicate in English, each condition of the outermost group on a line of its own."""
    if isinstance(predicate, AllOf):
        return [line for item in predicate.items for line in to_english(item).split("\n")]
    if isinstance(predicate, AnyOf) and len(predicate.items) > 1:
        return ["any of:", *(line for item in predicate.items for line in _bullet(to_english(item).split("\n")))]
    return to_english(predicate).split("\n")


def _bullet(lines: Sequence[str]) -> Iterable[str]:
    return [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]


def line_differences(before: Sequence[str], after: Sequence[str]) -> Iterator[Detail]:
    """The lines that were removed and added, in order."""
    for tag, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (Detail("-", line) for line in before[low:high])
            yield from (Detail("+", line) for line in after[start:end])
