"""`decisor down`: what `decisor up` has started ends; what it keeps stays."""

from __future__ import annotations

import argparse

from .command import CLEAN, CannotRunError, Command
from .opening import add_workspace, workspace_root
from .up import line

_TOLD = {
    "stopped": "stopped",
    "killed": "killed: it did not stop when it was asked to",
    "ended": "had ended before",
}


def _configure(parser: argparse.ArgumentParser) -> None:
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..storage.embedded.state import FILE, FOLDER, is_strange
    from ..storage.embedded.workspace import stop

    root = workspace_root(options.workspace)
    count = 0
    for outcome in stop(root):
        count += 1
        print(line(outcome.name, _TOLD[outcome.what], "").rstrip(), flush=True)
    if not count and is_strange(root):
        raise CannotRunError(
            f"`{root / FOLDER / FILE}` was not written by `decisor up` of this account on this machine, so nothing is"
            " stopped by it; remove it"
        )
    if not count:
        print("nothing runs that `decisor up` has started for this workspace")
    return CLEAN


COMMAND = Command(
    "Stop the servers that `decisor up` has started for a workspace, and only those; their data stays.",
    "decisor down",
    _configure,
    _run,
)
