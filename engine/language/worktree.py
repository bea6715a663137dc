"""Whether files are as they were committed, told from their content.

Git itself would start the filters that a workspace's attributes and configuration name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

MOST_BYTES: Final = 256 * 1024 * 1024  # of a file that is compared in other forms than its own

_PIECE: Final = 1024 * 1024
_HASHES: Final = {40: "sha1", 64: "sha256"}  # by the length of a blob's name
_LFS: Final = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"


def is_as_committed(path: Path, mode: str, blob: str) -> bool:
    """Whether what lies at a path is the committed blob, or becomes it by git's own line breaks or by git-lfs."""
    try:
        if mode == "120000":
            target = os.fsencode(path.readlink())
            return _name_of([target], len(target), blob) == blob
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as stream:  # noqa: PTH123 - opens a descriptor, so that neither link nor pipe is followed
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                return False
            if _name_of(_pieces(stream), about.st_size, blob) == blob:
                return True
            stream.seek(0)
            return about.st_size <= MOST_BYTES and any(_is(each, blob) for each in _forms(stream.read(MOST_BYTES)))
    except OSError:
        return False


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _forms(content: bytes) -> Iterator[bytes]:
    """What git may have committed of this content instead."""
    if b"\r\n" in content:
        yield content.replace(b"\r\n", b"\n")
    yield _LFS % (hashlib.sha256(content).hexdigest().encode(), len(content))


def _is(content: bytes, blob: str) -> bool:
    return _name_of([content], len(content), blob) == blob


def _name_of(pieces: Iterable[bytes], size: int, like: str) -> str:
    """The name that git gives a blob, in the kind of hash that another name has."""
    digest = hashlib.new(_HASHES.get(len(like), "sha1"), usedforsecurity=False)
    digest.update(b"blob %d\0" % size)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
