"""`decisor segments at`: prints the members of a segment at an instant."""

from __future__ import annotations

import argparse

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..opening import instant_of
from ..servers import Servers, add_servers
from ..streams import while_read
from .names import instant_given, known_segments, print_json, record, segment_name


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("instant", metavar="INSTANT", help="such as 2026-03-01T09:30:00Z")
    parser.add_argument("name", help="the segment")
    parser.add_argument("--now", metavar="INSTANT", help="the present (default: the clock)")
    parser.add_argument("--count", action="store_true", help="print the number of customers instead")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.history import count_at, members_at, names_ever

    at_ms = instant_given("INSTANT", options.instant)
    if at_ms > instant_of(options.now):
        raise CannotRunError(f"INSTANT: {options.instant} lies in the future; membership is known only up to now")
    with Servers.of(options) as servers:
        connection = record(servers)
        ever = names_ever(connection)
        bare = options.name.removeprefix("segment/")
        name = segment_name(options.name, ever if bare in ever else {*ever, *(known_segments(servers) or ())})
        if options.count:
            count = count_at(connection, name, at_ms)
            print_json({"segment": name, "count": count}) if options.format == "json" else print(count)
            return CLEAN
        for each in while_read(members_at(connection, name, at_ms)):
            print_json(each) if options.format == "json" else print(printable(each))
    return CLEAN


COMMAND = Command(
    "Print the customers who were members of a segment at an instant, in the order of their keys.",
    "decisor segments at 2026-03-01T00:00:00Z vips --count",
    _configure,
    _run,
)
