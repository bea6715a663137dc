"""`decisor up`: servers for a workspace that has none, in the background."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, CannotRunError, Command, reason
from .opening import add_workspace, workspace_root
from .report import counted

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
        action=argparse.BooleanOptionalAction,
        help="start Elasticsearch too, which needs a JDK 21 or newer, and Maven to fetch it once; or do without it from"
        " now on (default: as before)",
    )
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="take over the servers' data though this account has not made it on this machine, as after a restore: you"
        " trust whoever made it",
    )


def _run(options: argparse.Namespace) -> int:
    from ..storage.embedded.account import ServerUnavailableError
    from ..storage.embedded.workspace import start
    from ..storage.locations import redacted, variables

    root = workspace_root(options.workspace)
    _refuse_committed(root)
    wanted = {"postgres", "redis"} | ({"elasticsearch"} if _elasticsearch(root, options.elasticsearch) else set())
    for name, (variable, url) in variables(os.environ).items():
        print(line(name, "configured", f"{redacted(url)} ({variable})"), flush=True)
        wanted.discard(name)
    try:
        for outcome in start(root, wanted, adopt=options.adopt):
            again = outcome.name == "elasticsearch" and options.elasticsearch is None and outcome.what == "started"
            note = " (again; `decisor up --no-elasticsearch` does without it)" if again else ""
            print(line(outcome.name, outcome.what, f"{outcome.server.url}{note}"), flush=True)
            if outcome.before is not None:
                print(f"{'':<14} where it was, {outcome.before}, is taken: start running workers anew", flush=True)
    except ServerUnavailableError as problem:
        without = options.elasticsearch is None and "elasticsearch" in wanted
        hint = "\nwithout Elasticsearch: `decisor up --no-elasticsearch`" if without else ""
        raise CannotRunError(f"{problem}{hint}") from None
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename or root}` cannot be used: {reason(problem)}") from None
    for each in _migrated(root):
        print(each)
    if "elasticsearch" in wanted and find_spec("elasticsearch") is None:
        print(line("elasticsearch", "unused yet", "its client is missing: pip install 'decisor[elasticsearch]'"))
    return CLEAN


def _refuse_committed(root: Path) -> None:
    """Nothing, unless the repository has files where the servers' data lies: they say what a server runs.

    A mark that we have made does not tell, as git writes over files that it ignores.
    """
    from ..language.git import run_or_none
    from ..storage.embedded.state import FOLDER

    listed = (run_or_none(root, "ls-files", "-z") or b"").split(b"\0")
    if any(each.lower().split(b"/")[0] == FOLDER.encode() for each in listed):
        raise CannotRunError(
            f"the repository has files in `{root / FOLDER}`, where only servers of this machine keep theirs: `git rm -r"
            f" --cached {FOLDER}`, and look at who has committed them"
        )


def _elasticsearch(root: Path, wish: bool | None) -> bool:  # noqa: FBT001 - it is the option
    """Whether to start it: as the option says, otherwise where it was started before and not done without since."""
    from ..storage.embedded.state import remembered
    from ..storage.embedded.workspace import forget

    if wish is False:
        forget(root, "elasticsearch")
    return "elasticsearch" in remembered(root) if wish is None else wish


def _migrated(root: Path) -> Iterator[str]:
    """The database migrated, and told; and whether a search index follows it that no server is known for."""
    from ..index.cursors import has_followers
    from ..storage.locations import ServerUnreachableError, locations_of
    from ..storage.migrate import MigrationError, migrate
    from ..storage.postgres import connect_postgres

    locations: Locations = locations_of(root, os.environ)
    try:
        with connect_postgres(locations.postgres or "", autocommit=True) as connection:
            applied = migrate(connection)
            followed = has_followers(connection)
    except (ServerUnreachableError, MigrationError) as problem:
        raise CannotRunError(str(problem)) from None
    said = f"{counted(len(applied), 'migration')} applied: {', '.join(applied)}" if applied else "all applied before"
    yield f"{'migrations':<14} {said}"
    if locations.elasticsearch is None and followed:
        yield line(
            "elasticsearch",
            "none",
            "although an index follows this database and stays behind: `decisor up --elasticsearch` starts one, or"
            " DECISOR_ELASTICSEARCH_URL names one",
        )


COMMAND = Command(
    "Start the servers that the environment does not name, in the background, and migrate the database.",
    "decisor up",
    _configure,
    _run,
)
