"""`decisor list`: the documents of the workspace."""

from __future__ import annotations

import argparse
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .command import CLEAN, CannotRunError, Command
from .opening import Opened, add_workspace, open_workspace, workspace_root

if TYPE_CHECKING:
    from ..language.workspace import Document

SELECTORS = ("kind", "owner", "tag", "uses", "name")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "selector",
        nargs="*",
        help="what to list: kind:segment, owner:growth, tag:x, uses:FIELD (or segment, list, event type), or a name "
        "with *; all of them must fit",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    opened = open_workspace(workspace_root(options.workspace))
    chosen = [selection(text) for text in options.selector]
    uses = _uses(opened)
    documents = [
        document
        for document in sorted(opened.workspace.documents, key=lambda each: (each.kind, each.name))
        if all(_fits(document, kind, value, uses.get(document.resource, frozenset())) for kind, value in chosen)
    ]
    rows = [_row(document) for document in documents]
    if options.format == "json":
        print(json.dumps({"schema": "list/1", "documents": rows}, ensure_ascii=False))
        return CLEAN
    widths = [max((len(str(row[key])) for row in rows), default=0) for key in ("kind", "name", "owner")]
    for row in rows:
        kind, name, owner = (
            str(row[key]).ljust(width) for key, width in zip(("kind", "name", "owner"), widths, strict=True)
        )
        print(f"{kind}  {name}  {owner}  {row['description']}".rstrip())
    return CLEAN


def selection(text: str) -> tuple[str, str]:
    """A selector's kind and value; plain text selects by name."""
    kind, found, value = text.partition(":")
    if not found:
        return ("name", text.rpartition("/")[2])
    if kind not in SELECTORS:
        raise CannotRunError(f"`{text}`: expected one of {', '.join(f'{each}:' for each in SELECTORS)}")
    return kind, value


def _fits(document: Document, kind: str, value: str, used: frozenset[str]) -> bool:
    if kind == "kind":
        return document.kind.lower() == value.lower().replace("_", "")
    if kind == "owner":
        return document.model.owner == value
    if kind == "tag":
        return value in document.model.tags
    return value in used if kind == "uses" else fnmatchcase(document.name, value)


def _row(document: Document) -> dict[str, Any]:
    model = document.model
    return {
        "kind": document.kind,
        "name": document.name,
        "owner": model.owner or "",
        "tags": list(model.tags),
        "description": model.description,
        "file": document.yaml.file,
        "line": document.yaml.start_line,
    }


def _uses(opened: Opened) -> dict[str, frozenset[str]]:
    """What each segment and ruleset names, as far as it compiles."""
    from ..compiler.segments import references
    from ..ir.walk import event_types, fields, lists

    found: dict[str, frozenset[str]] = {}
    program = opened.program
    if program is None:
        return found
    for document in opened.workspace.documents:
        if document.kind == "Segment" and document.name in program.segments:
            predicate = program.segments[document.name]
            names = fields(predicate) | lists(predicate) | event_types(predicate)
            named = {name for name, _path in references(document.yaml.value["conditions"], ("conditions",))}
            found[document.resource] = names | named
    return found


COMMAND = Command(
    "List the documents of the workspace, by kind and name.", "decisor list kind:segment uses:spend", _configure, _run
)
