"""`decisor list`: lists the documents of the workspace."""

from __future__ import annotations

import argparse
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ..ir.printable import printable
from .command import CLEAN, CannotRunError, Command
from .opening import Opened, add_workspace, open_workspace, workspace_root

if TYPE_CHECKING:
    from ..language.document import Document

SELECTORS = ("kind", "owner", "tag", "uses", "name")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "selector",
        nargs="*",
        help="kind:segment (or segments), owner:growth, tag:spring, uses:spend (a field, segment or other document), "
        "or a name, also with *; a document must match all of them",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what is printed (default: text)")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    selected = [selection(text) for text in options.selector]
    opened = open_workspace(workspace_root(options.workspace))
    chosen = [(kind, value) if kind != "name" else _selector_of(value, opened) for kind, value in selected]
    uses = _uses(opened) if any(kind == "uses" for kind, _ in chosen) else {}
    documents = [
        document
        for document in sorted(opened.workspace.documents, key=lambda each: (each.kind, each.name))
        if all(_fits(document, kind, value, uses.get(document.resource, frozenset())) for kind, value in chosen)
    ]
    rows = [_row(document) for document in documents]
    if options.format == "json":
        print(json.dumps({"schema": "list/1", "documents": rows}, ensure_ascii=False, indent=2))
        return CLEAN
    shown = [[printable(str(row[key])) for key in ("kind", "name", "owner")] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row, texts in zip(rows, shown, strict=True):
        cells = [text.ljust(width) for text, width in zip(texts, widths, strict=True)]
        description = printable(" ".join(row["description"].split()))
        print("  ".join([*(cell for cell in cells if cell), description]).rstrip())
    return CLEAN


def selection(text: str) -> tuple[str, str]:
    """A selector's kind and value; plain text selects by name. Raises CannotRunError."""
    kind, found, value = text.partition(":")
    if not found:
        return ("name", text)
    if kind not in SELECTORS:
        raise CannotRunError(f"`{text}`: expected one of {', '.join(f'{each}:' for each in SELECTORS)}")
    return (kind, _kind(value)) if kind == "kind" else (kind, value)


def _kind(value: str) -> str:
    """The kind that a word means, also in the plural. Raises CannotRunError."""
    from ..diagnostics.suggest import nearest

    kinds = _kinds()
    known = {_fold(kind): kind for kind in kinds}
    found = known.get(_fold(value)) or known.get(_singular(_fold(value)))
    if found is None:
        near = nearest(value, kinds) or nearest(_singular(value), kinds)
        hint = f"did you mean `{near}`?" if near else f"there are {', '.join(kinds)}"
        raise CannotRunError(f"`{value}` is not a kind of document; {hint}")
    return found


def _selector_of(value: str, opened: Opened) -> tuple[str, str]:
    """The selector that plain text means: a name, or a kind where no document has that name. Raises CannotRunError.

    A pattern may fit nothing; a name that nothing has is a mistake.
    """
    from ..diagnostics.suggest import nearest

    documents = opened.workspace.documents
    if any(sign in value for sign in "*?[") or any(_fits(each, "name", value, frozenset()) for each in documents):
        return ("name", value)
    kinds = {_fold(kind) for kind in _kinds()}
    if not kinds.isdisjoint({_fold(value), _singular(_fold(value))}):
        return ("kind", _kind(value))
    near = nearest(value, sorted({name for each in documents for name in (each.name, each.resource)} | kinds))
    hint = f"did you mean `{near}`?" if near else "`decisor list` shows all documents"
    raise CannotRunError(f"`{value}` is not a document of this workspace, or a kind of document; {hint}")


def _kinds() -> list[str]:
    from ..language.document import snake
    from ..language.documents.kinds import KINDS

    return [snake(kind) for kind in KINDS]


def _singular(word: str) -> str:
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


def _fold(kind: str) -> str:
    return kind.lower().replace("_", "")


def _fits(document: Document, kind: str, value: str, used: frozenset[str]) -> bool:
    if kind == "kind":
        return _fold(document.kind) == _fold(value)
    if kind == "owner":
        return document.model.owner == value
    if kind == "tag":
        return value in document.model.tags
    if kind == "uses":
        return value in used or any(resource.partition("/")[2] == value for resource in used)
    return fnmatchcase(document.resource if "/" in value else document.name, value)


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
    """What each document uses, directly or not, as far as the workspace compiles."""
    from ..compiler.uses import reach, uses_of

    if opened.program is None:
        return {}
    uses = uses_of(opened.program, opened.workspace.documents)
    return {resource: frozenset(reach(resource, uses)) for resource in uses}


COMMAND = Command(
    "List the documents of the workspace, by kind and name.", "decisor list kind:segment uses:spend", _configure, _run
)
