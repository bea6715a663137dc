"""Packs a program into a bundle, and writes the file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from errno import EINVAL
from pathlib import Path

from ..ir.program import Program
from .content import bundle_content
from .envelope import About, Envelope, seal


def pack(program: Program, about: About) -> Envelope:
    """The unsigned bundle of a program."""
    return seal(bundle_content(program), about)


def write_bundle(file: Path, envelope: Envelope) -> int:
    """Write the bundle in one step and return its size in bytes; a reader sees the old file or the new one.

    Raises OSError, also where a device, a pipe or a folder has the file's name, and leaves no part of the new file
    behind.
    """
    if file.exists() and not file.is_file():  # replacing `/dev/null` would break the machine for everybody
        raise OSError(EINVAL, "it is not a regular file", str(file))
    raw = envelope.file_bytes()
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    written = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        written.chmod(0o644)
        written.replace(file)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    return len(raw)
