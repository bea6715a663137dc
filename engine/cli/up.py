"""`decisor up`: servers for a workspace that has none, in the background."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, CannotRunError, Command
from .opening import add_workspace, workspace_root
from .report import counted, reason

if TYPE_CHECKING:
    from ..storage.locations import Locations

NAMES = {"postgres": "PostgreSQL", "redis": "Redis", "elasticsearch": "Elasticsearch"}


def line(name: str, what: str, where: str) -> str:
    """A line about one server."""
    return f"{NAMES[name]:<14} {what:<10} {where}"


def _configure(parser: argparse.ArgumentParser) -> None:
    add_workspace(parser)
    parser.add_argument(
        "--elasticsearch",
        action="store_true",
        help="start Elasticsearch too; it needs a JDK 21 or newer, and Maven to fetch it once",
    )


def _run(options: argparse.Namespace) -> int:
    from ..storage.embedded.account import ServerUnavailableError
    from ..storage.embedded.workspace import start
    from ..storage.locations import redacted, variables

    root = workspace_root(options.workspace)
    wanted = {"postgres", "redis"} | ({"elasticsearch"} if options.elasticsearch else set())
    for name, (variable, url) in variables(os.environ).items():
        print(line(name, "configured", f"{redacted(url)} ({variable})"), flush=True)
        wanted.discard(name)
    try:
        for outcome in start(root, wanted):
            print(line(outcome.name, outcome.what, outcome.server.url), flush=True)
    except ServerUnavailableError as problem:
        raise CannotRunError(str(problem)) from None
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename or root}` cannot be used: {reason(problem)}") from None
    print(f"{'migrations':<14} {_migrated(root)}")
    if options.elasticsearch and find_spec("elasticsearch") is None:
        print(line("elasticsearch", "unused yet", "its client is missing: pip install 'decisor[elasticsearch]'"))
    return CLEAN


def _migrated(root: Path) -> str:
    from ..storage.locations import ServerUnreachableError, locations_of
    from ..storage.migrate import MigrationError, migrate
    from ..storage.postgres import connect_postgres

    locations: Locations = locations_of(root, os.environ)
    try:
        with connect_postgres(locations.postgres or "", autocommit=True) as connection:
            applied = migrate(connection)
    except (ServerUnreachableError, MigrationError) as problem:
        raise CannotRunError(str(problem)) from None
    return f"{counted(len(applied), 'migration')} applied: {', '.join(applied)}" if applied else "all applied before"


COMMAND = Command(
    "Start the servers that the environment does not name, in the background, and migrate the database.",
    "decisor up",
    _configure,
    _run,
)
