"""Reads customers from PostgreSQL, many at once, inside the transaction that will change them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..encryption.vault import Vault
from ..profiles.event_store import read_events
from ..storage.arrays import texts
from ..storage.batches import batch_by_events
from .state import EVENTS, Cache, Override, State

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

# A rebuild brings due instants forward without a new version.
_VERSIONS = "SELECT profile, version, ms(due_at), events FROM profile WHERE profile = ANY(%s::text[])"
_NEXT = "SELECT profile, events FROM profile WHERE partition = %s AND profile > %s ORDER BY profile LIMIT %s"
_PROFILES = (
    "SELECT profile, version, events, value, ms(computed_at), ms(due_at), catalogue_digest"
    " FROM profile WHERE profile = ANY(%b)"
)
_HELD = (
    "SELECT DISTINCT ON (profile, segment) profile, segment, number, ms(at) FROM transition WHERE profile = ANY(%b)"
    " ORDER BY profile, segment, number DESC"
)
_OVERRIDES = "SELECT profile, segment, included, ms(expires_at) FROM override WHERE profile = ANY(%b)"


class TooManyEventsError(RuntimeError):
    """The histories of these customers are too long to be read together; try fewer customers at once."""


class Loader:
    """Loads states of customers, from the cache where it is current; reads at most EVENTS events, or one customer's."""

    def __init__(self, cache: Cache, vault: Vault, key: str) -> None:
        self._cache, self._vault, self._key = cache, vault, key

    def load(self, connection: Connection, profiles: Iterable[str]) -> dict[str, State]:
        """The states of the customers, new ones for those without a row; they leave the cache while they are in use.

        Raises TooManyEventsError.
        """
        wanted = set(profiles)
        return self.answer(connection, wanted, ask_versions(connection, wanted))

    def answer(self, connection: Connection, profiles: Iterable[str], asked: Cursor[Any]) -> dict[str, State]:
        """The states of some of the customers whose versions were queried. Raises TooManyEventsError."""
        versions: dict[str, tuple[int, int | None, int]] = {name: tuple(rest) for name, *rest in asked.fetchall()}
        wanted = sorted(profiles)
        found: dict[str, State] = {}
        for profile in wanted:
            version, due_ms, _ = versions.get(profile, (0, None, 0))
            cached = self._cache.get(profile, version)
            if cached is not None:
                cached.due_ms = due_ms
                found[profile] = cached
        missing = [profile for profile in wanted if profile not in found]
        found.update({profile: State(profile) for profile in missing})
        known = [profile for profile in missing if profile in versions]
        if len(known) > 1 and sum(versions[profile][2] for profile in known) > EVENTS:
            raise TooManyEventsError(f"{len(known):,} customers have more than {EVENTS:,} events together")
        if known:
            self._read_profiles(connection, known, found)
        stale = [profile for profile, state in found.items() if state.held is None]
        if stale:
            self._read_membership(connection, stale, found)
        return found

    def _read_profiles(self, connection: Connection, known: Sequence[str], found: dict[str, State]) -> None:
        rows = connection.execute(_PROFILES, (known,)).fetchall()
        values = self._vault.open_values(connection, {row[0]: row[3] for row in rows})
        for profile, version, position, _value, computed_ms, due_ms, catalogue in rows:
            state = found[profile]
            state.version, state.position, state.value = version, position, values[profile]
            state.computed_ms, state.due_ms, state.catalogue = computed_ms, due_ms, catalogue
        for profile, event in read_events(connection, known, self._vault, self._key):
            found[profile].events.append(event)

    def _read_membership(self, connection: Connection, stale: Sequence[str], found: dict[str, State]) -> None:
        held: dict[str, dict[str, int]] = {profile: {} for profile in stale}
        moved = dict.fromkeys(stale, 0)
        for profile, segment, number, at_ms in connection.execute(_HELD, (list(stale),)):
            held[profile][segment] = number
            moved[profile] = max(moved[profile], at_ms)
        overrides: dict[str, dict[str, Override]] = {profile: {} for profile in stale}
        for profile, segment, included, expires_ms in connection.execute(_OVERRIDES, (list(stale),)):
            overrides[profile][segment] = Override(included, expires_ms)
        for profile in stale:
            found[profile].held, found[profile].moved_ms = held[profile], moved[profile]
            found[profile].overrides = overrides[profile]


def ask_versions(connection: Connection, profiles: Iterable[str]) -> Cursor[Any]:
    """Query the current versions; in a pipeline the answer arrives with those of the queries that follow."""
    return connection.execute(_VERSIONS, (texts(sorted(profiles)),))


def next_profiles(connection: Connection, partition: int, after: str, limit: int) -> list[str]:
    """The next customers of a partition in key order: as many as may be read together, at most `limit`."""
    rows: list[tuple[str, int]] = connection.execute(_NEXT, (partition, after, limit)).fetchall()
    first = next(batch_by_events(rows, lambda row: row[1]), [])
    return [profile for profile, _ in first]
