"""Migrations: numbered SQL files, forward only, safe to run twice and concurrently."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

SCHEMA = "decisor"
MIGRATION_LOCK = 0x0DEC_0001
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class MigrationError(RuntimeError):
    """The database and the migrations do not match; the message says how and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, its SQL and the digest that reveals a change to it."""

    number: int
    name: str
    sql: str
    checksum: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations, in order."""
    found = []
    for file in resources.files(__package__).joinpath("migrations").iterdir():
        match = _NAME.fullmatch(file.name)
        if match:
            sql = file.read_text("utf-8")
            found.append(Migration(int(match[1]), file.name, sql, hashlib.sha256(sql.encode()).hexdigest()))
    return tuple(sorted(found, key=lambda each: each.number))


def migrate(connection: Connection) -> list[str]:
    """Apply the missing migrations in one transaction; returns their names.

    The connection must not be inside a transaction. Raises MigrationError when the database was migrated by a newer
    decisor, or with other files than these.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute(f"SET LOCAL search_path = {SCHEMA}")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        missing = _missing(connection)
        for each in missing:
            connection.execute(each.sql.encode())
            connection.execute(
                "INSERT INTO migration (number, name, checksum) VALUES (%s, %s, %s)",
                (each.number, each.name, each.checksum),
            )
    return [each.name for each in missing]


def pending(connection: Connection) -> list[str]:
    """The names of the migrations that the database lacks. Raises as `migrate` does."""
    row = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.migration",)).fetchone()
    if row is None or row[0] is None:
        return [each.name for each in migrations()]
    return [each.name for each in _missing(connection)]


def _missing(connection: Connection) -> list[Migration]:
    applied: dict[int, str] = dict(connection.execute(f"SELECT number, checksum FROM {SCHEMA}.migration").fetchall())  # noqa: S608 - a constant
    known = {each.number: each for each in migrations()}
    newer = sorted(set(applied) - set(known))
    if newer:
        raise MigrationError(
            f"the database has migration {newer[-1]}, but this decisor knows only {max(known)}: install a newer decisor"
        )
    changed = [known[number].name for number, checksum in applied.items() if known[number].checksum != checksum]
    if changed:
        raise MigrationError(
            f"the database was migrated with another {changed[0]} than this decisor's: migrations never change"
        )
    return [each for number, each in sorted(known.items()) if number not in applied]
