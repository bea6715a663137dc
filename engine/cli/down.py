"""`decisor down`: stops the servers that `decisor up` started; their data stays."""

from __future__ import annotations

import argparse

from .command import CLEAN, CannotRunError, Command
from .opening import add_workspace, workspace_root
from .up import line

_OUTCOMES = {
    "stopped": "stopped",
    "killed": "killed: it did not stop when asked",
    "ended": "was not running",
}


def _configure(parser: argparse.ArgumentParser) -> None:
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..storage.embedded.state import FILE, FOLDER, is_foreign
    from ..storage.embedded.workspace import stop

    root = workspace_root(options.workspace)
    count = 0
    for outcome in stop(root):
        count += 1
        print(line(outcome.name, _OUTCOMES[outcome.what], "").rstrip(), flush=True)
    if not count and is_foreign(root):
        raise CannotRunError(
            f"`{root / FOLDER / FILE}` was not written by `decisor up` of this account on this machine, so nothing was"
            " stopped; remove the file"
        )
    if not count:
        print("no server started by `decisor up` is running for this workspace")
    return CLEAN


COMMAND = Command(
    "Stop the servers that `decisor up` started for a workspace, and only those; their data stays.",
    "decisor down",
    _configure,
    _run,
)
