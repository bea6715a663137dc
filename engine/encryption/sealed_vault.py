"""The vault of a catalogue with encrypted fields: seals values before they are stored, and opens stored ones."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..ir.predicate import Predicate
from ..ir.types import Catalogue
from . import payloads
from .cipher import UnsealError
from .data_keys import DataKeys, Wrapped
from .framing import frame, unframe
from .hashing import FieldHashes
from .in_use import hash_keys_in_use, master_to_seal_with
from .key_file import KeysRefusedError
from .keyring import KEYS, KEYS_FILE, Keyring, open_keyring
from .sealing import FieldCipher, Sealing, is_sealed
from .vault import Binding, OpenVault, Value, Vault

if TYPE_CHECKING:
    from psycopg import Connection

    from ..compiler.targets.placeholders import Hasher


def vault_of(catalogue: Catalogue, environ: Mapping[str, str]) -> Vault:
    """The vault for the environment's keys; an open one if there are no keys and none are needed.

    Raises KeysRefusedError if keys are needed and missing, or cannot be used.
    """
    keyring = open_keyring(environ)
    if keyring is not None:
        return SealedVault(catalogue, keyring)
    if Sealing(catalogue).needed:
        raise KeysRefusedError(
            f"the catalogue `{catalogue.name}` has encrypted fields, and there are no keys: create a key file with"
            f" `decisor keys generate FILE`, and name it in {KEYS_FILE} (or put its content into {KEYS})"
        )
    return OpenVault()


class SealedVault:
    """Seals the encrypted fields of a catalogue with a data key for each profile."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring, data_keys: DataKeys | None = None) -> None:
        self.keyring = keyring
        self.sealing = Sealing(catalogue)
        self.data_keys = data_keys or DataKeys(keyring)
        self._catalogue = catalogue.name
        self._hashes: dict[str, FieldHashes] = {}

    def open_values(self, connection: Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        """The profiles by key, in plain. Raises UnsealError, KeyMissingError."""
        keys = self._keys(connection, [profile for profile, value in values.items() if is_sealed(value)])
        return {
            profile: self.sealing.open_profile(profile, value, keys[profile]) if profile in keys else value
            for profile, value in values.items()
        }

    def seal_values(self, connection: Connection, values: Mapping[str, Value]) -> dict[str, Value]:
        """The profiles by key, sealed for storage; a profile that needs a data key and has none gets one."""
        needing = [profile for profile, value in values.items() if self.sealing.profile_needs(value)]
        keys = self.data_keys.data_keys(connection, needing, create=True) if needing else {}
        return {
            profile: self.sealing.seal_profile(profile, value, keys[profile]) if profile in keys else value
            for profile, value in values.items()
        }

    def open_events(self, connection: Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        """The data of events in plain, in the same order. Raises UnsealError, KeyMissingError."""
        keys = self._keys(connection, [profile for profile, event in events if is_sealed(event["data"])])
        return [
            self.sealing.open_event(profile, event, keys[profile]) if profile in keys else event["data"]
            for profile, event in events
        ]

    def seal_events(self, connection: Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        """The data of events, sealed for storage, in the same order; a profile that needs a data key gets one."""
        needing = {profile for profile, event in events if self.sealing.event_needs(event["type"], event["data"])}
        keys = self.data_keys.data_keys(connection, sorted(needing), create=True) if needing else {}
        return [
            self.sealing.seal_event(profile, event, keys[profile]) if profile in keys else event["data"]
            for profile, event in events
        ]

    def seal_payloads(self, connection: Connection, letters: Sequence[tuple[str, bytes]]) -> list[tuple[bytes, bool]]:
        """Dead letters, each sealed whole, in the transaction that stores them. Raises KeyMissingError."""
        if not letters:
            return []
        master = self.keyring.master(master_to_seal_with(connection, self.keyring))
        return [(payloads.seal_letter(master, payload, source), True) for source, payload in letters]

    def open_payload(self, payload: bytes, source: str) -> bytes:
        """A sealed dead letter in plain. Raises UnsealError, KeyMissingError."""
        return payloads.open_letter(self.keyring, payload, source)

    def forget(self, profiles: Iterable[str]) -> None:
        """Drop the data keys of erased customers from memory."""
        self.data_keys.forget(profiles)

    @property
    def seals(self) -> bool:
        """Whether the catalogue has encrypted fields."""
        return self.sealing.needed

    @property
    def seals_letters(self) -> bool:
        """They are, whatever the catalogue encrypts."""
        return True

    def covers(self, catalogue: Catalogue) -> bool:
        """Whether this vault seals every field that the catalogue encrypts."""
        return self.sealing.covers(catalogue)

    def seals_predicate(self, predicate: Predicate) -> bool:
        """Whether a predicate refers to a sealed field."""
        return self.sealing.predicate_needs(predicate)

    def seal_bytes(self, connection: Connection, plain: bytes, place: Binding) -> bytes:
        """Seal a value that belongs to no profile, under the master key in use."""
        master = self.keyring.master(master_to_seal_with(connection, self.keyring))
        return payloads.seal_payload(master, plain, frame(*place))

    def open_bytes(self, sealed: bytes, place: Binding) -> bytes:
        """What `seal_bytes` gave, in plain. Raises UnsealError, KeyMissingError."""
        return payloads.open_payload(self.keyring, sealed, frame(*place))

    def sealers(self, connection: Connection, profiles: Iterable[str]) -> Callable[[str], ProfileSealer]:
        """A function from a profile to its sealer for the index, with the hash keys in use now."""
        wanted = sorted(set(profiles)) if self.sealing.needed else []
        used = hash_keys_in_use(connection, self.keyring).written if wanted else ()
        return self._sealers(connection, wanted, used)

    def settled_sealers(
        self, connection: Connection, profiles: Iterable[str]
    ) -> tuple[Callable[[str], ProfileSealer], bool]:
        """As `sealers`, with the keys whose hashes every document holds; and whether documents hold no others.

        They may hold others while a change of hash keys has not reached all documents.
        """
        wanted = sorted(set(profiles)) if self.sealing.needed else []
        if not wanted:
            return self._sealers(connection, wanted, ()), True
        used = hash_keys_in_use(connection, self.keyring)
        return self._sealers(connection, wanted, used.settled), not used.is_moving

    def _sealers(
        self, connection: Connection, wanted: Sequence[str], names: Iterable[str]
    ) -> Callable[[str], ProfileSealer]:
        keys = self.data_keys.data_keys(connection, wanted, create=False) if wanted else {}
        hashes = [self._hashes_of(name) for name in names]
        return lambda profile: ProfileSealer(self._catalogue, profile, keys.get(profile), hashes)

    def hasher(self, connection: Connection) -> Hasher:
        """A function that hashes the constants of queries, each with the key that is searched at that time."""

        def hash_value(path: str, value: Any) -> str:
            return self._hashes_of(hash_keys_in_use(connection, self.keyring).searched).hash(path, value)

        return hash_value

    def serving_keys(self, connection: Connection, profiles: Iterable[str]) -> dict[str, str]:
        """The wrapped data keys in the form of serving copies; a profile without one is left out."""
        wanted = list(profiles) if self.sealing.needed else []
        wrapped = self.data_keys.read_wrapped(connection, wanted) if wanted else {}
        return {profile: base64.b64encode(frame(master, key)).decode() for profile, (key, master) in wrapped.items()}

    def open_served(self, profile: str, value: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        """The plain profile of a serving copy; `key` is its read_wrapped data key. Raises UnsealError."""
        if not is_sealed(dict(value)):
            return dict(value)
        if key is None:
            raise UnsealError("a serving copy has sealed fields and no data key; it was written without keys")
        data_key = self.data_keys.unwrap({profile: _unpack_key(key)})[profile]
        return self.sealing.open_profile(profile, value, data_key)

    def _keys(self, connection: Connection, profiles: Sequence[str]) -> dict[str, bytes]:
        if not profiles:
            return {}
        keys = self.data_keys.data_keys(connection, profiles, create=False)
        if len(keys) < len(set(profiles)):
            raise UnsealError(
                "a profile has sealed fields and no data key: it was erased meanwhile, or its key is lost"
            )
        return keys

    def _hashes_of(self, name: str) -> FieldHashes:
        found = self._hashes.get(name)
        if found is None:
            found = self._hashes[name] = FieldHashes(self._catalogue, self.keyring.hash_key(name))
        return found


class ProfileSealer:
    """Seals one profile's values for the index."""

    __slots__ = ("_catalogue", "_cipher", "_data_key", "_hashes", "_profile")

    def __init__(self, catalogue: str, profile: str, data_key: bytes | None, hashes: Sequence[FieldHashes]) -> None:
        self._catalogue, self._profile, self._data_key, self._hashes = catalogue, profile, data_key, hashes
        self._cipher: FieldCipher | None = None

    def hash(self, path: str, value: Any) -> str:
        """The hash that queries search for."""
        return self._hashes[0].hash(path, value)

    def hashes(self, path: str, value: Any) -> list[str]:
        """All hashes that a document holds of the value: two while hash keys rotate."""
        return [each.hash(path, value) for each in self._hashes]

    def cipher(self, path: str, value: Any) -> str:
        """The cipher text, in base64."""
        if self._cipher is None:
            if self._data_key is None:
                raise UnsealError("a profile has encrypted fields and no data key: it was erased meanwhile")
            self._cipher = FieldCipher(self._catalogue, "index", self._profile, self._data_key)
        return self._cipher.seal(path, value)


def _unpack_key(key: str) -> Wrapped:
    try:
        (master, wrapped), _ = unframe(base64.b64decode(key, validate=True), 2)
        return wrapped, master.decode()
    except (binascii.Error, ValueError):
        raise UnsealError("the data key of a serving copy is not in a form that this decisor knows") from None
