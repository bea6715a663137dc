"""Data keys: one per profile, wrapped by a master key, stored alongside the profile, unwrapped in a bounded cache.

The wrapped keys are read from the database every time; the cache only saves unwrapping. So a key that another process
has rewrapped, replaced or erased is never used by mistake.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .cipher import UnsealError, new_key
from .framing import frame
from .in_use import master_in_use
from .keyring import Keyring

if TYPE_CHECKING:
    from psycopg import Connection

CACHED = 50_000

_READ = "SELECT profile, wrapped, master FROM profile_key WHERE profile = ANY(%b)"
_MAKE = (
    "INSERT INTO profile_key (profile, wrapped, master) SELECT profile, wrapped, %s"
    " FROM unnest(%b::text[], %b::bytea[]) AS given (profile, wrapped) ON CONFLICT DO NOTHING"
)

Wrapped = tuple[bytes, str]  # the wrapped key, and the id of its master key
_PUT_KEYS = (
    "INSERT INTO profile_key (profile, wrapped, master) SELECT profile, wrapped, %s"
    " FROM unnest(%b::text[], %b::bytea[]) AS given (profile, wrapped)"
    " ON CONFLICT (profile) DO UPDATE SET wrapped = excluded.wrapped, master = excluded.master"
)
_REWRAP = (
    "UPDATE profile_key SET wrapped = given.new, master = %s"
    " FROM unnest(%b::text[], %b::bytea[], %b::bytea[]) AS given (profile, old, new)"
    " WHERE profile_key.profile = given.profile AND profile_key.wrapped = given.old RETURNING profile_key.profile"
)


def context_of(profile: str) -> bytes:
    """The context that a profile's wrapped data key is bound to."""
    return frame("decisor data key 1", profile)


class DataKeys:
    """The data keys of profiles."""

    def __init__(self, keyring: Keyring, cached: int = CACHED) -> None:
        self.keyring = keyring
        self._cached = cached
        self._cache: OrderedDict[str, tuple[Wrapped, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def data_keys(self, connection: Connection, profiles: Sequence[str], *, create: bool) -> dict[str, bytes]:
        """The data key of each profile. A profile without one gets a new key with `create`, or else is left out.

        With `create` the caller holds the lock of the profile's partition. Raises KeyMissingError and UnsealError.
        """
        wrapped = self.read_wrapped(connection, profiles)
        missing = sorted(set(profiles) - wrapped.keys()) if create else ()
        if missing:
            master = self.keyring.master(master_in_use(connection, self.keyring))
            made = [master.wrap(new_key(), context_of(profile)) for profile in missing]
            connection.execute(_MAKE, (master.id, list(missing), made))
            wrapped.update(self.read_wrapped(connection, missing))
        return self.unwrap(wrapped)

    def read_wrapped(self, connection: Connection, profiles: Iterable[str]) -> dict[str, Wrapped]:
        """The stored wrapped keys, by profile."""
        rows = connection.execute(_READ, (sorted(set(profiles)),)).fetchall()
        return {profile: (bytes(wrapped), master) for profile, wrapped, master in rows}

    def unwrap(self, wrapped: Mapping[str, Wrapped]) -> dict[str, bytes]:
        """Unwrap data keys, by profile. Raises KeyMissingError and UnsealError."""
        found: dict[str, bytes] = {}
        for profile, each in wrapped.items():
            with self._lock:
                held = self._cache.get(profile)
                if held is not None and held[0] == each:
                    self._cache.move_to_end(profile)
                    found[profile] = held[1]
                    continue
            found[profile] = self._unwrap(profile, each)
            self._keep(profile, each, found[profile])
        return found

    def forget(self, profiles: Iterable[str]) -> None:
        """Drop unwrapped keys from the cache."""
        with self._lock:
            for profile in profiles:
                self._cache.pop(profile, None)

    def _unwrap(self, profile: str, each: Wrapped) -> bytes:
        wrapped, master = each
        try:
            return self.keyring.master(master).unwrap(wrapped, context_of(profile))
        except UnsealError as problem:
            raise UnsealError(f"a profile's data key, wrapped by `{master}`, does not open: {problem}") from None

    def _keep(self, profile: str, wrapped: Wrapped, key: bytes) -> None:
        with self._lock:
            self._cache[profile] = (wrapped, key)
            self._cache.move_to_end(profile)
            while len(self._cache) > self._cached:
                self._cache.popitem(last=False)


def put_data_keys(connection: Connection, master: str, wrapped: Mapping[str, bytes]) -> None:
    """Write wrapped keys of a master key, replacing those that the profiles have."""
    connection.execute(_PUT_KEYS, (master, list(wrapped), list(wrapped.values())))


def replace_data_keys(
    connection: Connection, master: str, profiles: Sequence[str], old: Sequence[bytes], new: Sequence[bytes]
) -> list[str]:
    """Replace wrapped keys that are unchanged; returns the profiles whose keys were replaced."""
    rows = connection.execute(_REWRAP, (master, list(profiles), list(old), list(new))).fetchall()
    return [row[0] for row in rows]
