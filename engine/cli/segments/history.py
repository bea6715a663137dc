"""`decisor segments history`: prints when a customer entered and left segments."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ...ir.printable import printable
from ..command import CLEAN, FINDINGS, Command
from ..customers import add_customer, customer_named
from ..servers import Servers, add_servers
from .names import known_segments, note, print_json, record, segment_name, unknown_customer


def _configure(parser: argparse.ArgumentParser) -> None:
    add_customer(parser, "the customer's key")
    parser.add_argument("--segment", metavar="NAME", help="only this segment")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.history import history, names_ever

    customer = customer_named(options)
    with Servers.of(options) as servers:
        connection = record(servers)
        wanted = options.segment
        if wanted is not None:
            wanted = segment_name(wanted, {*names_ever(connection), *(known_segments(servers) or ())})
        moves = history(connection, customer)
        unknown = not moves and unknown_customer(servers, customer)
    found = [each for each in moves if wanted in (None, each.segment)]
    for each in found:
        if options.format == "json":
            print_json(asdict(each))
        else:
            cause = f" {each.cause}" if each.cause else ""
            cause += f": {each.why}" if each.why else ""
            change = "entered" if each.entered else "left"
            print(printable(f"{each.at}  {change:<7}  {each.segment}  ({each.reason}{cause}; {each.digest[7:19]})"))
    if not found and not unknown and options.format == "text":
        note(f"never in {'a segment' if wanted is None else f'`{wanted}`'}")
    return FINDINGS if unknown else CLEAN


COMMAND = Command(
    "Print when a customer entered and left segments, why, and by which definition; exit code 1 for an"
    " unknown customer.",
    "decisor segments history c-1",
    _configure,
    _run,
)
