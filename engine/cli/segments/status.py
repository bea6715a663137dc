"""`decisor segments status`: prints the segments that run, their size and freshness."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from ..command import CLEAN, Command
from ..opening import open_workspace
from ..report import counted
from ..servers import Servers, add_servers
from .names import note, print_json, record

if TYPE_CHECKING:
    from ...segments.history import Status
    from ...segments.registry import Definition


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...rebuilds.lease import notes
    from ...segments.history import status
    from ..opening import instant_of

    with Servers.of(options) as servers:
        connection = record(servers)
        wanted = _workspace_definitions(servers)
        found = status(connection, servers.redis, instant_of(None), wanted)
        rebuilding = notes(connection)
    for each in found:
        if options.format == "json":
            print_json(asdict(each) | {"rebuild": asdict(rebuilding[each.name]) if each.name in rebuilding else None})
        else:
            print(_status_text(each, gone=wanted is not None and each.name not in wanted))
            if each.name in rebuilding:
                print(f"  being rebuilt by {rebuilding[each.name].by} since {rebuilding[each.name].since}")
    if not found and options.format == "text":
        note("no segment runs")
    return CLEAN


def _workspace_definitions(servers: Servers) -> dict[str, Definition] | None:
    """The workspace's definitions; None without a workspace that compiles."""
    from ...segments.registry import definition_of

    if servers.root is None:
        return None
    opened = open_workspace(servers.root)
    if opened.errors or opened.program is None:
        note("the workspace has errors (`decisor check`), so running segments are not compared with it")
        return None
    return {name: definition_of(opened.program, name) for name in opened.program.segments}


def _status_text(each: Status, *, gone: bool) -> str:
    if each.state == "absent":
        return f"{each.name}: does not run; `decisor segments rebuild {each.name}` fills it"
    parts = [counted(each.members, "member"), each.state, f"generation {each.generation}"]
    if each.digest is not None:
        parts.append(each.digest[7:19])
    if each.filled_at is not None:
        parts.append(f"filled {each.filled_at}")
    if each.overrides:
        parts.append(counted(each.overrides, "override"))
    if each.waiting:
        parts.append(f"{counted(each.waiting, 'transition')} pending")
    if gone:
        parts.append("no longer in the workspace; `decisor segments rebuild --retire` ends it")
    elif each.differs:
        parts.append("differs from the workspace")
    return f"{each.name}: {', '.join(parts)}"


COMMAND = Command(
    "Print every segment that runs: size, definition, generation, and whether it differs from the workspace.",
    "decisor segments status",
    _configure,
    _run,
)
