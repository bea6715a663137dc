"""The compiler, stage after stage: documents become one program; every problem goes to the sink."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..diagnostics import Sink
from ..ir.program import Program
from ..language.documents.kinds import document_kinds
from ..language.remains import Remains, remains, unread
from ..language.workspace import Document, Workspace
from .cases import check_cases
from .catalogue import lower_catalogue
from .lists import empty_lists, lower_lists
from .measures import check_measures
from .node_lowering import Around
from .partial import Sieve, check_remains, names_any
from .rulesets import lower_graphs
from .scope import Scope
from .segments import lower_segments

DATA_KINDS = ("Bandit", "Layer", "Model", "Metric", "FeatureView", "Release", "RollbackPolicy")


def compile_workspace(workspace: Workspace, sink: Sink) -> Program | None:
    """The program of all sound documents; None without a Profile, which everything rests on.

    Of documents that do not read well, what remains is looked at as well, so that one run tells all findings.
    """
    kinds = by_kind(workspace.documents)
    written = document_kinds(workspace.nodes)
    broken = unread(workspace.declared, workspace.documents)
    rest = [found for each in broken if (found := remains(each, written)) is not None]
    profile, lost = _profile(kinds["Profile"], rest)
    if profile is None:
        return None
    lost |= workspace.lost
    if lost:
        sink = Sieve(sink, lambda finding: not names_any(finding, lost))
    catalogue = lower_catalogue(profile, kinds["EventType"], sink, workspace.declared.get("EventType", ()))
    lists = lower_lists(kinds["MemberList"], workspace, sink)
    empty = empty_lists(kinds["MemberList"], workspace)
    scope = Scope(catalogue, workspace.timezone, workspace.declared, lists, empty)
    segments = lower_segments(kinds["Segment"], scope, sink)
    experiments, rulesets = lower_graphs(kinds, scope, workspace.nodes, sink)
    named = {kind: {document.name: document for document in documents} for kind, documents in kinds.items()}
    check_measures(kinds, scope, sink)
    check_cases(kinds["Test"], named, scope, sink)
    if rest:
        around = Around(scope, named, frozenset(scope.names("Segment")), workspace.nodes, experiments, rulesets)
        check_remains(rest, scope, around, sink)
    return Program(
        workspace=workspace.name,
        timezone=workspace.timezone,
        catalogue=catalogue,
        segments=segments,
        lists=lists,
        experiments=experiments,
        rulesets=rulesets,
        documents={kind: _data(kinds[kind]) for kind in DATA_KINDS if kinds[kind]},
    )


def _profile(sound: Sequence[Document], rest: Sequence[Remains]) -> tuple[Document | None, frozenset[str]]:
    """The catalogue's document or what remains of it, and the names that were lost with the rest."""
    if sound:
        return sound[0], frozenset()
    found = next((each for each in rest if each.document.kind == "Profile"), None)
    return (None, frozenset()) if found is None else (found.document, found.lost)


def by_kind(documents: Sequence[Document]) -> Mapping[str, list[Document]]:
    """The documents of each kind, in the order of their names."""
    kinds: defaultdict[str, list[Document]] = defaultdict(list)
    for document in sorted(documents, key=lambda each: each.name):
        kinds[document.kind].append(document)
    return kinds


_ENVELOPE = {"api_version", "kind", "name", "description", "owner", "tags", "version", "created_at", "allow"}


def _data(documents: Sequence[Document]) -> dict[str, Any]:
    """What a document means at run time: all but what is written for people; `5%` and `50000` are the same share."""
    return {
        document.name: document.model.model_dump(
            mode="json", by_alias=True, exclude=_ENVELOPE, exclude_none=True, serialize_as_any=True
        )
        for document in documents
    }
