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
        known = declared(servers)
        for name in names:
            if known is not None and not sizes[name]:
                named(name, known)
    return names


def declared(servers: Servers) -> set[str] | None:
    """The segments that run or are declared in the workspace; None where neither can be asked."""
    found: set[str] | None = None
    if servers.locations.postgres is not None:
        from ...storage.migrate import pending

        if not pending(servers.postgres):
            found = set(running(servers.postgres))
    if servers.root is not None:
        from ..opening import open_workspace

        program = open_workspace(servers.root).program
        if program is not None:
            found = {*(found or ()), *program.segments}
    return found


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


def running(connection: Connection) -> list[str]:
    """The names of the segments that PostgreSQL knows, sorted."""
    return [row[0] for row in connection.execute("SELECT name FROM segment ORDER BY name")]


def named(given: str, known: Collection[str]) -> str:
    """The name that an argument means, `segment/vips` or `vips`. Raises CannotRunError with the nearest name."""
    from ..facts import name_among

    return name_among(known, "segment", given)


def customer_named(given: str) -> str:
    """The customer's key as it is kept: NFC. Raises CannotRunError for what can be no key."""
    import unicodedata

    key = unicodedata.normalize("NFC", given)
    if not 1 <= len(key.encode("utf-8", "surrogatepass")) <= 512 or any("\ud800" <= each <= "\udfff" for each in key):
        raise CannotRunError("the customer: expected a key of 1 to 512 bytes of UTF-8")
    return key


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
