"""`decisor segments reconcile`: runs one full round of the audit, and prints and repairs differences."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..command import CLEAN, FINDINGS, CannotRunError, Command
from ..opening import add_now, instant_of
from ..report import counted
from ..servers import Servers, add_servers, alias_named, vault_for

if TYPE_CHECKING:
    from ...rebuilds.audit import Divergence

_KINDS = {
    "verdicts": "profiles or memberships that contradict events or conditions",
    "sets": "extra or missing members of a segment's set",
    "reverse": "extra or missing segments in a customer's set",
    "copies": "serving copies that were missing or had another version",
    "strangers": "members unknown to PostgreSQL",
    "index": "documents of the search index that were missing or differed",
}


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_now(parser)
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...index.audit import IndexAudit
    from ...rebuilds.audit import BusyError, reconcile
    from ...segments.registry import read_catalogue
    from ...worker.transaction import NoCatalogueError

    with Servers.of(options) as servers:
        catalogue = read_catalogue(servers.postgres)
        if catalogue is None:
            raise CannotRunError("no segment runs yet: `decisor worker` registers the workspace's segments")
        try:
            vault = vault_for(catalogue)
            index = None
            if servers.elasticsearch is not None:
                index = IndexAudit(servers.elasticsearch, catalogue, vault, alias_named())
            found = reconcile(servers.postgres, servers.redis, vault, instant_of(options.now), index)
        except (NoCatalogueError, BusyError) as problem:
            raise CannotRunError(str(problem)) from None
    print(
        json.dumps({**asdict(found), "differences": found.differences})
        if options.format == "json"
        else _divergence_text(found)
    )
    return FINDINGS if found.differences else CLEAN


def _divergence_text(found: Divergence) -> str:
    counts = ((found.customers, "customer"), (found.comparisons, "comparison"), (found.differences, "difference"))
    lines = [", ".join(counted(count, noun) for count, noun in counts)]
    for name, words in _KINDS.items():
        count = getattr(found, name)
        if count:
            lines.append(f"  {words}: {count:,}, repaired")
    return "\n".join(lines)


COMMAND = Command(
    "Compare conditions, PostgreSQL, Redis and the index for every customer, and repair what differs.",
    "decisor segments reconcile",
    _configure,
    _run,
)
