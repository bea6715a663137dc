"""The compiler, stage after stage: documents become one program; every problem goes to the sink."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any as AnyValue

from ..diagnostics import Sink
from ..ir.program import Program
from ..language.workspace import Document, Workspace
from .catalogue import lower_catalogue
from .lists import lower_lists
from .rulesets import lower_graphs
from .scope import Scope
from .segments import lower_segments

DATA_KINDS = ("Bandit", "Layer", "Model", "Metric", "FeatureView", "Release", "RollbackPolicy")


def compile_workspace(workspace: Workspace, sink: Sink) -> Program | None:
    """The program of all sound documents; None without a Profile, which everything rests on."""
    kinds = by_kind(workspace.documents)
    if not kinds["Profile"]:
        return None
    catalogue = lower_catalogue(kinds["Profile"][0], kinds["EventType"], sink)
    lists = lower_lists(kinds["MemberList"], workspace, sink)
    scope = Scope(catalogue, workspace.timezone, workspace.declared, lists)
    segments = lower_segments(kinds["Segment"], scope, sink)
    experiments, rulesets = lower_graphs(kinds, scope, sink)
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


def by_kind(documents: Sequence[Document]) -> Mapping[str, list[Document]]:
    """The documents of each kind, in the order of their names."""
    kinds: defaultdict[str, list[Document]] = defaultdict(list)
    for document in sorted(documents, key=lambda each: each.name):
        kinds[document.kind].append(document)
    return kinds


_ENVELOPE = ("apiVersion", "kind", "name", "description", "owner", "tags", "version", "createdAt", "allow")


def _data(documents: Sequence[Document]) -> dict[str, AnyValue]:
    """What a document means at run time: all but what is written for people."""
    return {
        document.name: {key: value for key, value in document.yaml.value.items() if key not in _ENVELOPE}
        for document in documents
    }
