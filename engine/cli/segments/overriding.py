"""`decisor segments add` and `remove`, and the part that `restore` shares with them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..command import CLEAN, FINDINGS, CannotRunError, Command
from ..customers import add_customer, customer_named
from ..opening import add_now, instant_of
from ..servers import Servers, add_servers, vault_for
from .names import instant_given, print_json, record, segment_named

if TYPE_CHECKING:
    from ...worker.overrides import OverrideOutcome, Overrides

Act = Callable[["Overrides", str, str, argparse.Namespace, int], "OverrideOutcome"]


def _overriding(summary: str, example: str, *, included: bool) -> Command:
    """The command that adds customers, or keeps them out."""

    def act(
        overrides: Overrides, name: str, customer: str, options: argparse.Namespace, now_ms: int
    ) -> OverrideOutcome:
        from ...ir.instant import format_instant
        from ...segments.overrides import StoredOverride

        until = None if options.until is None else format_instant(instant_given("--until", options.until))
        put = StoredOverride(name, customer, included, options.reason, format_instant(now_ms), until)
        return overrides.put(put, now_ms)

    return Command(summary, example, _configure_putting, lambda options: run_change(options, act, override=included))


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the segment and the customer."""
    parser.add_argument("name", help="the segment")
    add_customer(parser, "the customer's key")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_now(parser)
    add_servers(parser)


def _configure_putting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, metavar="TEXT", help="the reason, which the history shows")
    parser.add_argument("--until", metavar="INSTANT", help="when the conditions decide again")
    configure(parser)


def run_change(options: argparse.Namespace, act: Act, *, override: bool | None) -> int:
    """Apply the change and print the membership; 1 if it is stored but Redis is not up to date."""
    from ...segments.registry import read_catalogue
    from ...storage import keys
    from ...worker.overrides import OverrideRefusedError, Overrides
    from ...worker.transaction import NoCatalogueError, Processor

    customer = customer_named(options)
    with Servers.of(options) as servers:
        connection = record(servers)
        name = segment_named(servers, options.name)
        catalogue = read_catalogue(connection)
        if catalogue is None:
            raise CannotRunError("no segment runs yet: `decisor worker` registers the workspace's segments")
        overrides = Overrides(Processor(connection, vault_for(catalogue)), servers.redis)
        try:
            done = act(overrides, name, customer, options, instant_of(options.now))
        except (OverrideRefusedError, NoCatalogueError) as problem:
            raise CannotRunError(str(problem)) from None
        member = bool(servers.redis.sismember(keys.members(name), customer))
    if options.format == "json":
        values = {"segment": name, "customer": customer, "override": override, "member": member}
        print_json(values | {"changed": done.moved, "followed": done.followed})
    elif done.followed:
        print(f"{'a member' if member else 'not a member'}{' now' if done.moved else ', as before'}")
    else:
        print(f"{'restored' if override is None else 'stored'}; Redis is not up to date yet, check the worker")
    return CLEAN if done.followed else FINDINGS


COMMANDS = {
    "add": _overriding(
        "Make a customer a member, whatever the conditions say; the override survives rebuilds.",
        "decisor segments add vips c-1 --reason 'friend of the house' --until 2026-12-31T00:00:00Z",
        included=True,
    ),
    "remove": _overriding(
        "Keep a customer out, whatever the conditions say; the override survives rebuilds.",
        "decisor segments remove vips c-1 --reason 'asked not to be one'",
        included=False,
    ),
}
