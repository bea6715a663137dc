"""`decisor erase`: removes a customer everywhere, and proves it store by store."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..ir.printable import printable
from ..storage.partitions import partition_of
from .command import CLEAN, FINDINGS, CannotRunError, Command
from .customers import add_customer, customers_named
from .keys.opening import catalogue_of, refusals
from .servers import Servers, add_servers, vault_for

if TYPE_CHECKING:
    from ..erasure.erasure import Erasure, Report, Row
    from ..erasure.remains import Remainder


def _configure(parser: argparse.ArgumentParser) -> None:
    add_customer(parser, "the customer's id, which can never be used again", several=True)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="count the rows and erase nothing")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    customers = customers_named(options)
    with Servers.of(options) as servers, refusals():
        erasure = _erasure(servers)
        if options.dry_run:
            return max([_dry_run(erasure, each, options.format) for each in customers])
        if not options.yes:
            _ask(len(customers))
        reports: dict[str, Report] = {}
        try:
            for each in customers:
                reports[each] = erasure.erase(each, _now())
                if options.format == "text":
                    _print_report(reports[each])
            _finish(erasure, reports, options.format)
        finally:
            if options.format == "json":
                for each, report in reports.items():
                    _print_json(report, erasure.remains([each]) if report.done else [])
    if len(reports) > 1:
        done = sum(report.done for report in reports.values())
        print(f"{done:,} of {len(reports):,} customers are erased", file=sys.stderr)
    return CLEAN if all(report.done and not report.closed for report in reports.values()) else FINDINGS


def _finish(erasure: Erasure, reports: Mapping[str, Report], form: str) -> None:
    """Finish earlier erasures, make servers release deleted bytes, and print what remains elsewhere."""
    others = [other for other in erasure.pending() if other not in reports]
    open_ones = [other for other in others if not erasure.erase(other, _now()).done]
    gone = {each for each, report in reports.items() if report.done and report.found}
    touched = {partition_of(each) for each in gone | set(others).difference(open_ones)}
    refused = erasure.let_go(touched) if touched else []
    if form == "text" and gone:
        _print_remains(erasure.remains(gone))
    if others:
        done = len(others) - len(open_ones)
        print(
            f"of the erasures started earlier, {done:,} were completed and {len(open_ones):,} are still open",
            file=sys.stderr,
        )
    for message in refused:
        print(printable(message), file=sys.stderr)


def _dry_run(erasure: Erasure, customer: str, form: str) -> int:
    """Print what each store holds of a customer; the exit code."""
    rows = erasure.counts(customer)
    _print(rows, form)
    return FINDINGS if any(row.problem for row in rows) else CLEAN


def _now() -> int:
    return time.time_ns() // 1_000_000


def _erasure(servers: Servers) -> Erasure:
    from ..erasure.erasure import Erasure
    from ..erasure.place import Stores, UnreachablePlaceError
    from ..index.names import IndexRefusedError, alias_of
    from ..worker.publish import settle

    catalogue = catalogue_of(servers)
    vault = vault_for(catalogue)
    try:
        alias = alias_of(os.environ)
    except IndexRefusedError as problem:
        raise CannotRunError(str(problem)) from None
    refused: dict[str, str] = {}
    redis = _client("Redis", lambda: servers.redis, refused)
    elasticsearch = _client("Elasticsearch", lambda: servers.elasticsearch, refused)

    def publish(upto: Mapping[int, int]) -> Sequence[int]:
        if redis is None:
            raise UnreachablePlaceError("Redis is not available")
        return settle(servers.postgres, redis, upto, vault)

    stores = Stores(servers.postgres, redis, elasticsearch, vault, catalogue.key, alias, refused)
    return Erasure(stores, publish)


def _client(store: str, connect: Callable[[], Any], refused: dict[str, str]) -> Any:
    """The client, or None with the reason in `refused`: an unreachable store does not prevent an erasure."""
    try:
        return connect()
    except CannotRunError as problem:
        refused[store] = str(problem)
        return None


def _ask(count: int) -> None:
    """Ask for confirmation at the terminal. Raises CannotRunError unless it is given."""
    if not sys.stdin.isatty():
        raise CannotRunError("erasing cannot be undone: pass --yes, or run this at a terminal")
    subject = "this customer" if count == 1 else f"{count:,} customers"
    print(f"All data of {subject} will be erased from every store, and they can never come back. Erase? [y/N] ", end="")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CannotRunError("nothing was erased")


def _print_json(report: Report, stays: Sequence[Remainder]) -> None:
    rows = [asdict(row) for row in report.rows]
    values = {"done": report.done, "found": report.found, "places": rows, "problems": report.problems}
    print(json.dumps(values | {"stays": [asdict(each) for each in stays]}, ensure_ascii=False))


def _print_report(report: Report) -> None:
    _print(report.rows, "text")
    for problem in report.problems:
        print(printable(problem))
    if report.closed:
        print(_unreadable_text(report.closed))
    if not report.done:
        print("not done: once the problems above are fixed, a running worker or this command continues")
    elif not report.found:
        print("nothing was found for this customer; events with this id are rejected from now on")
    else:
        print("erased: nothing is left in any of these stores")


def _print_remains(stays: Sequence[Remainder]) -> None:
    print("what remains elsewhere, and until when:")
    for each in stays:
        count = "" if each.count is None else f" ({each.count:,})"
        sooner = "" if each.sooner is None else f". Sooner: {each.sooner}"
        print(printable(f"  {each.store}: {each.place}{count}: {each.until}{sooner}"))


def _unreadable_text(numbers: Sequence[int]) -> str:
    some = " ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")
    return (
        f"{len(numbers):,} of the dead letters cannot be decrypted with these keys ({some}), so it is unknown whether"
        " they name the customer: run this again with their keys, or remove them: `decisor dead-letters"
        f" discard {some}`"
    )


def _print(rows: list[Row], form: str) -> None:
    if form == "json":
        print(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
        return
    width = max(len(row.place) for row in rows)
    print(f"{'store':<13}  {'place':<{width}}  {'before':>8}  {'after':>6}")
    for row in rows:
        before, after = (
            ("?" if row.problem else "") if each is None else f"{each:,}" for each in (row.before, row.after)
        )
        problem = f"  {row.problem}" if row.problem else ""
        print(printable(f"{row.store:<13}  {row.place:<{width}}  {before:>8}  {after:>6}{problem}".rstrip()))


COMMAND = Command(
    "Remove a customer everywhere, prove it store by store, and stop late events from bringing them back.",
    "decisor erase --file ids.txt --yes",
    _configure,
    _run,
)
