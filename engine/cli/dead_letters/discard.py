"""`decisor dead-letters discard`: removes dead letters for good."""

from __future__ import annotations

import argparse
import sys

from ...profiles.letter_codes import EVENT_CODES
from ..command import CLEAN, FINDINGS, CannotRunError, Command
from ..report import counted
from ..servers import Servers, add_servers


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ids", nargs="*", type=int, metavar="NUMBER", help="these dead letters, by their number in `list`"
    )
    parser.add_argument("--code", choices=EVENT_CODES, help="all waiting ones with this code")
    parser.add_argument("--replayed", action="store_true", help="all replayed ones")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...profiles.dead_letters import discard, discard_numbered

    if bool(options.ids) + bool(options.code) + options.replayed != 1:
        raise CannotRunError("which dead letters? Name their numbers, or --code, or --replayed: one of the three")
    missing: list[int] = []
    with Servers.of(options) as servers:
        if options.ids:
            missing = discard_numbered(servers.postgres, options.ids)
            count = len(set(options.ids)) - len(missing)
        else:
            count = discard(servers.postgres, code=options.code, replayed=options.replayed)
    print(f"{counted(count, 'dead letter')} discarded")
    for number in missing:
        print(f"{number}: no dead letter has this number", file=sys.stderr)
    return FINDINGS if missing else CLEAN


COMMAND = Command(
    "Remove events that could not be processed, for good.",
    "decisor dead-letters discard --code broken",
    _configure,
    _run,
)
