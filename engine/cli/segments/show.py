"""`decisor segments show`: prints the segments of a customer."""

from __future__ import annotations

import argparse

from ...ir.printable import printable
from ..command import CLEAN, FINDINGS, Command
from ..customers import add_customer, customer_named
from ..servers import Servers, add_servers
from .names import print_json, unknown_customer


def _configure(parser: argparse.ArgumentParser) -> None:
    add_customer(parser, "the customer's key")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.sets import segments_of

    customer = customer_named(options)
    with Servers.of(options) as servers:
        found = segments_of(servers.redis, customer)
        unknown = not found and unknown_customer(servers, customer)
    if options.format == "json":
        print_json(found)
    elif found:
        print("\n".join(map(printable, found)))
    return FINDINGS if unknown else CLEAN


COMMAND = Command(
    "Print the segments of a customer according to Redis; exit code 1 if PostgreSQL does not know the customer.",
    "decisor segments show c-1",
    _configure,
    _run,
)
