"""`decisor segments count`: prints the number of members of segments, of all of them unless some are named."""

from __future__ import annotations

import argparse

from ..command import CLEAN, Command
from ..report import counted
from ..servers import Servers, add_servers
from .names import note, print_json, record, sets_named


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="these segments (default: all that run, and a total)")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.registry import read_segments
    from ...segments.sets import counts

    with Servers.of(options) as servers:
        if options.names:
            names = sets_named(servers, options.names)
        else:
            names = sorted(name for name, each in read_segments(record(servers)).items() if each.active is not None)
        found = counts(servers.redis, names)
    if options.format == "json":
        print_json(found)
        return CLEAN
    for name, count in found.items():
        print(count if len(options.names) == 1 else f"{count}  {name}")
    if not options.names:
        note(f"total: {counted(sum(found.values()), 'membership')} in {counted(len(found), 'segment')}")
    return CLEAN


COMMAND = Command("Print how many members segments have.", "decisor segments count vips", _configure, _run)
