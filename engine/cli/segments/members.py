"""`decisor segments members`: prints the members of a segment."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..servers import Servers, add_servers
from ..streams import while_read
from .names import note, print_json, sets_named


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the segment")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="at most this many, followed by the cursor of the next page"
    )
    parser.add_argument("--cursor", metavar="CURSOR", help="continue where an earlier page ended")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...segments.paging import cursor_of, read_page
    from ...segments.sets import PAGE, members

    if options.limit is not None and options.limit < 1:
        raise CannotRunError("--limit: expected at least 1")
    with Servers.of(options) as servers:
        (name,) = sets_named(servers, [options.name])
        if options.limit is None and options.cursor is None:
            _print(members(servers.redis, name), options.format)
            return CLEAN
        try:
            begun = cursor_of(options.cursor or "0")
        except ValueError as problem:
            raise CannotRunError(f"--cursor: {problem}") from None
        following, found = read_page(servers.redis, name, begun, options.limit or PAGE)
        cursor = None if following is None else str(following)
    if options.format == "json":
        print_json({"segment": name, "members": found, "cursor": cursor})
        return CLEAN
    _print(found, "text")
    note(f"next: --cursor {cursor}" if cursor else "no further members")
    return CLEAN


def _print(found: Iterable[str], form: str) -> None:
    for each in while_read(found):
        if form == "json":
            print_json(each)
        else:
            print(printable(each))


COMMAND = Command(
    "Print the members of a segment, one per line, in no order, as they are read.",
    "decisor segments members vips --limit 1000",
    _configure,
    _run,
)
