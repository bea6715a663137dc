"""Which fields of a catalogue are sealed, and sealing them in profiles and in the data of events.

A sealed value is `{"$sealed": base64}` in the value's place: the canonical JSON of the value, so that every type comes
back exactly, bound to the catalogue, the profile and the field, and in an event to that event. The same holds for the
fields of objects, one by one, and of objects in a list for the object's place in the list.

Form 1 was not bound to the event, nor to the place in a list. It still opens; nothing is sealed so any more.
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
from .framing import framed

SEALED = "$sealed"
BOUND_FORM = b"\x02"  # bound to the event and to places in lists as well

_PLACES = re.compile(r"\[[0-9]+\]")


class Sealing:
    """What is sealed in one catalogue. `needed` is False where no field is encrypted, and then nothing is done."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue.name
        self._encrypted = Encrypted(catalogue)
        self._profile = self._encrypted.fields
        self._events: dict[str, Tree] = {SET: self._profile, **self._encrypted.events} if self._profile else {}
        self.needed = bool(self._profile)

    @property
    def event_fields(self) -> Mapping[str, frozenset[str]]:
        """The fields that are sealed by event type; those of `$set` are the profile's own."""
        return {name: frozenset(tree) for name, tree in self._events.items()}

    def covers(self, catalogue: Catalogue) -> bool:
        """Whether all that is encrypted in another catalogue is sealed by this one."""
        return self._encrypted.covers(Encrypted(catalogue))

    def predicate_needs(self, predicate: Predicate) -> bool:
        """Whether a predicate asks about something that is sealed, so that its constants must be sealed too."""
        return self._encrypted.mentions(predicate)

    def profile_needs(self, value: Mapping[str, Any]) -> bool:
        """Whether a profile has a value that must be sealed."""
        return self.needed and _has(value, self._profile)

    def event_needs(self, kind: str, data: Mapping[str, Any]) -> bool:
        """Whether an event of a type has a value that must be sealed."""
        return kind in self._events and _has(data, self._events[kind])

    def seal_profile(self, profile: str, value: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The profile as it may be kept."""
        return _sealed(value, self._profile, "", FieldCipher(self.catalogue, "profile", profile, data_key))

    def open_profile(self, profile: str, value: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The profile in plain, whatever is sealed in it. Raises UnsealError."""
        return _opened(value, "", FieldCipher(self.catalogue, "profile", profile, data_key))

    def seal_event(self, profile: str, event: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The event's data as they may be kept. It is known by its `id`, and by its `position` in the history."""
        tree = self._events.get(event["type"], {})
        return _sealed(event["data"], tree, f"{event['type']}.", self._event_cipher(profile, event, data_key))

    def open_event(self, profile: str, event: Mapping[str, Any], data_key: bytes) -> dict[str, Any]:
        """The event's data in plain, whatever is sealed in them. Raises UnsealError."""
        return _opened(event["data"], f"{event['type']}.", self._event_cipher(profile, event, data_key))

    def _event_cipher(self, profile: str, event: Mapping[str, Any], data_key: bytes) -> FieldCipher:
        # An id may be there twice, with other content; the position is there once.
        return FieldCipher(self.catalogue, "event", profile, data_key, (event["id"], str(event["position"])))


class FieldCipher:
    """Seals the values of one profile; `place` is where they are kept: `profile`, `event` or `index`.

    `within` says where exactly, if a profile has several such places. A path has places in lists: `cards[0].number`.
    """

    __slots__ = ("_bound_to", "_cipher", "_formerly")

    def __init__(self, catalogue: str, place: str, profile: str, data_key: bytes, within: tuple[str, ...] = ()) -> None:
        self._cipher = Cipher(data_key)
        self._bound_to = framed("decisor field 2", catalogue, place, profile, *within)
        self._formerly = (catalogue, place, profile)

    def seal(self, path: str, value: Any, nonce: bytes | None = None) -> str:
        """The value of a field, in base64; `nonce` as in `Cipher.seal`."""
        sealed = self._cipher.seal(canonical_bytes(value), self._bound_to + framed(path), nonce, BOUND_FORM)
        return base64.b64encode(sealed).decode()

    def unseal(self, path: str, text: str) -> Any:
        """The value. Raises UnsealError, which names the field."""
        try:
            sealed = base64.b64decode(text, validate=True)
            if sealed[:1] == FORM:
                bound_to = framed("decisor field 1", *self._formerly, _PLACES.sub("", path))
                return json.loads(self._cipher.unseal(sealed, bound_to))
            return json.loads(self._cipher.unseal(sealed, self._bound_to + framed(path), BOUND_FORM))
        except UnsealError as problem:
            raise UnsealError(f"the sealed value of `{path}` does not open: {problem}") from None
        except (TypeError, binascii.Error, ValueError):
            raise UnsealError(f"the sealed value of `{path}` does not open: it is no base64") from None


def is_sealed(value: Any) -> bool:
    """Whether anything in a value is sealed."""
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


def _sealed(value: Mapping[str, Any], tree: Tree, prefix: str, cipher: FieldCipher) -> dict[str, Any]:
    found = dict(value)
    for name, inside in tree.items():
        held = value.get(name)
        if held is None:
            continue  # missing, or cleared
        path = prefix + name
        if inside is None:
            found[name] = {SEALED: cipher.seal(path, held)}
        elif isinstance(held, list):
            found[name] = [_sealed(each, inside, f"{path}[{place}].", cipher) for place, each in enumerate(held)]
        else:
            found[name] = _sealed(held, inside, f"{path}.", cipher)
    return found


def _opened(value: Mapping[str, Any], prefix: str, cipher: FieldCipher) -> dict[str, Any]:
    return {
        name: _open(each, prefix + name, cipher) if isinstance(each, dict | list) else each
        for name, each in value.items()
    }


def _open(value: Any, path: str, cipher: FieldCipher) -> Any:
    if isinstance(value, list):
        return [_open(each, f"{path}[{place}]", cipher) for place, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return cipher.unseal(path, value[SEALED]) if SEALED in value else _opened(value, f"{path}.", cipher)
