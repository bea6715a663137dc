"""`decisor doctor`: what of the servers is reachable, what is wrong with them, and how to mend it."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from .command import CLEAN, FINDINGS, Command
from .opening import open_workspace
from .report import counted
from .servers import Servers, add_servers

if TYPE_CHECKING:
    from ..storage.doctor import Examined


def _configure(parser: argparse.ArgumentParser) -> None:
    add_servers(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def _run(options: argparse.Namespace) -> int:
    from ..storage.doctor import examine

    with Servers.of(options) as servers:
        examined = _examined(servers, examine(servers.root, os.environ))
    problems = [problem for each in examined for problem in each.problems]
    if options.format == "json":
        print(json.dumps({"servers": [asdict(each) for each in examined], "problems": len(problems)}, indent=2))
    else:
        print("\n\n".join(_told(each) for each in examined))
        print(f"\n{counted(len(problems), 'problem')}" if problems else "\nall is well")
    return FINDINGS if problems else CLEAN


def _examined(servers: Servers, examined: list[Examined]) -> list[Examined]:
    """What was examined, with what is open in PostgreSQL, the index's problems among Elasticsearch's, and the keys.

    A workspace that does not compile is a problem of its own: without its catalogue neither keys nor the index are
    looked at.
    """
    from ..readiness import examine_catalogue, examine_record, is_ready
    from ..storage.doctor import Examined

    _, postgres, elasticsearch = examined
    if is_ready(postgres):
        examine_record(servers, postgres)
    if servers.root is None:
        return examined
    opened = open_workspace(servers.root)
    if opened.errors or opened.program is None:
        unsound = Examined("Workspace", str(opened.root))
        unsound.wrong(
            "it has errors, so keys and the index were not compared with its catalogue",
            "`decisor check` tells them; then look again",
        )
        return [*examined, unsound]
    keys = examine_catalogue(servers, postgres, elasticsearch, opened.program.catalogue, os.environ)
    return [*examined, *([] if keys is None else [keys])]


def _told(each: Examined) -> str:
    lines = [f"{each.name}: {each.url} ({each.source})" if each.url else f"{each.name}: {each.source}"]
    lines += [f"  {name}: {value}" for name, value in each.facts.items()]
    for problem in each.problems:
        lines += [f"  problem: {problem.what}", f"    mend: {problem.mend}"]
    return "\n".join(lines)


COMMAND = Command(
    "Say which servers are reachable, of which version, what is wrong with them and how to mend it.",
    "decisor doctor",
    _configure,
    _run,
)
