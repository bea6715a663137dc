"""The key file: master keys, the current one first, and hash keys, as JSON that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .cipher import KEY_BYTES, new_key

LIMIT = 256 * 1024  # bytes of a key file
VERSION = 1
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_FORM = (
    'expected {"version": 1, "master": [{"id": …, "key": …}], "hash": [{"id": …, "key": …}]};'
    " `decisor keys generate` creates one"
)


class KeysRefusedError(RuntimeError):
    """Keys cannot be used; the message says which and why, and never shows a key."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A key and its id."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.id!r})"


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a key file; the first master key is the current one."""

    master: tuple[Key, ...]
    hash: tuple[Key, ...]

    def with_new_master(self) -> KeySet:
        """A copy with one more master key, which is the current one."""
        return replace(self, master=(_new("m"), *self.master))

    def with_new_hash(self) -> KeySet:
        """A copy with one more hash key, the last one."""
        return replace(self, hash=(*self.hash, _new("h")))

    def text(self) -> str:
        """The content of the file."""
        shown = {"version": VERSION, "master": _plain_entries(self.master), "hash": _plain_entries(self.hash)}
        return json.dumps(shown, indent=2) + "\n"


def new_key_set() -> KeySet:
    """One master key and one hash key."""
    return KeySet((_new("m"),), (_new("h"),))


def _new(kind: str) -> Key:
    return Key(f"{kind}-{os.urandom(6).hex()}", new_key())


def _plain_entries(keys: tuple[Key, ...]) -> list[dict[str, str]]:
    return [{"id": each.id, "key": base64.b64encode(each.secret).decode()} for each in keys]


def read_key_set(text: str, name: str) -> KeySet:
    """The keys in a text; `name` names its source in messages. Raises KeysRefusedError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise KeysRefusedError(f"{name}: it is not JSON; {_FORM}") from None
    if not isinstance(data, dict) or data.get("version") != VERSION or set(data) != {"version", "master", "hash"}:
        raise KeysRefusedError(f"{name}: {_FORM}")
    return KeySet(_keys(data["master"], "master", name), _keys(data["hash"], "hash", name))


def _keys(data: Any, kind: str, name: str) -> tuple[Key, ...]:
    if not isinstance(data, list) or not data:
        raise KeysRefusedError(f"{name}: `{kind}` holds no keys; {_FORM}")
    keys = tuple(_key(each, f"{name}: {kind} key number {place}") for place, each in enumerate(data, start=1))
    names = [each.id for each in keys]
    for each in names:
        if names.count(each) > 1:
            raise KeysRefusedError(f"{name}: `{each}` is the id of two {kind} keys; every key has an id of its own")
    return keys


def _key(data: Any, where: str) -> Key:
    if (
        not isinstance(data, dict)
        or set(data) != {"id", "key"}
        or not all(isinstance(each, str) for each in data.values())
    ):
        raise KeysRefusedError(f'{where}: expected {{"id": …, "key": …}}')
    if not _ID.fullmatch(data["id"]):
        raise KeysRefusedError(f"{where}: expected an `id` of at most 64 letters, digits, `.`, `_` and `-`")
    try:
        secret = base64.b64decode(data["key"], validate=True)
    except (binascii.Error, ValueError):
        raise KeysRefusedError(f"{where} (`{data['id']}`): expected base64") from None
    if len(secret) != KEY_BYTES:
        raise KeysRefusedError(f"{where} (`{data['id']}`): expected {KEY_BYTES} bytes, found {len(secret)}")
    return Key(data["id"], secret)


def read_key_file(path: Path) -> KeySet:
    """The keys of a file. Raises KeysRefusedError, also if users other than its owner may read it."""
    name = f"key file `{path}`"
    try:
        with open(path, "rb", opener=_without_waiting) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise KeysRefusedError(f"{name}: it is not a file")
            if status.st_mode & 0o077:
                mode = stat.S_IMODE(status.st_mode)
                raise KeysRefusedError(
                    f"{name}: users other than its owner may open it ({mode:04o}); run `chmod 600` on it"
                )
            raw = stream.read(LIMIT + 1)
    except OSError as problem:
        raise KeysRefusedError(f"{name}: it cannot be read: {problem.strerror or type(problem).__name__}") from None
    if len(raw) > LIMIT:
        raise KeysRefusedError(f"{name}: it has more than {LIMIT // 1024} KiB; {_FORM}")
    try:
        return read_key_set(raw.decode(), name)
    except UnicodeDecodeError:
        raise KeysRefusedError(f"{name}: it is not UTF-8; {_FORM}") from None


def _without_waiting(path: str, flags: int) -> int:
    """The descriptor of a file; a pipe is opened at once, where it would otherwise wait for whoever writes into it."""
    return os.open(path, flags | os.O_NONBLOCK)


def write_new_key_file(path: Path, keys: KeySet) -> None:
    """Write a new file. Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(keys.text())
        stream.flush()
        os.fsync(stream.fileno())


def replace_key_file(path: Path, keys: KeySet) -> None:
    """Replace a file's content; readers see the old content or the new. Raises OSError.

    The owner stays the same; if the path is a link, its target is replaced.
    """
    path = path.resolve()
    status = path.stat()
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        write_new_key_file(draft, keys)
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(draft, status.st_uid, status.st_gid)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
