"""Resolves a NAME on the command line: a document by its name, or `kind/name` where two kinds share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..language.workspace import Document, Workspace


def document_named(workspace: Workspace, given: str, kinds: Collection[str] = ()) -> Document:
    """The document that the argument names, of one of `kinds` if any are given. Raises CannotRunError.

    A test often has the name of what it tests, so it is meant only when its kind is written.
    """
    from ..diagnostics.suggest import nearest

    kind, _, name = given.rpartition("/")
    candidates = [each for each in workspace.documents if not kinds or each.kind in kinds]
    named = [each for each in candidates if each.name == name and _is_meant(each, kind)]
    if len(named) == 1:
        return named[0]
    if named:
        ways = " or ".join(f"`{each.resource}`" for each in sorted(named, key=lambda each: each.resource))
        raise CannotRunError(f"`{given}` is the name of {len(named)} documents; write {ways}")
    names = {each.name for each in candidates if each.kind != "Test"} | {each.resource for each in candidates}
    near = nearest(given, sorted(names)) or nearest(name, sorted(names))
    hint = f"did you mean `{near}`?" if near else "`decisor list` shows all documents"
    raise CannotRunError(f"`{given}` is not a document of this workspace; {hint}")


def _is_meant(document: Document, kind: str) -> bool:
    return document.kind != "Test" if not kind else document.resource == f"{kind}/{document.name}"
