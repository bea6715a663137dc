"""What stands between profiles in memory and what is kept of them: nothing, or encryption of some fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..ir.encrypted import Encrypted
from ..ir.predicate import Predicate
from ..ir.types import Catalogue

if TYPE_CHECKING:
    from psycopg import Connection

Value = dict[str, Any]
Place = tuple[str, ...]  # where something sealed is kept, and nowhere else opens: `("segment", "vips")`


class Vault(Protocol):
    """Opens what was kept and seals what is to be kept, for many profiles at once."""

    def open_values(self, connection: Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        """The profiles by key, in plain."""
        ...

    def seal_values(self, connection: Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        """The profiles by key, as they may be kept; data keys are made where a profile has none."""
        ...

    def open_events(self, connection: Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        """The data of events, each given with its profile, in plain, in the same order.

        An event has its `id`, its `position` in the profile's history, its `type` and `data`.
        """
        ...

    def seal_events(self, connection: Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        """The data of events, each given as to `open_events`, as they may be kept, in the same order."""
        ...

    def serving_keys(self, connection: Connection, profiles: Iterable[str]) -> dict[str, str]:
        """What serving copies carry so that they can be opened: wrapped data keys, of the profiles that have one."""
        ...

    def seal_payloads(self, connection: Connection, letters: Sequence[tuple[str, bytes]]) -> list[tuple[bytes, bool]]:
        """Dead letters, each given with its source, as they may be kept, and whether they were sealed.

        In the transaction that keeps them.
        """
        ...

    def open_payload(self, payload: bytes, source: str) -> bytes:
        """A sealed dead letter in plain. Raises UnsealError, KeyMissingError."""
        ...

    def forget(self, profiles: Iterable[str]) -> None:
        """Keep no key in memory of customers who are no more."""
        ...

    @property
    def seals(self) -> bool:
        """Whether anything of profiles is sealed."""
        ...

    def covers(self, catalogue: Catalogue) -> bool:
        """Whether all is sealed that is encrypted in the catalogue."""
        ...

    def seals_predicate(self, predicate: Predicate) -> bool:
        """Whether a predicate asks about something that is sealed, so that its constants must be sealed too."""
        ...

    def seal_kept(self, connection: Connection, plain: bytes, place: Place) -> bytes:
        """Something that belongs to no profile, as it may be kept in that place."""
        ...

    def open_kept(self, sealed: bytes, place: Place) -> bytes:
        """What `seal_kept` gave, in plain. Raises UnsealError, KeyMissingError."""
        ...


class OpenVault:
    """For catalogues without encrypted fields: everything is kept as it is."""

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

    def covers(self, catalogue: Catalogue) -> bool:
        """Whether nothing is encrypted."""
        return not Encrypted(catalogue)

    def seals_predicate(self, _predicate: Predicate) -> bool:
        """None does."""
        return False

    def seal_kept(self, _connection: Connection, _plain: bytes, _place: Place) -> bytes:
        """Nothing: it cannot. Raises KeyMissingError."""
        raise _missing()

    def open_kept(self, _sealed: bytes, _place: Place) -> bytes:
        """Nothing: it was sealed where there were keys. Raises KeyMissingError."""
        raise _missing()


def _missing() -> Exception:
    from .keyring import KEYS_FILE, KeyMissingError

    return KeyMissingError(f"it is sealed, and there are no keys; name the key file in {KEYS_FILE}")
