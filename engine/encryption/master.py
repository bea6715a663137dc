"""Master keys: they wrap data keys and nothing else, so that they can live in a key management service."""

from __future__ import annotations

from typing import Protocol

from .cipher import Cipher


class MasterKey(Protocol):
    """The interface that a key management service must offer to replace a key of the key file."""

    @property
    def id(self) -> str:
        """The id that identifies the key wherever it was used; never the key itself."""
        ...

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """The data key, readable only by `unwrap` with the same context."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key. Raises UnsealError if it was changed or belongs to another context."""
        ...


class LocalMasterKey:
    """A master key that this process holds: AES-256-GCM."""

    __slots__ = ("_cipher", "_id")

    def __init__(self, name: str, key: bytes) -> None:
        self._id = name
        self._cipher = Cipher(key)

    def __repr__(self) -> str:
        return f"LocalMasterKey({self._id!r})"

    @property
    def id(self) -> str:
        """The id that identifies the key."""
        return self._id

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """The data key, sealed."""
        return self._cipher.seal(data_key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key. Raises UnsealError."""
        return self._cipher.unseal(wrapped, context)
