"""AES-256-GCM with random nonces of 96 bits, and the one form in which all sealed values are stored.

Sealed bytes consist of a version byte, the nonce, the cipher text and its tag. The version says what the sealed bytes
are bound to, so the caller that seals names it. A key seals far fewer than 2^32 values: data keys belong to one
profile, and master keys wrap one data key per profile.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
FORM = b"\x01"


class UnsealError(RuntimeError):
    """A sealed value does not open; the message says which, and never shows a value or a key."""


def new_key() -> bytes:
    """256 random bits."""
    return os.urandom(KEY_BYTES)


@cache
def _library() -> tuple[type[AESGCM], type[Exception]]:
    """The cipher and the exception that it raises; imported once, since that takes as long as sealing a value."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM, InvalidTag


class Cipher:
    """One key, ready to use."""

    __slots__ = ("_cipher", "_refusal")

    def __init__(self, key: bytes) -> None:
        cipher, self._refusal = _library()
        self._cipher = cipher(key)

    def seal(self, plain: bytes, bound_to: bytes, nonce: bytes | None = None, form: bytes = FORM) -> bytes:
        """The sealed bytes, which open only with the same key and the same `bound_to`.

        `nonce` is for known-answer tests; a nonce that is used twice reveals both values.
        """
        nonce = os.urandom(NONCE_BYTES) if nonce is None else nonce
        return form + nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def unseal(self, sealed: bytes, bound_to: bytes, form: bytes = FORM) -> bytes:
        """The plain bytes. Raises UnsealError if the sealed bytes were changed or are bound to something else."""
        if sealed[:1] != form or len(sealed) < 1 + NONCE_BYTES + TAG_BYTES:
            raise UnsealError("it is not in a form that this decisor knows")
        try:
            return self._cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], bound_to)
        except self._refusal:
            raise UnsealError("it was changed, moved from elsewhere, or sealed with another key") from None
