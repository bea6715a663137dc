"""`decisor init`: a workspace that passes its own check and tests."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from .command import CLEAN, CannotRunError, Command
from .report import reason
from .scaffold import DOCUMENTS, EVENTS, PROFILE, VSCODE, WORKSPACE


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="default: the current folder")


def _run(options: argparse.Namespace) -> int:
    from ..language.jsonschema import write_schemas

    folder: Path = options.folder
    files = {
        "decisor.yaml": WORKSPACE.format(name=_name(folder)),
        "schemas/profile.yaml": PROFILE,
        "schemas/events.yaml": EVENTS,
        "segments/good_customers.yaml": DOCUMENTS["segment"][1].format(name="good_customers"),
        "segments/good_customers.test.yaml": DOCUMENTS["segment"][2].format(name="good_customers"),
        "rules/homepage.yaml": DOCUMENTS["ruleset"][1].format(name="homepage"),
        "rules/homepage.test.yaml": DOCUMENTS["ruleset"][2].format(name="homepage"),
        ".vscode/settings.json": VSCODE,
    }
    if (folder / "decisor.yaml").exists():
        raise CannotRunError(f"`{folder / 'decisor.yaml'}` exists; this is a workspace already")
    try:
        for name, text in files.items():
            write_new(folder / name, text)
        write_schemas(folder / "schemas")
    except FileExistsError as problem:
        raise CannotRunError(f"`{problem.filename}` exists and is never overwritten") from None
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename}` cannot be written: {reason(problem)}") from None
    print("\n".join([*files, "schemas/*.schema.json"]))
    print(f"\nnext: cd {folder} && decisor check && decisor test")
    return CLEAN


def write_new(file: Path, text: str) -> None:
    """Write a file that does not exist yet, its folder with it. Raises FileExistsError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)


def _name(folder: Path) -> str:
    """A workspace name made of the folder's."""
    words = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return words[:63] if re.match(r"[a-z]", words) else "workspace"


COMMAND = Command(
    "Start a workspace: a catalogue, a segment and a ruleset with their tests, schemas for editors.",
    "decisor init shop",
    _configure,
    _run,
)
