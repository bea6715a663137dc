"""Differences of member lists and of documents that are stored as data, path by path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...ir.printable import printable
from ...ir.program import Program
from ...language.document import resource_of
from .change import Change, Detail, action_of
from .sameness import find_renames, meaning

SHOWN = 80  # characters of a value


def list_changes(before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]) -> Iterator[Change]:
    """A change for each member list whose members differ; members are counted, never named."""
    names = find_renames(before, after)
    for name, was in names.items():
        yield Change("segments", "renamed", f"member_list/{name}", was=was)
    for name in sorted((before.keys() | after.keys()) - names.keys() - set(names.values())):
        old, new = set(before.get(name, ())), set(after.get(name, ()))
        if old != new or (name in before) is not (name in after):
            details = tuple(_member_details(len(new - old), len(old - new)))
            yield Change("segments", action_of(name, before, after), f"member_list/{name}", details)


def _member_details(come: int, gone: int) -> Iterator[Detail]:
    if come:
        yield Detail("+", f"{come:,} member{'s' if come > 1 else ''}")
    if gone:
        yield Detail("-", f"{gone:,} member{'s' if gone > 1 else ''}")


def document_changes(before: Program, after: Program) -> Iterator[Change]:
    """A change for each document of the kinds that are stored as data."""
    for kind in sorted(before.documents.keys() | after.documents.keys()):
        old, new = before.documents.get(kind, {}), after.documents.get(kind, {})
        for name in sorted(old.keys() | new.keys()):
            if meaning(old.get(name)) != meaning(new.get(name)):
                details = tuple(value_differences(old.get(name), new.get(name)))
                yield Change("other", action_of(name, old, new), resource_of(kind, name), details)


def value_differences(old: Any, new: Any) -> Iterator[Detail]:
    """The differences between two values of plain data, by the path of each scalar or list."""
    before, after = dict(leaves("", old)), dict(leaves("", new))
    for path in [*before, *(path for path in after if path not in before)]:
        if path not in after:
            yield Detail("-", f"{path}: {shown_value(before[path])}")
        elif path not in before:
            yield Detail("+", f"{path}: {shown_value(after[path])}")
        elif meaning(before[path]) != meaning(after[path]):
            yield Detail("~", f"{path}: {shown_value(before[path])} → {shown_value(after[path])}")


def leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The path and value of everything in plain data that is not a mapping."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(f"{path}.{key}" if path else str(key), item)
    elif value is not None:
        yield path, value


def shown_value(value: Any) -> str:
    """A value as one line of bounded length."""
    text = printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
