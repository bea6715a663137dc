"""`decisor up`: starts servers for a workspace in the background."""

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
        help="start Elasticsearch too, which needs JDK 21 or newer, and Maven to download it once; or do"
        " without it from"
        " now on (default: as before)",
    )
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="take over server data that this account did not create on this machine, for example after a restore; only"
        " do this if you trust its origin",
    )


def _run(options: argparse.Namespace) -> int:
    from ..storage.embedded.account import ServerUnavailableError
    from ..storage.embedded.workspace import start
    from ..storage.locations import redact, variables

    root = workspace_root(options.workspace)
    _refuse_committed(root)
    wanted = {"postgres", "redis"} | ({"elasticsearch"} if _elasticsearch(root, options.elasticsearch) else set())
    for name, (variable, url) in variables(os.environ).items():
        print(line(name, "configured", f"{redact(url)} ({variable})"), flush=True)
        wanted.discard(name)
    try:
        for outcome in start(root, wanted, adopt=options.adopt):
            again = outcome.name == "elasticsearch" and options.elasticsearch is None and outcome.what == "started"
            note = " (as before; `decisor up --no-elasticsearch` does without it)" if again else ""
            print(line(outcome.name, outcome.what, f"{outcome.server.url}{note}"), flush=True)
            if outcome.before is not None:
                print(f"{'':<14} its former address, {outcome.before}, is taken: restart running workers", flush=True)
    except ServerUnavailableError as problem:
        without = options.elasticsearch is None and "elasticsearch" in wanted
        hint = "\nwithout Elasticsearch: `decisor up --no-elasticsearch`" if without else ""
        raise CannotRunError(f"{problem}{hint}") from None
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename or root}` cannot be used: {reason(problem)}") from None
    for each in _migrate(root):
        print(each)
    if "elasticsearch" in wanted and find_spec("elasticsearch") is None:
        print(line("elasticsearch", "not used", "its client is missing: pip install 'decisor[elasticsearch]'"))
    return CLEAN


def _refuse_committed(root: Path) -> None:
    """Refuse a repository that has files in the folder of the servers' data, as they would decide what a server runs.

    A marker file of our own would prove nothing, as git overwrites files that it ignores.
    """
    from ..language.git import GitLimitError, run_or_none
    from ..storage.embedded.state import FOLDER

    try:
        listed = (run_or_none(root, "ls-files", "-z") or b"").split(b"\0")
    except GitLimitError as problem:
        raise CannotRunError(f"the files of the repository cannot be checked: {problem}") from None
    if any(each.lower().split(b"/")[0] == FOLDER.encode() for each in listed):
        raise CannotRunError(
            f"the repository has files in `{root / FOLDER}`, which is reserved for servers of this"
            " machine: run `git rm -r"
            f" --cached {FOLDER}`, and find out who committed them"
        )


def _elasticsearch(root: Path, wish: bool | None) -> bool:  # noqa: FBT001 - it is the option
    """Whether to start it: as the option says, otherwise if it was started before and not declined since."""
    from ..storage.embedded.state import remembered_servers
    from ..storage.embedded.workspace import forget

    if wish is False:
        forget(root, "elasticsearch")
    return "elasticsearch" in remembered_servers(root) if wish is None else wish


def _migrate(root: Path) -> Iterator[str]:
    """Migrate the database; lines about it, and a warning if a search index follows it but no server is known."""
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
    text = f"{counted(len(applied), 'migration')} applied: {', '.join(applied)}" if applied else "none to apply"
    yield f"{'migrations':<14} {text}"
    if locations.elasticsearch is None and followed:
        yield line(
            "elasticsearch",
            "none",
            "but an index follows this database and falls behind: start one with `decisor up --elasticsearch`, or"
            " name one with DECISOR_ELASTICSEARCH_URL",
        )


COMMAND = Command(
    "Start the servers that the environment does not name, in the background, and migrate the database.",
    "decisor up",
    _configure,
    _run,
)
