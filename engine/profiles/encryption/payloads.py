"""Sealing things whole that belong to no profile for sure, such as dead letters: each has a key of its own."""

from __future__ import annotations

from .cipher import Cipher, UnsealError, new_key
from .framing import framed, unframed
from .keyring import Keyring

FORM = b"decisor payload 1"
_CONTEXT = framed(FORM)
HEAD = 1_024  # bytes within which the id of the master key and the wrapped key lie, also those of a service


def seal_payload(keyring: Keyring, payload: bytes) -> bytes:
    """The payload, sealed under the current master key."""
    key = new_key()
    return _head(keyring, key) + Cipher(key).seal(payload, FORM)


def open_payload(keyring: Keyring, sealed: bytes) -> bytes:
    """What was sealed. Raises UnsealError and KeyMissingError."""
    master, wrapped, rest = _parts(sealed)
    return Cipher(keyring.master(master).unwrap(wrapped, _CONTEXT)).unseal(rest, FORM)


def master_of(sealed: bytes) -> str:
    """The id of the master key that a sealed payload, or its first `HEAD` bytes, needs. Raises UnsealError."""
    return _parts(sealed)[0]


def rewrap(keyring: Keyring, sealed: bytes) -> bytes:
    """The same, under the current master key."""
    master, wrapped, rest = _parts(sealed)
    return _head(keyring, keyring.master(master).unwrap(wrapped, _CONTEXT)) + rest


def _head(keyring: Keyring, key: bytes) -> bytes:
    master = keyring.current
    return framed(FORM, master.id, master.wrap(key, _CONTEXT))


def _parts(sealed: bytes) -> tuple[str, bytes, bytes]:
    try:
        (form, master, wrapped), rest = unframed(sealed, 3)
        if form == FORM:
            return master.decode(), wrapped, rest
    except ValueError:
        pass
    raise UnsealError("a sealed payload is not in a form that this decisor knows")
