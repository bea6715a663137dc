"""`decisor doctor`: reports which servers are reachable, what is wrong with them, and how to fix it."""

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
    from ..storage.doctor import Examination


def _configure(parser: argparse.ArgumentParser) -> None:
    add_servers(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def _run(options: argparse.Namespace) -> int:
    from ..storage.doctor import examine

    with Servers.of(options) as servers:
        examined = _examine_rest(servers, examine(servers.root, os.environ))
    problems = [problem for each in examined for problem in each.problems]
    if options.format == "json":
        print(json.dumps({"servers": [asdict(each) for each in examined], "problems": len(problems)}, indent=2))
    else:
        print("\n\n".join(_server_text(each) for each in examined))
        print(f"\n{counted(len(problems), 'problem')}" if problems else "\nno problems")
    return FINDINGS if problems else CLEAN


def _examine_rest(servers: Servers, examined: list[Examination]) -> list[Examination]:
    """The examined servers, completed with open work in PostgreSQL, problems of the index, and the keys.

    A workspace that does not compile is a problem of its own: without its catalogue, neither keys nor the index can be
    examined.
    """
    from ..readiness import examine_catalogue, examine_order, examine_record, is_ready
    from ..storage.doctor import Examination

    redis, postgres, elasticsearch = examined
    if is_ready(postgres):
        examine_record(servers, postgres)
        if redis.reachable:
            examine_order(servers, redis)
    if servers.root is None:
        return examined
    opened = open_workspace(servers.root)
    if opened.errors or opened.program is None:
        unsound = Examination("Workspace", str(opened.root))
        unsound.report(
            "it has errors, so keys and the index were not compared with its catalogue",
            "`decisor check` lists them; then run this again",
        )
        return [*examined, unsound]
    keys = examine_catalogue(servers, postgres, elasticsearch, opened.program.catalogue, os.environ)
    return [*examined, *([] if keys is None else [keys])]


def _server_text(each: Examination) -> str:
    lines = [f"{each.name}: {each.url} ({each.source})" if each.url else f"{each.name}: {each.source}"]
    lines += [f"  {name}: {value}" for name, value in each.facts.items()]
    for problem in each.problems:
        lines += [f"  problem: {problem.what}", f"    mend: {problem.mend}"]
    return "\n".join(lines)


COMMAND = Command(
    "Report which servers are reachable, their versions, what is wrong with them and how to fix it.",
    "decisor doctor",
    _configure,
    _run,
)
