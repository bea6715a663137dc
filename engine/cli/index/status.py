"""`decisor index status`: shows which index is live, and how far behind it is."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..command import CLEAN, FINDINGS, Command
from ..facts import add_program, runtime_of
from ..report import counted
from ..segments.names import print_json, record
from ..servers import Servers, alias_named
from .opening import cluster, refusals

if TYPE_CHECKING:
    from ...index.status import IndexStatus


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    catalogue = runtime_of(options).program.catalogue
    with Servers.of(options) as servers:
        connection, client, alias = record(servers), cluster(servers), alias_named()
        with refusals():
            from ...index.status import index_statuses, refused_count

            found = index_statuses(connection, client, catalogue, alias)
            refused = refused_count(connection)
    for each in found:
        if options.format == "json":
            print_json(asdict(each))
        else:
            print("\n".join(_index_text(each)))
    if options.format == "text":
        if refused:
            print(f"{counted(refused, 'refused profile')}; `decisor dead-letters list --code refused` says why")
        if not any(each.role == "live" for each in found):
            print(f"no index is live under `{alias}`: `decisor worker` or `decisor index rebuild` creates one")
    sound = any(each.role == "live" and each.fits and each.known for each in found)
    return CLEAN if sound else FINDINGS


def _index_text(each: IndexStatus) -> list[str]:
    parts = [each.role, counted(each.documents, "document")]
    if each.role != "previous":
        behind = sum(each.behind.values())
        parts.append(f"{counted(behind, 'change')} behind" if behind else "up to date")
    lines = [f"{each.name}: {', '.join(parts)}"]
    if each.behind and each.role != "previous":
        most = sorted(each.behind.items())
        lines.append(f"  behind by partition: {', '.join(f'{number}: {count:,}' for number, count in most)}")
    if each.filling and each.role != "previous":
        lines.append(f"  partitions still to fill: {', '.join(map(str, each.filling))}")
    if each.role == "live" and not each.fits:
        lines.append(
            f"  its mapping {each.mapping_hash} is not the workspace's: `decisor index rebuild` builds a matching index"
        )
    if each.role == "live" and not each.known:
        lines.append("  this database does not know its progress: `decisor index rebuild` builds another index")
    if each.plain:
        fields = ", ".join(each.plain)
        lines.append(
            f"  it holds fields in plain text that the workspace encrypts ({fields}): `decisor index"
            " rebuild` removes it"
        )
    return lines


COMMAND = Command(
    "Print every index of profiles: which one is live, whether it matches the workspace, how far behind it is.",
    "decisor index status",
    _configure,
    _run,
)
