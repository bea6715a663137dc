"""`decisor index rebuild`: builds a new index next to the live one and switches to it in one step."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from ..command import CLEAN, Command
from ..facts import add_program, runtime_of
from ..report import counted
from ..segments.names import print_json, record
from ..servers import Servers, alias_named, vault_for
from .opening import cluster, refusals

if TYPE_CHECKING:
    from psycopg import Connection

    from ...index.rebuild import Rebuilt
    from ...ir.types import Catalogue


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--afresh", action="store_true", help="start from the beginning instead of continuing an interrupted rebuild"
    )
    parser.add_argument("--despite-refused", action="store_true", help="switch even if the index refuses some profiles")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    catalogue = runtime_of(options).program.catalogue
    started = time.monotonic()
    with Servers.of(options) as servers:
        connection, client = record(servers), cluster(servers)
        _warn(connection, catalogue)
        with refusals():
            from ...index.rebuild import Rebuild

            rebuild = Rebuild(
                lambda: servers.another_postgres("decisor index"),
                client,
                catalogue,
                vault=vault_for(catalogue),
                alias=alias_named(),
                tell=lambda line: print(line, file=sys.stderr, flush=True),
            )
            found = rebuild.run(despite_refused=options.despite_refused, afresh=options.afresh)
    _print(found, options.format, time.monotonic() - started)
    return CLEAN


def _warn(connection: Connection, catalogue: Catalogue) -> None:
    """Warn when the workers still use another catalogue than the one that the index is built for."""
    from ...ir.canonical import digest
    from ...ir.codec import encode
    from ...segments.registry import catalogue_digest

    if catalogue_digest(connection) not in {None, digest(encode(catalogue))}:
        print(
            "decisor: the workers use another catalogue than this workspace; restart them with it, or the new index"
            " will not be updated after the switch",
            file=sys.stderr,
        )


def _print(found: Rebuilt, form: str, seconds: float) -> None:
    differences = found.differences
    if form == "json":
        values = {
            "live": found.live,
            "previous": found.previous,
            "removed": list(found.removed),
            "plain": list(found.plain),
            "profiles": differences.profiles,
            "compared": differences.sampled,
            "refused": len(differences.refused),
            "seconds": round(seconds, 3),
        }
        print_json(values)
        return
    refused = f", {len(differences.refused):,} refused (`decisor dead-letters list --code refused`)"
    profiles = counted(differences.profiles, "profile")
    print(
        f"{found.live} is live: {profiles}, {differences.sampled:,} of them compared by content"
        f"{refused if differences.refused else ''}; {seconds:.1f} s"
    )
    if found.previous is not None:
        print(f"{found.previous} is kept unchanged; erasures still apply to it")
    for name in found.removed:
        print(f"{name} was removed")
    if found.plain:
        print(
            "the previous index was not kept, as it held values in plain text that are now encrypted:"
            f" {', '.join(found.plain)}"
        )


COMMAND = Command(
    "Build a new index from PostgreSQL next to the live one while writes continue, compare, and switch the alias.",
    "decisor index rebuild",
    _configure,
    _run,
)
