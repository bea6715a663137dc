"""`decisor dead-letters list`: lists the events that could not be processed, and why."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING

from ...ir.printable import printable
from ...profiles.letter_codes import LETTER_CODES
from ..command import CLEAN, Command
from ..servers import Servers, add_servers
from .keys import vault_at_hand

if TYPE_CHECKING:
    from ...profiles.dead_letters import DeadLetter


HEADING = f"{'number':>6}  {'received at':<24}  {'code':<7}  {'customer':<12}  {'type':<12}  {'event id':<12}  reason"


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--code", choices=tuple(LETTER_CODES), help="only those with this code")
    parser.add_argument("--all", action="store_true", help="replayed ones too")
    parser.add_argument("--limit", type=_count, default=100, metavar="N", help="at most this many (default: 100)")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...profiles.dead_letters import dead_letters

    with Servers.of(options) as servers:
        letters = dead_letters(servers.postgres, code=options.code, replayed=options.all, vault=vault_at_hand(servers))
        found = list(islice(letters, options.limit))
    if found and options.format == "text":
        print(HEADING)
    for each in found:
        if options.format == "json":
            print(json.dumps(asdict(each), ensure_ascii=False))
        else:
            print(line_of(each))
    if not found and options.format == "text":
        print("no dead letters")
    return CLEAN


def line_of(each: DeadLetter) -> str:
    """A dead letter on one line."""
    replayed = f" (replayed {each.replayed_at})" if each.replayed_at else ""
    names = f"{each.customer or '-':<12}  {each.type or '-':<12}  {each.event or '-':<12}"
    return printable(f"{each.id:>6}  {each.received_at}  {each.code:<7}  {names}  {each.reason}{replayed}")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected a number of at least 1")
    return number


COMMAND = Command(
    "List the events that could not be processed: customer, type, id and the reason, never the content.",
    "decisor dead-letters list --code broken",
    _configure,
    _run,
)
