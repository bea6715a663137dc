"""Finds who matches the conditions of segments, in key order, a block of keys at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..encryption.vault import Vault
from ..ir.types import Catalogue
from ..ir.walk import event_types
from ..profiles.event_store import read_events
from ..segments.definitions import Live
from ..segments.registry import Definition, Registry
from ..storage.batches import batch_by_events
from .due import BATCH, DueInstants

if TYPE_CHECKING:
    from psycopg import Connection

PAGE = 1_000

_COLUMNS = "SELECT profile, version, value, ms(due_at), catalogue_digest, events FROM profile"
_AFTER = f"{_COLUMNS} WHERE profile > %s ORDER BY profile LIMIT {PAGE}"
_THESE = f"{_COLUMNS} WHERE profile = ANY(%s) ORDER BY profile"

Row = tuple[str, int, dict[str, Any], "int | None", str, int]


@dataclass(frozen=True, slots=True)
class Block:
    """The members, by segment, among the customers after the previous block up to `upto` (None: all the rest)."""

    upto: str | None
    members: Mapping[str, Sequence[str]]


class Population:
    """Evaluates the profiles in PostgreSQL as of one instant.

    With `due` it records for every profile it reads when time alone may next change a verdict.
    """

    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        catalogue: Catalogue,
        definitions: Mapping[str, Definition],
        now_ms: int,
        due: DueInstants | None = None,
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._names = sorted(definitions)
        self._live = Live(Registry(0, catalogue, definitions, {}), catalogue)
        self._looks_at_events = any(event_types(each.predicate) for each in definitions.values())
        self._now_ms = now_ms
        self._due = due

    def everybody(self) -> Iterator[Block]:
        """Blocks over all profiles."""
        for page, members in self.pages():
            yield Block(page[-1], members)
        yield Block(None, {name: [] for name in self._names})

    def pages(self) -> Iterator[tuple[Sequence[str], Mapping[str, Sequence[str]]]]:
        """All customers in key order, a page at a time, each with the members among them by segment."""
        last = ""
        while True:
            page, members = self._page(_AFTER, last)
            if not page:
                return
            yield page, members
            last = page[-1]

    def among(self, candidates: Iterable[Sequence[str]]) -> Iterator[Block]:
        """Blocks over the profiles with the given keys, in order; nobody else is a member."""
        for keys in candidates:
            for first in range(0, len(keys), PAGE):
                page = keys[first : first + PAGE]
                _, members = self._page(_THESE, list(page))
                yield Block(page[-1], members)
        yield Block(None, {name: [] for name in self._names})

    def _page(self, statement: str, asked: str | list[str]) -> tuple[list[str], dict[str, list[str]]]:
        """The keys of a page and the members among them; all read at one moment, despite erasures."""
        connection = self._connection
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            rows = connection.execute(statement.encode(), (asked,)).fetchall()
            members = self._members(rows)
        if self._due is not None:
            self._due.flush(BATCH)
        return [row[0] for row in rows], members

    def _members(self, rows: Sequence[Row]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in self._names}
        for group in batch_by_events(rows, self._events_to_read):
            self._match(group, found)
        return found

    def _match(self, rows: Sequence[Row], found: Mapping[str, list[str]]) -> None:
        """Append the members among the rows; their histories are read together."""
        values = self._vault.open_values(self._connection, {row[0]: row[2] for row in rows})
        stale = {row[0] for row in rows if self._is_stale(row)}
        events = self._events([row[0] for row in rows if self._events_to_read(row)])
        live, now_ms = self._live, self._now_ms
        for profile, version, _value, due_ms, _catalogue, _count in rows:
            history = events.get(profile, ())
            value = live.fold(profile, history, now_ms) if profile in stale else values[profile]
            for name in live.match(value, history, now_ms):
                found[name].append(profile)
            if self._due is not None:
                self._due.add(profile, version, due_ms, live.due(value, history, now_ms))

    def _events_to_read(self, row: Row) -> int:
        """The number of events that must be read for a profile."""
        return row[5] if self._looks_at_events or self._is_stale(row) else 0

    def _is_stale(self, row: Row) -> bool:
        """Whether the profile is outdated: its due time has passed, or it was folded with another catalogue."""
        _profile, _version, _value, due_ms, catalogue, _count = row
        return catalogue != self._live.catalogue_digest or (due_ms is not None and due_ms <= self._now_ms)

    def _events(self, profiles: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        if profiles:
            for profile, event in read_events(self._connection, profiles, self._vault, self._live.key):
                found.setdefault(profile, []).append(event)
        return found
