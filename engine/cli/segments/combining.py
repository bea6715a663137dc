"""`decisor segments intersect`, `union` and `difference`: print, count or store combinations of segments."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..servers import Servers, add_servers
from ..streams import while_read
from .names import known_segments, print_json, sets_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...segments.algebra import Operation, Page

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _combination(operation: Operation, summary: str, example: str) -> Command:
    """The command for one operation."""
    return Command(summary, f"decisor segments {operation} {example}", _configure, lambda each: _run(operation, each))


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="the segments, two or more")
    parser.add_argument("--count", action="store_true", help="print the number of customers instead")
    parser.add_argument("--store", metavar="TARGET", help="store them as the set segment:TARGET, replaced in one step")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(operation: Operation, options: argparse.Namespace) -> int:
    from ...segments.algebra import combine, count

    if len(options.names) < 2:
        raise CannotRunError(
            f"{operation}: expected two segments or more, found one; `decisor segments members` prints"
            " the members of one"
        )
    if options.count and options.store is not None:
        raise CannotRunError("--count and --store: expected one of them; --store prints the count too")
    with Servers.of(options) as servers:
        names = sets_named(servers, options.names)
        if options.store is not None:
            _check_target(options.store, servers)
        pages = combine(servers.redis, operation, names)
        if options.store is not None:
            _print_count(_store(servers, pages, options.store), options.format)
        elif options.count:
            _print_count(count(pages), options.format)
        else:
            for found in while_read(pages):
                for each in while_read(found):
                    print_json(each.decode()) if options.format == "json" else print(printable(each.decode()))
    return CLEAN


def _store(servers: Servers, pages: Iterator[Page], target: str) -> int:
    """Store the set and return its size. Raises CannotRunError if others are filling it, or Redis has lost it."""
    from ...segments.algebra import LostSetError, store
    from ...segments.claim import SegmentBusyError, hold_claim

    try:
        with hold_claim(servers.redis, target) as claim:
            return store(servers.redis, claim.during(pages), target, claim=claim)
    except (SegmentBusyError, LostSetError) as problem:
        raise CannotRunError(str(problem)) from None


def _check_target(target: str, servers: Servers) -> None:
    if not _NAME.fullmatch(target):
        raise CannotRunError(
            f"--store: `{target}` is not a name; expected a letter, then letters, digits and _, such as `vips`"
        )
    if target in (known_segments(servers) or ()):
        raise CannotRunError(f"--store: `{target}` is a segment with conditions of its own; choose another name")


def _print_count(found: int, form: str) -> None:
    if form == "json":
        print_json({"count": found})
    else:
        print(found)


COMMANDS = {
    "intersect": _combination(
        "intersect",
        "Print the customers who are in all of the given segments, in no order.",
        "vips actives --count",
    ),
    "union": _combination(
        "union",
        "Print the customers who are in any of the given segments, each once, in no order.",
        "vips actives --store reachable",
    ),
    "difference": _combination(
        "difference",
        "Print the customers who are in the first segment and in none of the others, in no order.",
        "vips actives --count",
    ),
}
