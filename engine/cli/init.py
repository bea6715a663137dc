"""`decisor init`: creates a workspace that passes its own check and tests."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from .command import CLEAN, CannotRunError, Command, reason
from .files import write_new
from .scaffold.documents import TEMPLATES, Around
from .scaffold.start import EVENTS, FROM_EVENTS, PROFILE, SEGMENT, SEGMENT_TEST, VSCODE, WORKSPACE, yaml_name


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="default: the current folder")


def _run(options: argparse.Namespace) -> int:
    from ..language.jsonschema import write_schemas

    folder: Path = options.folder
    ruleset, ruleset_test = TEMPLATES["ruleset"].write("homepage", Around())
    files = {
        "decisor.yaml": WORKSPACE.format(name=yaml_name(_name(folder))),
        "schemas/profile.yaml": PROFILE.format(name="customer", **FROM_EVENTS),
        "schemas/events.yaml": EVENTS,
        "segments/good_customers.yaml": SEGMENT,
        "segments/good_customers.test.yaml": SEGMENT_TEST,
        "rules/homepage.yaml": ruleset,
        "rules/homepage.test.yaml": ruleset_test,
        ".vscode/settings.json": VSCODE,
    }
    if (folder / "decisor.yaml").exists():
        raise CannotRunError(f"`{folder / 'decisor.yaml'}` already exists; this is a workspace")
    for name in files:
        if (folder / name).exists():
            raise CannotRunError(f"`{folder / name}` already exists and is never overwritten; nothing was written")
    for name, text in files.items():
        write_new(folder / name, text, folder)
    try:
        write_schemas(folder / "schemas")
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename}` cannot be written: {reason(problem)}") from None
    print("\n".join([*files, "schemas/*.schema.json"]))
    into = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    print(f"\nnext: {into}decisor check && decisor test")
    return CLEAN


def _name(folder: Path) -> str:
    """A workspace name derived from the folder's."""
    words = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return words[:63] if re.match(r"[a-z]", words) else "workspace"


COMMAND = Command(
    "Start a workspace: a catalogue, a segment and a ruleset with their tests, schemas for editors.",
    "decisor init shop",
    _configure,
    _run,
)
