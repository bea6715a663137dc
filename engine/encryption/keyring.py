"""The keys that a process holds: master keys for data keys, hash keys for equality search.

The database (`fact`) says which of them are in use, so that all processes agree; a process that meets an unknown id
reads its key file again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from .key_file import KeySet, KeysRefusedError, read_key_file, read_key_set
from .master import LocalMasterKey, MasterKey

KEYS_FILE = "DECISOR_KEYS_FILE"
KEYS = "DECISOR_KEYS"

Keys: TypeAlias = tuple[Sequence[MasterKey], Mapping[str, bytes]]


class KeyMissingError(KeysRefusedError):
    """A key that was used is not among the available ones."""


class Source(Protocol):
    """Where the keys come from, when they can change while a process runs."""

    def read(self) -> Keys:
        """The available keys. Raises KeysRefusedError."""
        ...

    def has_changed(self) -> bool:
        """Whether the keys may have changed since they were read last."""
        ...


class KeyFile:
    """A key file as a source."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, ...] = ()

    def read(self) -> Keys:
        """The keys in the file. Raises KeysRefusedError."""
        self._seen = self._look()
        return _load(read_key_file(self.path))

    def has_changed(self) -> bool:
        """Whether the file was replaced or written to."""
        return self._look() != self._seen

    def _look(self) -> tuple[int, ...]:
        try:
            status = self.path.stat()
        except OSError:
            return ()
        return status.st_ino, status.st_mtime_ns, status.st_size


class Keyring:
    """Master keys, the current one first, and hash keys by id; `source` is where they are reloaded from."""

    def __init__(
        self,
        masters: Sequence[MasterKey],
        hash_keys: Mapping[str, bytes],
        *,
        source: Source | None = None,
        file: Path | None = None,
    ) -> None:
        if not masters or not hash_keys:
            raise KeysRefusedError("a keyring needs at least one master key and one hash key")
        self._masters = {each.id: each for each in masters}
        self._hash_keys = dict(hash_keys)
        self._source = source
        self._lock = threading.Lock()
        self.file = file

    def __repr__(self) -> str:
        return f"Keyring({', '.join([*self._masters, *self._hash_keys])})"

    @property
    def current(self) -> MasterKey:
        """The first master key, reloaded first if the source has changed and can be read."""
        if self._source is not None and self._source.has_changed():
            with suppress(KeysRefusedError):
                self.reload()
        return next(iter(self._masters.values()))

    @property
    def master_ids(self) -> list[str]:
        """The ids of the master keys, the current one first."""
        return list(self._masters)

    @property
    def hash_ids(self) -> list[str]:
        """The ids of the hash keys, the oldest first."""
        return list(self._hash_keys)

    def master(self, name: str) -> MasterKey:
        """The master key with this id. Raises KeyMissingError."""
        found = self._masters.get(name)
        if found is None:
            self.reload()
            found = self._masters.get(name)
        if found is None:
            raise KeyMissingError(self._missing("master", name))
        return found

    def hash_key(self, name: str) -> bytes:
        """The hash key with this id. Raises KeyMissingError."""
        found = self._hash_keys.get(name)
        if found is None:
            self.reload()
            found = self._hash_keys.get(name)
        if found is None:
            raise KeyMissingError(self._missing("hash", name))
        return found

    def reload(self) -> None:
        """Load the source's current keys; keys that it no longer has are dropped. Raises KeysRefusedError."""
        if self._source is not None:
            with self._lock:
                masters, hash_keys = self._source.read()
                self._masters = {each.id: each for each in masters}
                self._hash_keys = dict(hash_keys)

    def _missing(self, kind: str, name: str) -> str:
        where = f"the key file `{self.file}`" if self.file is not None else f"the keys of this process ({KEYS})"
        mend = "put it back there" if self.file is not None else "put it there and start the process again"
        if kind == "master":
            mend += ", or, if `decisor keys status` shows that it has sealed nothing, run `decisor keys rotate`"
        return f"the {kind} key `{name}`, which the database uses, is not in {where}; {mend}"


def open_keyring(environ: Mapping[str, str]) -> Keyring | None:
    """The keyring that the environment names, None where it names none. Raises KeysRefusedError."""
    file, text = environ.get(KEYS_FILE), environ.get(KEYS)
    if file and text:
        raise KeysRefusedError(f"both {KEYS_FILE} and {KEYS} are set; expected one of them")
    if file:
        return keyring_of_file(Path(file))
    if text:
        masters, hash_keys = _load(read_key_set(text, KEYS))
        return Keyring(masters, hash_keys)
    return None


def keyring_of_file(path: Path) -> Keyring:
    """The keyring of a key file, which is read again when needed. Raises KeysRefusedError."""
    # A link is not resolved: it may lead elsewhere when the file is read again.
    source = KeyFile(Path(os.path.abspath(path)))  # noqa: PTH100 - `Path.resolve` follows links
    masters, hash_keys = source.read()
    return Keyring(masters, hash_keys, source=source, file=source.path)


def _load(keys: KeySet) -> Keys:
    try:
        masters = [LocalMasterKey(each.id, each.secret) for each in keys.master]
    except ImportError:
        raise KeysRefusedError(
            "the library `cryptography` is not installed: pip install 'decisor[encryption]'"
        ) from None
    return masters, {each.id: each.secret for each in keys.hash}
