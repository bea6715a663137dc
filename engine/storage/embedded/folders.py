"""Access to files and folders of servers without following links.

A link or folder that a repository, or a server's own account, has put in place of ours is refused.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from .account import ServerUnavailableError

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@contextmanager
def open_folder(folder: Path, owners: Collection[int] = ()) -> Iterator[int]:
    """Open a folder that is not a link and belongs to us or one of the owners; yields its descriptor.

    Raises ServerUnavailableError.
    """
    try:
        descriptor = os.open(folder, _FOLDER)
    except OSError as problem:
        if not os.path.lexists(folder) or not folder.is_symlink():
            raise
        raise ServerUnavailableError(
            f"`{folder}` is a link, and its target is not decisor's: remove the link, and try again"
        ) from problem
    try:
        if os.fstat(descriptor).st_uid not in {os.geteuid(), *owners}:
            raise ServerUnavailableError(f"`{folder}` belongs to another user: run this as its owner, or move it away")
        yield descriptor
    finally:
        os.close(descriptor)


def replace_file(
    folder: int, name: str, content: bytes, mode: int = 0o600, owner: tuple[int, int] | None = None
) -> None:
    """Write a file in an open folder, replacing whatever has its name."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    with open(os.open(name, _NEW, mode, dir_fd=folder), "wb") as stream:  # noqa: PTH123 - `Path.open` takes no descriptor
        stream.write(content)
        if owner is not None:
            os.fchown(stream.fileno(), *owner)


def read_within(folder: int, name: str, most: int, *, end: bool = False) -> bytes | None:
    """The first `most` bytes of a regular file in an open folder, or the last; None for a missing file or a link."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - as above
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return None
        stream.seek(max(0, about.st_size - most) if end else 0)
        return stream.read(most)


def read_plain(path: Path, most: int, *, end: bool = False) -> bytes | None:
    """The same for the file at a path; None also if its folder is a link."""
    try:
        folder = os.open(path.parent, _FOLDER)
    except OSError:
        return None
    try:
        return read_within(folder, path.name, most, end=end)
    finally:
        os.close(folder)


def open_to_append(path: Path) -> IO[bytes]:
    """Open a regular file for appending, creating it if need be; a link or a pipe raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return open(descriptor, "ab")  # noqa: PTH123 - `Path.open` takes no descriptor; the caller closes it


def unlink_within(folder: Path, *names: str) -> None:
    """Remove files of a folder that is not a link; missing files are skipped."""
    with suppress(FileNotFoundError):
        descriptor = os.open(folder, _FOLDER)
        try:
            for name in names:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=descriptor)
        finally:
            os.close(descriptor)
