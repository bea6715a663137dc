"""`decisor mapping`: prints the settings and mapping of the profile index."""

from __future__ import annotations

import argparse
import json

from .command import CLEAN, Command
from .opening import add_workspace, open_workspace, sound_program, workspace_root


def _configure(parser: argparse.ArgumentParser) -> None:
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..compiler.mapping import index_mapping

    program = sound_program(open_workspace(workspace_root(options.workspace)))
    print(json.dumps(index_mapping(program.catalogue), indent=2, ensure_ascii=False))
    return CLEAN


COMMAND = Command(
    "Print the settings and mapping of the profile index, as Elasticsearch takes them.",
    "decisor mapping > mapping.json",
    _configure,
    _run,
)
