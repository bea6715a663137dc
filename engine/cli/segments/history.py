"""`decisor segments history`: when a customer entered and left segments."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ..command import CLEAN, Command
from ..servers import Servers, add_servers
from .names import customer_named, note, print_json, record


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("customer", metavar="CUSTOMER", help="the customer's key")
    parser.add_argument("--segment", metavar="NAME", help="only this segment")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.history import history

    with Servers.of(options) as servers:
        found = history(record(servers), customer_named(options.customer))
    if options.segment is not None:
        wanted = options.segment.removeprefix("segment/")
        found = [each for each in found if each.segment == wanted]
    for each in found:
        if options.format == "json":
            print_json(asdict(each))
        else:
            cause = f" by event {each.cause}" if each.cause else ""
            cause += f": {each.why}" if each.why else ""
            change = "entered" if each.entered else "left"
            print(f"{each.at}  {change:<7}  {each.segment}  ({each.reason}{cause}; {each.digest[7:19]})")
    if not found and options.format == "text":
        note("never in a segment")
    return CLEAN


COMMAND = Command(
    "Print when a customer entered and left segments, why, and by which definition.",
    "decisor segments history c-1",
    _configure,
    _run,
)
