"""A workspace: all documents below a folder, each with its model, and what holds for all of them."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..diagnostics import Finding, Related, Sink, Span
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .decode import decode, read_shape
from .document import Document
from .documents.kinds import KINDS, document_kinds
from .documents.workspace import WorkspaceDocument
from .files import WORKSPACE_FILE, find_files
from .member_files import read_member_file
from .remains import texts_of
from .shape_findings import repaired_name
from .suppressions import suppress
from .unread import report_unread
from .yaml.document import YamlDocument
from .yaml.reader import read_yaml

__all__ = ["Document", "Workspace", "apply_suppressions", "load_workspace", "pause_collection"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a folder says: its name, its time zone, and its documents in the order of files.

    `documents` are those that read well, of each kind and name the first. `declared` has by kind the first document
    of every name, those that do not read well included, so that nothing refers to them in vain. `lost` are the texts
    of every Profile but the first: what names them is not to blame.
    """

    root: Path
    name: str
    timezone: str
    documents: tuple[Document, ...]
    declared: Mapping[str, Mapping[str, YamlDocument]] = field(default_factory=dict)
    member_texts: Mapping[str, str] = field(default_factory=dict)
    nodes: NodeKinds = NODE_KINDS
    lost: frozenset[str] = frozenset()

    def member_lines(self, name: str) -> Iterator[tuple[int, str]]:
        """The ids in the file of a `MemberList`, with the number of their line; empty lines are passed over."""
        lines = io.StringIO(self.member_texts.get(name, ""), newline=None)
        for number, line in enumerate(lines, 1):
            member = line.rstrip("\n")
            if member:
                yield number, member


def load_workspace(root: Path, sink: Sink, nodes: NodeKinds = NODE_KINDS) -> Workspace:
    """The workspace in a folder; whatever does not read well is reported to the sink and left out.

    `nodes` are the kinds of nodes that its rulesets are made of.
    """
    kinds = document_kinds(nodes)
    with pause_collection():
        settings, written, broken = _read(root, sink)
        sound = [document for each in written if (document := decode(each, sink, kinds)) is not None]
    declared, firsts = _names([*written, *broken], sink)
    profiles = _profiles([*written, *broken], sink)
    further = {id(each) for each in profiles[1:]}
    kept = tuple(document for document in sound if id(document.yaml) in firsts - further)
    lost = frozenset(text for each in profiles[1:] for text in texts_of(each.value))
    texts = {each.name: text for each in kept if (text := read_member_file(root, each, sink)) is not None}
    name, timezone = (settings.name, settings.timezone) if settings else ("", "UTC")
    return Workspace(root, name, timezone, kept, declared, texts, nodes, lost)


def apply_suppressions(findings: Iterable[Finding], workspace: Workspace, today: str) -> list[Finding]:
    """The findings that remain on that day (`2026-12-31`), with those about what is allowed, sorted by place.

    A document's `allow` takes away warnings about it; errors stay.
    """
    return suppress(findings, workspace.documents, today)


@contextmanager
def pause_collection() -> Iterator[None]:
    """No garbage collection meanwhile: what is read stays, and looking it through over and over takes half the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _read(root: Path, sink: Sink) -> tuple[WorkspaceDocument | None, list[YamlDocument], list[YamlDocument]]:
    """What `decisor.yaml` says, the documents of all other files in their order, and what broken ones declare."""
    settings: WorkspaceDocument | None = None
    written: list[YamlDocument] = []
    broken: list[YamlDocument] = []
    found = False
    for file in find_files(root, sink):
        found = found or file.path == WORKSPACE_FILE
        data = file.read(sink)
        if data is None:
            continue
        read = read_yaml(data, file.path, sink)
        if file.path != WORKSPACE_FILE:
            written += read.documents
            broken += read.broken
        elif read.documents or read.complete:
            settings = _settings(read.documents, sink)
    report_unread(root, sink)
    if not found:
        message = f"`{WORKSPACE_FILE}` is missing; expected it in the workspace's folder, with its `name`"
        sink.add(Finding("S020", message, _START))
    return settings, written, broken


_START = Span(WORKSPACE_FILE, 1, 1, 1, 1)


def _settings(documents: Sequence[YamlDocument], sink: Sink) -> WorkspaceDocument | None:
    """What `decisor.yaml` says."""
    if not documents:
        sink.add(Finding("S011", f"`name` is missing; `{WORKSPACE_FILE}` needs it", _START, "`name`?"))
        return None
    for more in documents[1:]:
        message = f"`{WORKSPACE_FILE}` has a second document; expected one"
        sink.add(Finding("S019", message, more.spans.value(())))
    first = documents[0]
    if not isinstance(first.value, dict):
        message = f"`{WORKSPACE_FILE}` is not a mapping; expected `name` and `timezone`"
        sink.add(Finding("S001", message, first.spans.value(())))
        return None
    return read_shape(first, WorkspaceDocument, "workspace", sink)


def _names(written: Iterable[YamlDocument], sink: Sink) -> tuple[dict[str, dict[str, YamlDocument]], set[int]]:
    """The first document of every name by kind, and the ids of the documents that have theirs first."""
    declared: dict[str, dict[str, YamlDocument]] = {}
    firsts: set[int] = set()
    seen: dict[tuple[str, str], YamlDocument] = {}
    for each in written:
        kind, name = _kind_and_name(each)
        if not kind or not name:
            continue
        first = seen.setdefault((kind, name), each)
        if first is each:
            firsts.add(id(each))
            declared.setdefault(kind, {})[name] = each
        elif kind != "Profile":  # a second one is a finding whatever its name
            sink.add(_twice(kind, name, each, first))
    return declared, firsts


def _kind_and_name(document: YamlDocument) -> tuple[str, str]:
    """Its kind and name, each empty where it has none; an invalid name counts in its repaired form.

    References to either form are then fixed in the same direction.
    """
    value = document.value
    kind, name = (value.get("kind"), value.get("name")) if isinstance(value, dict) else (None, None)
    name = (repaired_name(name) or name) if isinstance(name, str) else ""
    return (kind if isinstance(kind, str) and kind in KINDS else "", name)


def _twice(kind: str, name: str, document: YamlDocument, first: YamlDocument) -> Finding:
    return Finding(
        "S021",
        f"`{name}` is the name of two documents of kind {kind}; expected one",
        document.spans.value(("name",)),
        "again here",
        related=(Related(f"`{name}` is first declared here", first.spans.value(("name",))),),
    )


def _profiles(written: Iterable[YamlDocument], sink: Sink) -> list[YamlDocument]:
    """The documents of kind Profile, of which exactly one is expected; one that does not read well counts."""
    profiles = [each for each in written if _kind_and_name(each)[0] == "Profile"]
    if not profiles:
        sink.add(Finding("S022", "`Profile` is missing; expected one document of this kind in the workspace", _START))
    for more in profiles[1:]:
        first = Related("the first one is here", profiles[0].spans.value(("kind",)))
        message = "`Profile` is declared a second time; expected one document of this kind in the workspace"
        sink.add(Finding("S023", message, more.spans.value(("kind",)), related=(first,)))
    return profiles
