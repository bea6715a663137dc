"""Sealing things whole that belong to no profile for sure, such as dead letters: each has a key of its own.

What a payload is bound to is no part of its head, so that it is wrapped anew without knowing that. Dead letters were
once bound to nothing; such ones still open.
"""

from __future__ import annotations

from .cipher import Cipher, UnsealError, new_key
from .framing import framed, unframed
from .keyring import Keyring
from .master import MasterKey

FORM = b"decisor payload 1"
_CONTEXT = framed(FORM)
HEAD = 1_024  # bytes within which the id of the master key and the wrapped key lie, also those of a service


def seal_payload(master: MasterKey, payload: bytes, bound_to: bytes = b"") -> bytes:
    """The payload, sealed under a master key; it opens only with the same `bound_to`."""
    key = new_key()
    return _head(master, key) + Cipher(key).seal(payload, _bound(bound_to))


def open_payload(keyring: Keyring, sealed: bytes, bound_to: bytes = b"") -> bytes:
    """What was sealed. Raises UnsealError and KeyMissingError."""
    master, wrapped, rest = _parts(sealed)
    return Cipher(keyring.master(master).unwrap(wrapped, _CONTEXT)).unseal(rest, _bound(bound_to))


def seal_letter(master: MasterKey, payload: bytes, source: str) -> bytes:
    """A dead letter, sealed under a master key; it opens only as the letter from the same `source`."""
    return seal_payload(master, payload, _letter(source))


def open_letter(keyring: Keyring, sealed: bytes, source: str) -> bytes:
    """A sealed dead letter in plain. Raises UnsealError and KeyMissingError."""
    try:
        return open_payload(keyring, sealed, _letter(source))
    except UnsealError:
        return open_payload(keyring, sealed)  # sealed before letters were bound to where they come from


def _letter(source: str) -> bytes:
    return framed("dead letter", source)


def master_of(sealed: bytes) -> str:
    """The id of the master key that a sealed payload, or its first `HEAD` bytes, needs. Raises UnsealError."""
    return _parts(sealed)[0]


def open_key(keyring: Keyring, sealed: bytes) -> bytes:
    """The key of a sealed payload, or of its first `HEAD` bytes. Raises UnsealError and KeyMissingError."""
    master, wrapped, _ = _parts(sealed)
    return keyring.master(master).unwrap(wrapped, _CONTEXT)


def rewrap(keyring: Keyring, sealed: bytes) -> bytes:
    """The same, under the current master key."""
    master, wrapped, rest = _parts(sealed)
    return _head(keyring.current, keyring.master(master).unwrap(wrapped, _CONTEXT)) + rest


def _bound(bound_to: bytes) -> bytes:
    return framed(FORM, bound_to) if bound_to else FORM


def _head(master: MasterKey, key: bytes) -> bytes:
    return framed(FORM, master.id, master.wrap(key, _CONTEXT))


def _parts(sealed: bytes) -> tuple[str, bytes, bytes]:
    try:
        (form, master, wrapped), rest = unframed(sealed, 3)
        if form == FORM:
            return master.decode(), wrapped, rest
    except ValueError:
        pass
    raise UnsealError("a sealed payload is not in a form that this decisor knows")
