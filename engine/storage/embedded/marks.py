"""Marks on what this account has created on this machine; nobody else can write one, so a repository cannot bring one.

A folder with data starts a server that runs what its configuration names, and a record says which processes to end.
Both lie in the workspace, where a clone can put anything. So both carry a code that only the account's own key can
make. It covers where they lie: their path, or the folder's inode number, so that a workspace may be moved.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from .account import ServerUnavailableError
from .folders import read_within, replace_file

KEY: Final = "key"
MARK: Final = "mark"
DRAFT: Final = "mark.draft"

_KEY_BYTES: Final = 32
_MARK_BYTES: Final = 129  # two codes in hexadecimal and a line break


def state_folder() -> Path:
    """The folder where this account stores its state on this machine, outside of workspaces."""
    named = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(named):  # noqa: PTH117 - text of the environment
        return Path(named) / "decisor"
    if os.geteuid() == 0:
        return Path("/var/lib/decisor")
    return Path.home() / ".local" / "state" / "decisor"


def mark(folder: Path, descriptor: int) -> None:
    """Mark an open folder as created by us. Raises ServerUnavailableError."""
    replace_file(descriptor, DRAFT, "\n".join(codes(folder, descriptor, b"folder", make=True)).encode(), 0o644)
    os.rename(DRAFT, MARK, src_dir_fd=descriptor, dst_dir_fd=descriptor)


def is_marked(folder: Path, descriptor: int) -> bool:
    """Whether we have created an open folder. Raises ServerUnavailableError if the key cannot be used."""
    found = read_within(descriptor, MARK, _MARK_BYTES + 1)
    return found is not None and agree(found.decode("ascii", "replace").split(), codes(folder, descriptor, b"folder"))


def is_empty(descriptor: int) -> bool:
    """Whether an open folder is empty, or holds only what an interrupted `mark` has left."""
    return set(os.listdir(descriptor)) <= {DRAFT}


def codes(folder: Path, descriptor: int, content: bytes, *, make: bool = False) -> list[str]:
    """The codes of a content in an open folder, by its path and by its inode number; none without a key."""
    key = _key(make=make)
    if key is None:
        return []
    places = (b"path " + os.fsencode(os.path.realpath(folder)), b"number %d" % os.fstat(descriptor).st_ino)
    return [hmac.new(key, place + b"\0" + content, hashlib.sha256).hexdigest() for place in places]


def agree(found: list[str], expected: list[str]) -> bool:
    """Whether one of the codes equals the one expected at its position."""
    pairs = zip(found, expected, strict=False)
    return any(hmac.compare_digest(one.encode(), other.encode()) for one, other in pairs)


def _key(*, make: bool) -> bytes | None:
    folder = state_folder()
    try:
        if make:
            _make_key(folder)
        descriptor = os.open(folder / KEY, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as problem:
        reason = (problem.strerror or "the system refuses").lower()
        raise ServerUnavailableError(
            f"`{folder / KEY}` cannot be used ({reason}): name a folder of yours in XDG_STATE_HOME"
        ) from None
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - opens a descriptor, so that no link is followed
        about = os.fstat(descriptor)
        key = stream.read(_KEY_BYTES + 1) if stat.S_ISREG(about.st_mode) else b""
    if about.st_uid != os.geteuid() or about.st_mode & 0o077 or len(key) != _KEY_BYTES:
        raise ServerUnavailableError(
            f"`{folder / KEY}` is not a file of {_KEY_BYTES} bytes that only you can read: remove it, or name a folder"
            " of yours in XDG_STATE_HOME"
        )
    return key


def _make_key(folder: Path) -> None:
    """Create the key unless it exists; it appears whole or not at all."""
    if os.path.lexists(folder / KEY):
        return
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = folder / f"{KEY}.{secrets.token_hex(8)}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:  # noqa: PTH123 - `Path.open` takes no mode
        stream.write(secrets.token_bytes(_KEY_BYTES))
    try:
        with suppress(FileExistsError):  # another process has created it meanwhile
            (folder / KEY).hardlink_to(draft)
    finally:
        draft.unlink()
