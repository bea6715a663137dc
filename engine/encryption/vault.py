"""Vaults: the layer between profiles in memory and in storage, which encrypts some fields or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..ir.encrypted import Encrypted
from ..ir.predicate import Predicate
from ..ir.types import Catalogue

if TYPE_CHECKING:
    from psycopg import Connection

Value = dict[str, Any]
Binding = tuple[str, ...]  # the only place where a sealed value opens, such as `("segment", "vips")`


class Vault(Protocol):
    """Opens stored values and seals values for storage, for many profiles at once."""

    def open_values(self, connection: Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        """The profiles by key, in plain."""
        ...

    def seal_values(self, connection: Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        """The profiles by key, sealed for storage; a profile that needs a data key and has none gets one."""
        ...

    def open_events(self, connection: Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        """The data of events, each given with its profile, in plain, in the same order.

        An event has its `id`, its `position` in the profile's history, its `type` and `data`.
        """
        ...

    def seal_events(self, connection: Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        """The data of events, given as to `open_events`, sealed for storage, in the same order."""
        ...

    def serving_keys(self, connection: Connection, profiles: Iterable[str]) -> dict[str, str]:
        """The wrapped data keys that serving copies carry, for the profiles that have one."""
        ...

    def seal_payloads(self, connection: Connection, letters: Sequence[tuple[str, bytes]]) -> list[tuple[bytes, bool]]:
        """Dead letters, each given with its source, in their stored form, and whether they were sealed.

        Called in the transaction that stores them.
        """
        ...

    def open_payload(self, payload: bytes, source: str) -> bytes:
        """A sealed dead letter in plain. Raises UnsealError, KeyMissingError."""
        ...

    def forget(self, profiles: Iterable[str]) -> None:
        """Drop the keys of erased customers from memory."""
        ...

    @property
    def seals(self) -> bool:
        """Whether any field of profiles is sealed."""
        ...

    @property
    def seals_letters(self) -> bool:
        """Whether dead letters are sealed."""
        ...

    def covers(self, catalogue: Catalogue) -> bool:
        """Whether this vault seals every field that the catalogue encrypts."""
        ...

    def seals_predicate(self, predicate: Predicate) -> bool:
        """Whether a predicate refers to a sealed field, so that its constants must be sealed too."""
        ...

    def seal_bytes(self, connection: Connection, plain: bytes, place: Binding) -> bytes:
        """Seal a value that belongs to no profile, for storage in that place."""
        ...

    def open_bytes(self, sealed: bytes, place: Binding) -> bytes:
        """What `seal_bytes` gave, in plain. Raises UnsealError, KeyMissingError."""
        ...


class OpenVault:
    """For catalogues without encrypted fields: all values are stored in plain."""

    def open_values(self, _connection: Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        """As they are."""
        return dict(values)

    seal_values = open_values

    def open_events(self, _connection: Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        """As they are."""
        return [event["data"] for _, event in events]

    seal_events = open_events

    def serving_keys(self, _connection: Connection, _profiles: Iterable[str]) -> dict[str, str]:
        """None."""
        return {}

    def seal_payloads(self, _connection: Connection, letters: Sequence[tuple[str, bytes]]) -> list[tuple[bytes, bool]]:
        """As they are."""
        return [(payload, False) for _, payload in letters]

    def open_payload(self, _payload: bytes, _source: str) -> bytes:
        """Nothing: it was sealed where there were keys. Raises KeyMissingError."""
        raise _missing()

    def forget(self, _profiles: Iterable[str]) -> None:
        """Nothing is kept."""

    @property
    def seals(self) -> bool:
        """Nothing is."""
        return False

    @property
    def seals_letters(self) -> bool:
        """They are stored as they are."""
        return False

    def covers(self, catalogue: Catalogue) -> bool:
        """Whether nothing is encrypted."""
        return not Encrypted(catalogue)

    def seals_predicate(self, _predicate: Predicate) -> bool:
        """None does."""
        return False

    def seal_bytes(self, _connection: Connection, _plain: bytes, _place: Binding) -> bytes:
        """Always raises KeyMissingError: it has no keys."""
        raise _missing()

    def open_bytes(self, _sealed: bytes, _place: Binding) -> bytes:
        """Nothing: it was sealed where there were keys. Raises KeyMissingError."""
        raise _missing()


def _missing() -> Exception:
    from .keyring import KEYS_FILE, KeyMissingError

    return KeyMissingError(f"the value is sealed, and there are no keys: name the key file in {KEYS_FILE}")
