"""`decisor new`: a document that passes the check, with its test."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, CannotRunError, Command
from .files import write_new
from .opening import Opened, add_workspace, open_workspace, workspace_root
from .scaffold.documents import TEMPLATES, Around
from .scaffold.start import written

if TYPE_CHECKING:
    from ..language.yaml import YamlDocument


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=tuple(TEMPLATES), metavar="KIND", help=", ".join(TEMPLATES))
    parser.add_argument("name", help="small letters, digits and _")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    name: str = options.name
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise CannotRunError(f"`{name}`: expected a small letter, then small letters, digits and _, 63 at most")
    opened = open_workspace(workspace_root(options.workspace))
    template = TEMPLATES[options.kind]
    document, test = template.write(written(name), _around(opened))
    if document:
        _check_free(opened, options.kind, name)
    if test:
        _check_free(opened, "test", name)
    folder = opened.root / template.folder
    files = {folder / f"{name}.yaml": document, folder / f"{name}.test.yaml": test}
    wanted = {file: text for file, text in files.items() if text}
    for file in wanted:
        if file.exists():
            raise CannotRunError(f"`{file}` exists and is never overwritten")
    for file, text in wanted.items():
        write_new(file, text)
        print(_shown(file))
    return CLEAN


def _around(opened: Opened) -> Around:
    if opened.program is None:
        return Around()
    catalogue = opened.program.catalogue
    return Around(catalogue.key, catalogue.fields, catalogue.events)


def _check_free(opened: Opened, kind: str, name: str) -> None:
    """Raises CannotRunError when the workspace has such a document already."""
    from ..language.document import snake

    for declared, named in opened.workspace.declared.items():
        if snake(declared) == kind:
            found: YamlDocument | None = next(iter(named.values())) if kind == "profile" else named.get(name)
            if found is not None:
                what = "the workspace's one profile" if kind == "profile" else f"{kind} `{name}`"
                raise CannotRunError(f"{what} is declared already, at {found.file}:{found.start_line}")


def _shown(file: Path) -> str:
    here = Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else str(file)


COMMAND = Command(
    "Add a document from a template that passes the check, with its test.",
    "decisor new segment high_spenders",
    _configure,
    _run,
)
