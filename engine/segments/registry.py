"""The segments that run: their definitions as workers use them, stored in PostgreSQL and versioned as a whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..encryption.vault import Vault
from ..ir.canonical import canonical_bytes, digest
from ..ir.codec import decode, encode
from ..ir.predicate import InList, Predicate
from ..ir.program import Program
from ..ir.types import Catalogue
from ..ir.walk import lists as lists_in
from ..ir.walk import rebuilt
from ..profiles.suppression import Suppressed
from ..storage.arrays import texts
from ..storage.facts import forget_facts
from .overrides import forget_overrides
from .sealed_definitions import open_predicate, stored_predicate
from .staging_store import forget_verdicts

if TYPE_CHECKING:
    from psycopg import Connection

Lists = Mapping[str, tuple[str, ...]]

PAGE = 10_000  # list members written at once
_LISTS = "SELECT name FROM member_list WHERE name = ANY(%s)"
_MEMBERS = "SELECT list, profile FROM list_member WHERE list = ANY(%s) ORDER BY list, profile"
_KEEP_LIST = "INSERT INTO member_list (name) VALUES (%s) ON CONFLICT DO NOTHING"
_KEEP = "INSERT INTO list_member (list, profile) SELECT %s, profile FROM unnest(%s::text[]) AS given (profile)"

_RETIRED = (
    "DELETE FROM segment WHERE active IS NULL AND building IS NULL AND generation > 0"
    " AND NOT EXISTS (SELECT FROM staged_transition WHERE segment = segment.name)"
)

CATALOGUE_MADE = "catalogue_made"  # the fact that every profile was folded with the catalogue of this digest


@dataclass(frozen=True, slots=True)
class Definition:
    """What a segment means: `lists` are the MemberLists it uses, under names that include a digest of their content."""

    digest: str
    predicate: Predicate
    lists: Lists = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registered:
    """The state of a segment, as digests of its definitions.

    `active` decides membership, once a first fill has been switched in; `building` is being filled.
    """

    name: str
    active: str | None
    building: str | None
    generation: int


@dataclass(frozen=True, slots=True)
class Registry:
    """What runs at one version: the catalogue that profiles are folded with, and the definitions by name.

    The definitions in `active` decide membership; those in `building` are being filled.
    """

    version: int
    catalogue: Catalogue | None
    active: Mapping[str, Definition]
    building: Mapping[str, Definition]


def definition_of(program: Program, name: str) -> Definition:
    """The definition of a program's segment. Raises KeyError for an unknown name."""
    predicate = program.segments[name]
    asked = sorted(lists_in(predicate))
    names = {each: f"{each}@{digest(sorted(program.lists[each]))[7:19]}" for each in asked}
    versioned = _rename_lists(predicate, names) if names else predicate
    lists = {names[each]: tuple(program.lists[each]) for each in asked}
    return Definition(digest(encode(versioned)), versioned, lists)


def _rename_lists(predicate: Predicate, names: Mapping[str, str]) -> Predicate:
    if isinstance(predicate, InList):
        return InList(names[predicate.list])
    return rebuilt(predicate, lambda item: _rename_lists(item, names))


def catalogue_digest(connection: Connection) -> str | None:
    """The digest of the catalogue that profiles are folded with, None before the first worker."""
    row = connection.execute("SELECT catalogue_digest FROM registry").fetchone()
    return row[0] if row else None


def read_catalogue(connection: Connection) -> Catalogue | None:
    """The catalogue that profiles are folded with, None before the first worker; needs no keys."""
    row = connection.execute("SELECT catalogue FROM registry").fetchone()
    return decode(json.loads(row[0])) if row and row[0] else None


def read_segments(connection: Connection) -> dict[str, Registered]:
    """The state of each segment, by name; needs no keys."""
    rows = connection.execute("SELECT name, active_digest, building_digest, generation FROM segment ORDER BY name")
    return {row[0]: Registered(*row) for row in rows.fetchall()}


def read_registry(connection: Connection, vault: Vault) -> Registry:
    """What runs now, with its definitions. Raises KeysRefusedError if a sealed definition cannot be opened."""
    row = connection.execute("SELECT version, catalogue FROM registry").fetchone()
    version, catalogue = row or (0, None)
    rows = connection.execute(
        "SELECT name, active_digest, active, building_digest, building FROM segment ORDER BY name"
    ).fetchall()
    active = {name: (found, open_predicate(vault, name, data)) for name, found, data, _, _ in rows if found is not None}
    building = {
        name: (found, open_predicate(vault, name, data)) for name, _, _, found, data in rows if found is not None
    }
    predicates = [predicate for each in (active, building) for _, predicate in each.values()]
    lists = _read_lists(connection, {each for predicate in predicates for each in lists_in(predicate)})

    def definition(digest_text: str, predicate: Predicate) -> Definition:
        return Definition(digest_text, predicate, {each: lists[each] for each in lists_in(predicate)})

    return Registry(
        version,
        decode(json.loads(catalogue)) if catalogue else None,
        {name: definition(*each) for name, each in active.items()},
        {name: definition(*each) for name, each in building.items()},
    )


def put_catalogue(connection: Connection, catalogue: Catalogue) -> bool:
    """Make this the catalogue that profiles are folded with; returns whether it was a different one before.

    Definitions may then have to be stored differently: see `reseal_definitions`.
    """
    data = encode(catalogue)
    changed = connection.execute(
        "UPDATE registry SET catalogue = %s, catalogue_digest = %s, version = version + 1"
        " WHERE catalogue_digest IS DISTINCT FROM %s",
        (canonical_bytes(data).decode(), digest(data), digest(data)),
    )
    if changed.rowcount == 0:
        return False
    # If this catalogue was in force before, some profiles may have been folded with the other one in between.
    forget_facts(connection, [CATALOGUE_MADE])
    return True


def start_building(
    connection: Connection, name: str, definition: Definition, vault: Vault, *, silent: bool = False
) -> None:
    """Register a definition that is being filled, in the caller's transaction, which holds all partitions' locks."""
    _keep_lists(connection, definition)
    connection.execute(
        "INSERT INTO segment (name, building_digest, building, silent) VALUES (%s, %s, %s, %s) ON CONFLICT (name)"
        " DO UPDATE SET building_digest = excluded.building_digest, building = excluded.building,"
        " silent = excluded.silent",
        (name, definition.digest, stored_predicate(connection, vault, name, definition.predicate), silent),
    )
    forget_verdicts(connection, [name])
    rise(connection)


def activate(connection: Connection, name: str) -> int:
    """Make the filled definition decide membership from now on; returns the segment's new generation."""
    row = connection.execute(
        "UPDATE segment SET active_digest = building_digest, active = building, building_digest = NULL,"
        " building = NULL, generation = generation + 1, filled_at = now()"
        " WHERE name = %s AND building IS NOT NULL RETURNING generation",
        (name,),
    ).fetchone()
    if row is None:
        raise LookupError(f"no definition of segment `{name}` is being filled")
    forget_verdicts(connection, [name])
    rise(connection)
    return int(row[0])


def activate_unfilled(connection: Connection, definitions: Mapping[str, Definition], vault: Vault) -> None:
    """Register definitions as active without a fill, which is correct while there are no profiles yet."""
    for name, definition in definitions.items():
        _keep_lists(connection, definition)
        connection.execute(
            "INSERT INTO segment (name, active_digest, active, generation, filled_at) VALUES (%s, %s, %s, 1, now())"
            " ON CONFLICT (name) DO UPDATE SET active_digest = excluded.active_digest, active = excluded.active,"
            " building_digest = NULL, building = NULL, generation = segment.generation + 1, filled_at = now()",
            (name, definition.digest, stored_predicate(connection, vault, name, definition.predicate)),
        )
    rise(connection)


def retire(connection: Connection, name: str) -> None:
    """Stop a segment from deciding anything; its row is deleted when the last exit has been moved."""
    connection.execute(
        "UPDATE segment SET active_digest = NULL, active = NULL, building_digest = NULL, building = NULL,"
        " generation = generation + 1, filled_at = now() WHERE name = %s",
        (name,),
    )
    forget_verdicts(connection, [name])
    forget_overrides(connection, name)
    rise(connection)


def abandon_building(connection: Connection, names: Collection[str]) -> None:
    """Delete the definitions being built of these segments, and segments that have never served."""
    wanted = list(names)
    connection.execute("UPDATE segment SET building_digest = NULL, building = NULL WHERE name = ANY(%s)", (wanted,))
    connection.execute("DELETE FROM segment WHERE name = ANY(%s) AND active IS NULL AND generation = 0", (wanted,))
    forget_verdicts(connection, wanted)
    rise(connection)


def drop_retired(connection: Connection) -> None:
    """Delete the rows of retired segments with nothing left to be moved."""
    if connection.execute(_RETIRED).rowcount:
        rise(connection)


def rise(connection: Connection) -> None:
    """Raise the registry's version, so that every worker reads it again."""
    connection.execute("UPDATE registry SET version = version + 1")


def _read_lists(connection: Connection, names: Collection[str]) -> Lists:
    """The members of those lists that exist, in key order."""
    if not names:
        return {}
    found: dict[str, list[str]] = {name: [] for (name,) in connection.execute(_LISTS, (list(names),))}
    for name, profile in connection.execute(_MEMBERS, (list(found),)):
        found[name].append(profile)
    return {name: tuple(profiles) for name, profiles in found.items()}


def _keep_lists(connection: Connection, definition: Definition) -> None:
    """Store lists that are not stored yet, without erased customers, whom the workspace's file may still name.

    A stored list stays as it is.
    """
    suppressed = Suppressed()
    for name, members in definition.lists.items():
        if not connection.execute(_KEEP_LIST, (name,)).rowcount:
            continue
        profiles = sorted(set(members))
        for first in range(0, len(profiles), PAGE):
            page = profiles[first : first + PAGE]
            erased = suppressed(connection, page)
            connection.execute(_KEEP, (name, texts(each for each in page if each not in erased)))
