"""The two states that a plan compares: a workspace with its texts, or a bundle, which has none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...compiler.uses import Uses, uses_of
from ...ir.program import Program
from ...language.document import Document
from ...language.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Side:
    """One state: its label, its program and, for a workspace, each document's text and value by resource."""

    label: str
    program: Program
    texts: Mapping[str, str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    uses: Uses = field(default_factory=dict)


def side_of_workspace(workspace: Workspace, program: Program, label: str) -> Side:
    """The side of a loaded and compiled workspace."""
    values = {document.resource: document.settings() for document in workspace.documents}
    return Side(label, program, _texts(workspace), values, uses_of(program, workspace.documents))


def _texts(workspace: Workspace) -> dict[str, str]:
    """The text of each document: the lines of its file up to the next document."""
    by_file: defaultdict[str, list[Document]] = defaultdict(list)
    for document in workspace.documents:
        by_file[document.yaml.file].append(document)
    texts: dict[str, str] = {}
    for file, documents in by_file.items():
        lines = (workspace.root / file).read_bytes().decode("utf-8", "replace").splitlines()
        documents.sort(key=lambda each: each.yaml.start_line)
        starts = [0, *(each.yaml.start_line - 1 for each in documents[1:])]
        for document, start, end in zip(documents, starts, [*starts[1:], len(lines)], strict=True):
            texts[document.resource] = "\n".join(lines[start:end])
    return texts
