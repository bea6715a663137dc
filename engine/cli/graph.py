"""`decisor graph`: draws a ruleset, or what a document uses and what uses it."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, CannotRunError, Command
from .files import check_output
from .naming import document_named
from .opening import Opened, add_workspace, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..drawing.picture import Picture
    from ..language.workspace import Document

FORMATS = ("mermaid", "dot", "svg")
SUFFIXES = {".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot", ".svg": "svg"}


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a ruleset; for any other document, what it uses and what uses it is drawn")
    parser.add_argument("--format", choices=FORMATS, help="default: by the file's suffix, otherwise mermaid")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..drawing.svg import TooLargeError

    opened = open_workspace(workspace_root(options.workspace))
    sound_program(opened)
    picture = _picture(opened, document_named(opened.workspace, options.name))
    file: Path | None = options.output
    form = options.format or SUFFIXES.get(file.suffix if file else "", "mermaid")
    draw = getattr(import_module(f"...drawing.{form}", __name__), form)
    try:
        text: str = draw(picture)
    except TooLargeError as problem:
        raise CannotRunError(f"{problem}; use `--format dot` and let Graphviz draw it") from None
    if file is None:
        print(text, end="")
        return CLEAN
    check_output(file)
    try:
        file.write_text(text, "utf-8")
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be written: {problem.strerror}") from None
    return CLEAN


def _picture(opened: Opened, document: Document) -> Picture:
    from ..compiler.uses import uses_of
    from ..drawing.references import references_picture
    from ..drawing.rulesets import ruleset_picture

    program = sound_program(opened)
    if document.kind == "Ruleset":
        return ruleset_picture(program.rulesets[document.name], program.experiments)
    return references_picture(document.resource, uses_of(program, opened.workspace.documents))


COMMAND = Command(
    "Draw a ruleset as Mermaid, DOT or SVG; for any other document, draw what it uses and what uses it.",
    "decisor graph next_offer -o next_offer.svg",
    _configure,
    _run,
)
