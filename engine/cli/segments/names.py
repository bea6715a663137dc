"""Resolves names of segments on the command line, and suggests the nearest name for a misspelled one."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ..command import CannotRunError
from ..servers import Servers

if TYPE_CHECKING:
    from psycopg import Connection


def sets_named(servers: Servers, given: Sequence[str]) -> list[str]:
    """The names of the sets; a set without members must at least belong to a known segment, if that can be checked."""
    from ...segments.sets import counts

    names = [_bare(each) for each in given]
    sizes = counts(servers.redis, names)
    if not all(sizes.values()):
        run, in_workspace = _running(servers), _in_workspace(servers)
        for name in names:
            if not sizes[name] and (run is not None or in_workspace is not None):
                segment_name(name, (run or set()) | (in_workspace or set()))
            if not sizes[name] and run is not None and name not in run:
                note(f"`{name}` does not run yet, so it has no members; `decisor segments rebuild {name}` fills it")
    return names


def segment_named(servers: Servers, given: str) -> str:
    """The name of a segment that runs or is declared. Raises CannotRunError, which suggests the nearest name."""
    from ...segments.registry import read_segments

    run = set(read_segments(record(servers)))
    return segment_name(given, run if _bare(given) in run else run | (_in_workspace(servers) or set()))


def known_segments(servers: Servers) -> set[str] | None:
    """The segments that run or are declared in the workspace; None if neither is available."""
    run, in_workspace = _running(servers), _in_workspace(servers)
    return None if run is None and in_workspace is None else (run or set()) | (in_workspace or set())


def _running(servers: Servers) -> set[str] | None:
    """The segments that PostgreSQL knows; None if it is not available or not migrated."""
    from ...segments.registry import read_segments
    from ...storage.migrate import pending

    if servers.locations.postgres is None or pending(servers.postgres):
        return None
    return set(read_segments(servers.postgres))


def _in_workspace(servers: Servers) -> set[str] | None:
    """The segments of the workspace; None without a workspace that compiles."""
    from ..opening import open_workspace

    program = None if servers.root is None else open_workspace(servers.root).program
    return None if program is None else set(program.segments)


def record(servers: Servers) -> Connection:
    """The connection to PostgreSQL. Raises CannotRunError if migrations are missing."""
    from ...storage.migrate import MigrationError, pending

    try:
        missing = pending(servers.postgres)
    except MigrationError as problem:
        raise CannotRunError(str(problem)) from None
    if missing:
        raise CannotRunError("the database is not prepared yet: `decisor worker` prepares it when it starts")
    return servers.postgres


def segment_name(given: str, known: Collection[str]) -> str:
    """The name that `segment/vips` or `vips` means. Raises CannotRunError, which suggests the nearest name."""
    from ..facts import name_among

    return name_among(known, "segment", given)


def unknown_customer(servers: Servers, customer: str) -> bool:
    """Whether PostgreSQL does not know the customer, which is printed; False also if it is not available."""
    from ...storage.migrate import MigrationError, pending

    try:
        if servers.locations.postgres is None or pending(servers.postgres):
            return False
    except (CannotRunError, MigrationError):
        return False
    from ...profiles.profile_store import is_known

    if is_known(servers.postgres, customer):
        return False
    note("this customer is not stored: they have sent no event so far, or were erased")
    return True


def print_json(data: Any) -> None:
    """One line of JSON."""
    print(json.dumps(data, ensure_ascii=False))


def instant_given(option: str, text: str) -> int:
    """An instant on the command line, in milliseconds. Raises CannotRunError."""
    from ...ir.instant import InstantError, parse_instant

    try:
        return parse_instant(text)
    except InstantError as problem:
        raise CannotRunError(f"{option}: expected {problem}") from None


def note(text: str) -> None:
    """Print a remark on standard error."""
    print(text, file=sys.stderr)


def _bare(given: str) -> str:
    prefix, _, name = given.rpartition("/")
    if prefix not in {"", "segment"} or not name:
        raise CannotRunError(f"`{given}` is not a name of a segment; expected `vips` or `segment/vips`")
    return name
