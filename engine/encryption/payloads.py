"""Seals whole payloads that may belong to no profile, such as dead letters; each has a key of its own.

The head of a payload does not contain what it is bound to, so it can be rewrapped without knowing that. Dead letters
used to be bound to nothing; those still open.
"""

from __future__ import annotations

from .cipher import Cipher, UnsealError, new_key
from .framing import frame, unframe
from .keyring import Keyring
from .master import MasterKey

FORM = b"decisor payload 1"
_CONTEXT = frame(FORM)
HEAD = 1_024  # bytes that hold the id of the master key and the wrapped key, including those of a key service


def seal_payload(master: MasterKey, payload: bytes, bound_to: bytes = b"") -> bytes:
    """The payload, sealed under a master key; it opens only with the same `bound_to`."""
    key = new_key()
    return _head(master, key) + Cipher(key).seal(payload, _associated_data(bound_to))


def open_payload(keyring: Keyring, sealed: bytes, bound_to: bytes = b"") -> bytes:
    """The plain payload. Raises UnsealError and KeyMissingError."""
    master, wrapped, rest = _parts(sealed)
    return Cipher(keyring.master(master).unwrap(wrapped, _CONTEXT)).unseal(rest, _associated_data(bound_to))


def seal_letter(master: MasterKey, payload: bytes, source: str) -> bytes:
    """A dead letter, sealed under a master key; it opens only as the letter from the same `source`."""
    return seal_payload(master, payload, _letter(source))


def open_letter(keyring: Keyring, sealed: bytes, source: str) -> bytes:
    """A sealed dead letter in plain. Raises UnsealError and KeyMissingError."""
    try:
        return open_payload(keyring, sealed, _letter(source))
    except UnsealError:
        return open_payload(keyring, sealed)  # sealed before letters were bound to their source


def _letter(source: str) -> bytes:
    return frame("dead letter", source)


def master_of(sealed: bytes) -> str:
    """The id of the master key that a sealed payload, or its first `HEAD` bytes, needs. Raises UnsealError."""
    return _parts(sealed)[0]


def open_key(keyring: Keyring, sealed: bytes) -> bytes:
    """The key of a sealed payload, or of its first `HEAD` bytes. Raises UnsealError and KeyMissingError."""
    master, wrapped, _ = _parts(sealed)
    return keyring.master(master).unwrap(wrapped, _CONTEXT)


def rewrap(keyring: Keyring, sealed: bytes) -> bytes:
    """The payload, rewrapped under the current master key."""
    master, wrapped, rest = _parts(sealed)
    return _head(keyring.current, keyring.master(master).unwrap(wrapped, _CONTEXT)) + rest


def _associated_data(bound_to: bytes) -> bytes:
    return frame(FORM, bound_to) if bound_to else FORM


def _head(master: MasterKey, key: bytes) -> bytes:
    return frame(FORM, master.id, master.wrap(key, _CONTEXT))


def _parts(sealed: bytes) -> tuple[str, bytes, bytes]:
    try:
        (form, master, wrapped), rest = unframe(sealed, 3)
        if form == FORM:
            return master.decode(), wrapped, rest
    except ValueError:
        pass
    raise UnsealError("a sealed payload is not in a form that this decisor knows")
