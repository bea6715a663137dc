"""Reads files that come from outside: bounded, and never waiting for a pipe."""

from __future__ import annotations

import os
import stat
from errno import EINVAL
from pathlib import Path


def read_file(file: Path, limit: int) -> bytes:
    """The first `limit` bytes of a regular file. Raises OSError, also for a pipe, a device or a folder."""
    with open(file, "rb", opener=_without_waiting) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(EINVAL, "it is not a regular file", str(file))
        return stream.read(limit)


def _without_waiting(path: str, flags: int) -> int:
    """The descriptor of a file; a pipe is opened at once, where it would otherwise wait for a writer."""
    return os.open(path, flags | os.O_NONBLOCK)
