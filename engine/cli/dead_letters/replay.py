"""`decisor dead-letters replay`: puts dead letters back on the queue."""

from __future__ import annotations

import argparse
import sys

from ...profiles.letter_codes import EVENT_CODES
from ..command import CLEAN, FINDINGS, CannotRunError, Command
from ..opening import workspace_root
from ..report import counted
from ..servers import Servers, add_servers, vault_for

_PATIENCE = 300.0  # seconds to wait for a full queue


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="these dead letters, by their number in `list`")
    parser.add_argument("--code", choices=EVENT_CODES, help="all with this code")
    parser.add_argument("--all", action="store_true", help="all waiting ones")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...profiles.dead_letters import replay
    from ...profiles.ingest import EventProducer, QueueFullError
    from ..opening import open_workspace, sound_program

    if bool(options.ids) + bool(options.code) + options.all != 1:
        raise CannotRunError("which dead letters? Name their numbers, or --code, or --all: one of the three")
    catalogue = sound_program(open_workspace(workspace_root(options.workspace))).catalogue
    with Servers.of(options) as servers:
        ids = options.ids or None
        producer = EventProducer(servers.redis, catalogue.key, patience=_PATIENCE)
        try:
            found = replay(servers.postgres, producer, vault_for(catalogue), catalogue.key, code=options.code, ids=ids)
        except QueueFullError as problem:
            raise CannotRunError(f"{problem}; the events that were not queued remain dead letters") from None
    print(f"{counted(found.count, 'event')} queued again")
    for number, why in sorted(found.kept.items()):
        print(f"{number}: {why}", file=sys.stderr)
    return FINDINGS if found.kept else CLEAN


COMMAND = Command(
    "Put events that could not be processed back on the queue, once their cause is fixed.",
    "decisor dead-letters replay --code broken",
    _configure,
    _run,
)
