"""Names of segments on the command line: a misspelled one is told, with the nearest that there is."""

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
    """The names as they stand for sets; one without members must at least be a segment, where that can be known."""
    from ...segments.sets import counts

    names = [_bare(each) for each in given]
    sizes = counts(servers.redis, names)
    if not all(sizes.values()):
        run, written = _running(servers), _written(servers)
        for name in names:
            if not sizes[name] and (run is not None or written is not None):
                named(name, (run or set()) | (written or set()))
            if not sizes[name] and run is not None and name not in run:
                note(f"`{name}` does not run yet, so nobody is in it; `decisor segments rebuild {name}` fills it")
    return names


def segment_named(servers: Servers, given: str) -> str:
    """The name of a segment that runs or is declared in the workspace. Raises CannotRunError with the nearest name."""
    from ...segments.registry import read_segments

    run = set(read_segments(record(servers)))
    return named(given, run if _bare(given) in run else run | (_written(servers) or set()))


def declared(servers: Servers) -> set[str] | None:
    """The segments that run or are declared in the workspace; None where neither can be asked."""
    run, written = _running(servers), _written(servers)
    return None if run is None and written is None else (run or set()) | (written or set())


def _running(servers: Servers) -> set[str] | None:
    """The segments that PostgreSQL knows; None where it cannot be asked."""
    from ...segments.registry import read_segments
    from ...storage.migrate import pending

    if servers.locations.postgres is None or pending(servers.postgres):
        return None
    return set(read_segments(servers.postgres))


def _written(servers: Servers) -> set[str] | None:
    """The segments of the workspace; None without one that compiles."""
    from ..opening import open_workspace

    program = None if servers.root is None else open_workspace(servers.root).program
    return None if program is None else set(program.segments)


def record(servers: Servers) -> Connection:
    """PostgreSQL, which must have our tables. Raises CannotRunError."""
    from ...storage.migrate import MigrationError, pending

    try:
        missing = pending(servers.postgres)
    except MigrationError as problem:
        raise CannotRunError(str(problem)) from None
    if missing:
        raise CannotRunError("the database is not prepared yet: `decisor worker` does that when it starts")
    return servers.postgres


def named(given: str, known: Collection[str]) -> str:
    """The name that an argument means, `segment/vips` or `vips`. Raises CannotRunError with the nearest name."""
    from ..facts import name_among

    return name_among(known, "segment", given)


def unknown_customer(servers: Servers, customer: str) -> bool:
    """Whether PostgreSQL knows no such customer, which is told; False also where it cannot be asked."""
    from ...storage.migrate import MigrationError, pending

    try:
        if servers.locations.postgres is None or pending(servers.postgres):
            return False
    except (CannotRunError, MigrationError):
        return False
    from ...profiles.profile_store import is_known

    if is_known(servers.postgres, customer):
        return False
    note("no such customer is known: no event of theirs was ever taken in")
    return True


def print_json(data: Any) -> None:
    """One line of JSON."""
    print(json.dumps(data, ensure_ascii=False))


def instant_given(option: str, text: str) -> int:
    """Milliseconds of an instant on the command line. Raises CannotRunError."""
    from ...ir.instant import InstantError, parse_instant

    try:
        return parse_instant(text)
    except InstantError as problem:
        raise CannotRunError(f"{option}: expected {problem}") from None


def note(text: str) -> None:
    """A remark, on standard error."""
    print(text, file=sys.stderr)


def _bare(given: str) -> str:
    prefix, _, name = given.rpartition("/")
    if prefix not in {"", "segment"} or not name:
        raise CannotRunError(f"`{given}` is no name of a segment; expected `vips` or `segment/vips`")
    return name
