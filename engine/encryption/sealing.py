"""Seals the encrypted fields of a catalogue in profiles and in the data of events.

A sealed value is stored as `{"$sealed": base64}` in place of the value. It seals the canonical JSON of the value, so
that every type is restored exactly, and is bound to the catalogue, the profile and the field, and in an event to that
event. Fields of objects are sealed one by one; those of objects in a list are also bound to the object's place in it.

Form 1 was not bound to the event or to the place in a list. It still opens; new values never use it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from ..ir.canonical import canonical_bytes
from ..ir.encrypted import Encrypted, Tree
from ..ir.predicate import Predicate
from ..ir.types import Catalogue
from ..runtime.border import SET
from .cipher import FORM, Cipher, UnsealError
from .framing import frame

SEALED = "$sealed"
BOUND_FORM = b"\x02"  # also bound to the event and to places in lists

_PLACES = re.compile(r"\[[0-9]+\]")


class Sealing:
    """Seals the encrypted fields of one catalogue. `needed` is False if there are none; then values pass unchanged."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue.name
        self._encrypted = Encrypted(catalogue)
        self._profile = self._encrypted.fields
        self._events: dict[str, Tree] = {SET: self._profile, **self._encrypted.events} if self._profile else {}
        self.needed = bool(self._profile)

    @property
    def event_fields(self) -> Mapping[str, frozenset[str]]:
        """The sealed fields by event type; those of `$set` are the profile's own."""
        return {name: frozenset(tree) for name, tree in self._events.items()}

    def covers(self, catalogue: Catalogue) -> bool:
        """Whether this one seals every field that another catalogue encrypts."""
        return self._encrypted.covers(Encrypted(catalogue))

    def predicate_needs(self, predicate: Predicate) -> bool:
        """Whether a predicate refers to a sealed field, so that its constants must be sealed too."""
        return self._encrypted.mentions(predicate)

    def profile_needs(self, value: Mapping[str, Any]) -> bool:
        """Whether a profile has a value that must be sealed."""
        return self.needed and _has(value, self._profile)

    def event_needs(self, kind: str, data: Mapping[str, Any]) -> bool:
        """Whether an event of a type has a value that must be sealed."""
        return kind in self._events and _has(data, self._events[kind])

    def seal_profile(self, profile: str, value: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The profile, sealed for storage."""
        return _seal_fields(value, self._profile, "", FieldCipher(self.catalogue, "profile", profile, data_key))

    def open_profile(self, profile: str, value: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The profile with every sealed value opened. Raises UnsealError."""
        return _open_fields(value, "", FieldCipher(self.catalogue, "profile", profile, data_key))

    def seal_event(self, profile: str, event: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The event's data, sealed for storage. Its `id` and its `position` in the history identify the event."""
        tree = self._events.get(event["type"], {})
        return _seal_fields(event["data"], tree, f"{event['type']}.", self._event_cipher(profile, event, data_key))

    def open_event(self, profile: str, event: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The event's data with every sealed value opened. Raises UnsealError."""
        return _open_fields(event["data"], f"{event['type']}.", self._event_cipher(profile, event, data_key))

    def _event_cipher(self, profile: str, event: Mapping[str, Any], data_key: bytes) -> FieldCipher:
        # An id may occur twice, with different content; a position occurs once.
        return FieldCipher(self.catalogue, "event", profile, data_key, (event["id"], str(event["position"])))


class FieldCipher:
    """Seals the values of one profile; `place` is where they are stored: `profile`, `event` or `index`.

    `within` says where exactly, if a profile has several such places. A path contains places in lists, such as
    `cards[0].number`.
    """

    __slots__ = ("_bound_to", "_cipher", "_formerly")

    def __init__(self, catalogue: str, place: str, profile: str, data_key: bytes, within: tuple[str, ...] = ()) -> None:
        self._cipher = Cipher(data_key)
        self._bound_to = frame("decisor field 2", catalogue, place, profile, *within)
        self._formerly = (catalogue, place, profile)

    def seal(self, path: str, value: Any, nonce: bytes | None = None) -> str:
        """The value of a field, in base64; `nonce` as in `Cipher.seal`."""
        sealed = self._cipher.seal(canonical_bytes(value), self._bound_to + frame(path), nonce, BOUND_FORM)
        return base64.b64encode(sealed).decode()

    def unseal(self, path: str, text: str) -> Any:
        """The value. Raises UnsealError, which names the field."""
        try:
            sealed = base64.b64decode(text, validate=True)
            if sealed[:1] == FORM:
                bound_to = frame("decisor field 1", *self._formerly, _PLACES.sub("", path))
                return json.loads(self._cipher.unseal(sealed, bound_to))
            return json.loads(self._cipher.unseal(sealed, self._bound_to + frame(path), BOUND_FORM))
        except UnsealError as problem:
            raise UnsealError(f"the sealed value of `{path}` does not open: {problem}") from None
        except (TypeError, binascii.Error, ValueError):
            raise UnsealError(f"the sealed value of `{path}` does not open: it is not base64") from None


def is_sealed(value: Any) -> bool:
    """Whether a value contains sealed values."""
    if isinstance(value, dict):
        return SEALED in value or any(is_sealed(each) for each in value.values() if isinstance(each, dict | list))
    return isinstance(value, list) and any(is_sealed(each) for each in value if isinstance(each, dict | list))


def _has(value: Mapping[str, Any], tree: Tree) -> bool:
    for name, inside in tree.items():
        found = value.get(name)
        if found is None:
            continue
        items = found if isinstance(found, list) else [found]
        if inside is None or any(_has(each, inside) for each in items):
            return True
    return False


def _seal_fields(value: Mapping[str, Any], tree: Tree, prefix: str, cipher: FieldCipher) -> dict[str, Any]:
    found = dict(value)
    for name, inside in tree.items():
        held = value.get(name)
        if held is None:
            continue  # missing, or cleared
        path = prefix + name
        if inside is None:
            found[name] = {SEALED: cipher.seal(path, held)}
        elif isinstance(held, list):
            found[name] = [_seal_fields(each, inside, f"{path}[{place}].", cipher) for place, each in enumerate(held)]
        else:
            found[name] = _seal_fields(held, inside, f"{path}.", cipher)
    return found


def _open_fields(value: Mapping[str, Any], prefix: str, cipher: FieldCipher) -> dict[str, Any]:
    return {
        name: _open_value(each, prefix + name, cipher) if isinstance(each, dict | list) else each
        for name, each in value.items()
    }


def _open_value(value: Any, path: str, cipher: FieldCipher) -> Any:
    if isinstance(value, list):
        return [_open_value(each, f"{path}[{place}]", cipher) for place, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return cipher.unseal(path, value[SEALED]) if SEALED in value else _open_fields(value, f"{path}.", cipher)
