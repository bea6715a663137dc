"""`decisor segments at`: who was a member at an instant."""

from __future__ import annotations

import argparse

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..opening import instant_of
from ..servers import Servers, add_servers
from ..streams import while_read
from .names import declared, instant_given, named, print_json, record


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instant", metavar="INSTANT", help="as 2026-03-01T09:30:00Z")
    parser.add_argument("name", help="the segment")
    parser.add_argument("--now", metavar="INSTANT", help="the present, where it is not the clock's")
    parser.add_argument("--count", action="store_true", help="print how many, not who")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.history import count_at, members_at, names_ever

    at_ms = instant_given("INSTANT", options.instant)
    if at_ms > instant_of(options.now):
        raise CannotRunError(f"INSTANT: {options.instant} has not come yet, and nobody knows who will be a member then")
    with Servers.of(options) as servers:
        connection = record(servers)
        ever = names_ever(connection)
        bare = options.name.removeprefix("segment/")
        name = named(options.name, ever if bare in ever else {*ever, *(declared(servers) or ())})
        if options.count:
            count = count_at(connection, name, at_ms)
            print_json({"segment": name, "count": count}) if options.format == "json" else print(count)
            return CLEAN
        for each in while_read(members_at(connection, name, at_ms)):
            print_json(each) if options.format == "json" else print(printable(each))
    return CLEAN


COMMAND = Command(
    "Print who was a member of a segment at an instant, in the order of their keys.",
    "decisor segments at 2026-03-01T00:00:00Z vips --count",
    _configure,
    _run,
)
