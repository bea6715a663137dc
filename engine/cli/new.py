"""`decisor new`: adds a document that passes the check, with its test."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, CannotRunError, Command
from .files import write_new
from .opening import Opened, add_workspace, open_workspace, workspace_root
from .scaffold.documents import TEMPLATES, Around
from .scaffold.start import yaml_name

if TYPE_CHECKING:
    from ..language.yaml.reader import YamlDocument


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=tuple(TEMPLATES), metavar="KIND", help=", ".join(TEMPLATES))
    parser.add_argument("name", help="lower-case letters, digits and _")
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    name: str = options.name
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise CannotRunError(
            f"`{name}`: expected a lower-case letter, then lower-case letters, digits and _, at most 63"
        )
    opened = open_workspace(workspace_root(options.workspace))
    kind: str = options.kind
    if (place := _position(opened, kind, name)) is not None:
        what = "the workspace's one profile" if kind == "profile" else f"{kind} `{name}`"
        raise CannotRunError(f"{what} is already declared at {place}")
    template = TEMPLATES[kind]
    document = template.write(yaml_name(name), _around(opened))
    folder = opened.root / template.folder
    for text, suffix in zip(document, ("", ".test"), strict=True):
        if text:
            file = _free_file(folder, name, kind, suffix)
            write_new(
                file, _with_free_name(text, opened, name, kind) if suffix and kind != "test" else text, opened.root
            )
            print(_display_path(file))
    return CLEAN


def _free_file(folder: Path, name: str, kind: str, suffix: str) -> Path:
    """A file that does not exist yet: documents of several kinds may share a name and a folder."""
    file = folder / f"{name}{suffix}.yaml"
    return folder / f"{name}.{kind}{suffix}.yaml" if file.exists() else file


def _with_free_name(test: str, opened: Opened, name: str, kind: str) -> str:
    """The test, renamed if another test already has its name."""
    if _position(opened, "test", name) is None:
        return test
    return test.replace(f"\nname: {yaml_name(name)}\n", f"\nname: {name}_{kind}\n", 1)


def _around(opened: Opened) -> Around:
    if opened.program is None:
        return Around()
    catalogue = opened.program.catalogue
    return Around(catalogue.key, catalogue.fields, catalogue.events)


def _position(opened: Opened, kind: str, name: str) -> str | None:
    """The file and line of an existing document of that kind and name, None if there is none."""
    from ..language.document import snake

    for declared, named in opened.workspace.declared.items():
        if snake(declared) == kind:
            found: YamlDocument | None = next(iter(named.values())) if kind == "profile" else named.get(name)
            if found is not None:
                return f"{found.file}:{found.start_line}"
    return None


def _display_path(file: Path) -> str:
    here = Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else str(file)


COMMAND = Command(
    "Add a document from a template that passes the check, with its test.",
    "decisor new segment high_spenders",
    _configure,
    _run,
)
