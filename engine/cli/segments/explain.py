"""`decisor segments explain`: explains why a customer is or is not in a segment."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..customers import add_customer, customer_named
from ..opening import add_now, instant_of
from ..servers import Servers, add_servers, vault_for
from .names import print_json, record, segment_named


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the segment")
    add_customer(parser, "the customer's key")
    parser.add_argument(
        "--reveal",
        action="store_true",
        help="also show personal and encrypted values, the constants they are compared with, and flips",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_now(parser)
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.explaining import UnexplainedError, explain_membership
    from ...segments.registry import read_catalogue, read_registry

    customer = customer_named(options)
    with Servers.of(options) as servers:
        connection = record(servers)
        question = (segment_named(servers, options.name), customer, instant_of(options.now))
        catalogue = read_catalogue(connection)
        if catalogue is None:
            raise CannotRunError("no segment runs yet: `decisor worker` registers the workspace's segments")
        vault = vault_for(catalogue)
        try:
            found = explain_membership(
                connection, vault, read_registry(connection, vault), question, reveal=options.reveal
            )
        except UnexplainedError as problem:
            raise CannotRunError(str(problem)) from None
    if options.format == "json":
        print_json(found)
    else:
        print("\n".join(map(printable, _explanation_text(found))))
    return CLEAN


def _explanation_text(found: Mapping[str, Any]) -> Iterator[str]:
    from ...runtime.explain import lines

    yield f"{found['segment']}, {found['at']}: the conditions {'hold' if found['holds'] else 'do not hold'}"
    yield from lines(found["conditions"], "  ")
    override = found["override"]
    if override is not None:
        action = "put in" if override["included"] else "kept out"
        until = f", until {override['expires_at']}" if override["expires_at"] else ""
        ended = ", which has ended" if override["ended"] else ""
        yield f"override: {action} since {override['created_at']}{until}{ended}: {override['reason']}"
    since = found["since"]
    if "since_withheld" in found:
        yield f"stored: {'a member' if found['member'] else 'not a member'}; since when is withheld"
    elif since is None:
        yield "stored: never a member"
    else:
        yield f"stored: {'a member' if found['member'] else 'not a member'} since {since['at']} ({since['reason']})"
    if found["member"] != found["wanted"]:
        yield "the stored membership is out of date: is a worker running?"


COMMAND = Command(
    "Explain why a customer is or is not in a segment: each condition, the values it saw, and when time will flip it.",
    "decisor segments explain vips c-1",
    _configure,
    _run,
)
