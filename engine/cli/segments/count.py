"""`decisor segments count`: prints the number of members of segments."""

from __future__ import annotations

import argparse

from ..command import CLEAN, Command
from ..servers import Servers, add_servers
from .names import print_json, sets_named


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="the segment")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.sets import counts

    with Servers.of(options) as servers:
        found = counts(servers.redis, sets_named(servers, options.names))
    if options.format == "json":
        print_json(found)
        return CLEAN
    for name, count in found.items():
        print(count if len(found) == 1 else f"{count}  {name}")
    return CLEAN


COMMAND = Command("Print how many members a segment has.", "decisor segments count vips", _configure, _run)
