"""Member lists: customer ids, normalised as keys are, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..diagnostics import Path, Sink
from ..ir.types import KEY_LIMIT, Field
from ..language.documents.member_list import MemberListDocument
from ..language.workspace import Document, Workspace
from ..operators.values import ValueRefusedError, canonical
from .report import Report

_KEY = Field("key", "keyword")


def lower_lists(documents: Sequence[Document], workspace: Workspace, sink: Sink) -> dict[str, tuple[str, ...]]:
    """The sorted members of each list, by name; an id that cannot be a key is reported and left out."""
    found: dict[str, tuple[str, ...]] = {}
    for document in documents:
        report = Report(document.resource, document.yaml.spans, sink)
        found[document.name] = tuple(sorted(set(_members(_written_ids(document, workspace), report))))
    return found


def empty_lists(documents: Iterable[Document], workspace: Workspace) -> frozenset[str]:
    """The names of the lists that were read well and have no members."""
    readable = (
        each
        for each in documents
        if each.read_as(MemberListDocument).members is not None or each.name in workspace.member_texts
    )
    return frozenset(each.name for each in readable if not any(True for _ in _written_ids(each, workspace)))


def _written_ids(document: Document, workspace: Workspace) -> Iterable[tuple[str, Path, str]]:
    """Each id with the path that names it and words for where it is."""
    members = document.read_as(MemberListDocument).members
    if members is not None:
        for index, member in enumerate(members):
            yield member, ("members", index), ""
    else:
        for number, member in workspace.member_lines(document.name):
            yield member, ("file",), f"line {number}: "


def _members(written: Iterable[tuple[str, Path, str]], report: Report) -> Iterator[str]:
    for member, path, where in written:
        try:
            key: str = canonical(_KEY, member)
        except ValueRefusedError as problem:
            report.add("T002", path, f"{where}{problem}")
            continue
        if not 0 < len(key.encode()) <= KEY_LIMIT:
            report.add("T002", path, f"{where}expected a customer id of 1 to {KEY_LIMIT} bytes of UTF-8")
            continue
        yield key
