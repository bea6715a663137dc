"""Facts: small values stored by name in PostgreSQL, such as which keys are in use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

_READ = "SELECT value FROM fact WHERE name = %s"
_PUT = "INSERT INTO fact (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_OF_VERSION = (
    "INSERT INTO fact (name, value) SELECT %s, %s FROM registry WHERE version = %s"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_NEXT = (
    "INSERT INTO fact (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE"
    " SET value = (greatest(fact.value::bigint, excluded.value::bigint - 1) + 1)::text RETURNING value"
)
_FORGET_SAME = (
    "DELETE FROM fact USING unnest(%s::text[], %s::text[]) AS known (name, value)"
    " WHERE fact.name = known.name AND fact.value = known.value"
)


def ask_fact(connection: Connection, name: str) -> Cursor[Any]:
    """Request a fact; in a pipeline the answer, a row or none, arrives with those of the statements that follow."""
    return connection.execute(_READ, (name,))


def read_fact(connection: Connection, name: str) -> str | None:
    """The fact's value, or None."""
    row = ask_fact(connection, name).fetchone()
    return None if row is None else str(row[0])


def read_locked_fact(connection: Connection, name: str, *, shared: bool = False) -> str | None:
    """The fact's value, locked until the transaction ends; with `shared`, others may hold the lock as well."""
    row = connection.execute(f"{_READ} FOR {'SHARE' if shared else 'UPDATE'}".encode(), (name,)).fetchone()
    return None if row is None else str(row[0])


def read_facts(connection: Connection, prefix: str) -> dict[str, str]:
    """The facts whose names start with a prefix, by the rest of their names."""
    rows = connection.execute("SELECT name, value FROM fact WHERE starts_with(name, %s)", (prefix,)).fetchall()
    return {name.removeprefix(prefix): value for name, value in rows}


def put_fact(connection: Connection, name: str, value: str) -> None:
    """Write a fact, replacing any former value."""
    connection.execute(_PUT, (name, value))


def fact_or_new(connection: Connection, name: str, otherwise: str) -> str:
    """The fact's value. A missing fact is written first, unless another session has done so meanwhile."""
    found = read_fact(connection, name)
    return put_new_fact(connection, name, otherwise) if found is None else found


def put_new_fact(connection: Connection, name: str, value: str) -> str:
    """Write a fact unless it exists; returns the value that stands then. Waits for a concurrent writer."""
    connection.execute("INSERT INTO fact (name, value) VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, value))
    return read_fact(connection, name) or value


def put_fact_of_version(connection: Connection, name: str, value: str, version: int) -> None:
    """Write a fact, unless the registry has another version by now."""
    connection.execute(_OF_VERSION, (name, value, version))


def replace_fact(connection: Connection, name: str, value: str, former: str) -> bool:
    """Write a fact if it has the former value; returns whether it had."""
    statement = "UPDATE fact SET value = %s WHERE name = %s AND value = %s"
    return connection.execute(statement, (value, name, former)).rowcount > 0


def next_number(connection: Connection, name: str, least: int) -> int:
    """A number that was never issued under this name before and is at least `least`."""
    row = connection.execute(_NEXT, (name, str(least))).fetchone()
    return int(row[0]) if row else least


def forget_facts(connection: Connection, names: Collection[str]) -> None:
    """Delete facts."""
    connection.execute("DELETE FROM fact WHERE name = ANY(%s)", (list(names),))


def forget_same_facts(connection: Connection, facts: Mapping[str, str]) -> None:
    """Delete those facts that still have these values."""
    connection.execute(_FORGET_SAME, (list(facts), list(facts.values())))
