"""`decisor segments preview`: says how big segments of the workspace would be, before they are published."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from ...ir.printable import printable
from ..command import CLEAN, CannotRunError, Command
from ..facts import add_program, runtime_of
from ..opening import add_now, instant_of
from ..report import counted
from ..servers import Servers, vault_for
from .names import print_json, record, segment_name
from .sizes import share_text

if TYPE_CHECKING:
    from ...rebuilds.preview import Preview


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="the segment, as the workspace defines it")
    parser.add_argument("--sample", type=int, default=10, metavar="N", help="show this many members (default: 10)")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ...rebuilds.preview import preview
    from ...segments.registry import definition_of, read_catalogue

    if not 0 <= options.sample <= 1_000:
        raise CannotRunError("--sample: expected a number from 0 to 1000")
    program = runtime_of(options).program
    names = dict.fromkeys(segment_name(each, program.segments) for each in options.names)
    definitions = {name: definition_of(program, name) for name in names}
    with Servers.of(options) as servers:
        connection = record(servers)
        stored = read_catalogue(connection)
        if stored is None:
            raise CannotRunError("no customer is stored yet: `decisor ingest` and `decisor worker` store them")
        vault, now_ms = vault_for(stored), instant_of(options.now)
        found, customers = preview(connection, vault, program.catalogue, definitions, now_ms, sample=options.sample)
    for each in found:
        if options.format == "json":
            print_json(asdict(each) | {"customers": customers})
        else:
            _print(each, customers)
    return CLEAN


def _print(each: Preview, customers: int) -> None:
    share = share_text(each.members, customers)
    print(f"{each.name}: {counted(each.members, 'member')} of {customers:,} customers ({share})")
    print(f"  {each.entering:,} would enter, {each.leaving:,} would leave")
    for customer in each.sample:
        print(f"  {printable(customer)}")
    if len(each.sample) < each.members and each.sample:
        print(f"  … and {each.members - len(each.sample):,} more")


COMMAND = Command(
    "Say how big segments would be over the stored customers, and who would enter and leave; changes nothing.",
    "decisor segments preview vips --sample 20",
    _configure,
    _run,
)
