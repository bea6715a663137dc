"""Zip files: their digest, and unpacking with the executable bits that Python's own unpacking drops."""

from __future__ import annotations

import hashlib
import shutil
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zipfile import ZipInfo


class ArchiveError(ValueError):
    """A member of an archive lies outside of it, or is neither a file nor a folder."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip into a new folder. Raises ArchiveError before anything is written."""
    from zipfile import ZipFile

    with ZipFile(archive) as opened:
        members = opened.infolist()
        for member in members:
            _check(member)
        folder.mkdir()
        for member in members:
            path = folder / member.filename
            if member.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, path.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            path.chmod(0o755 if member.external_attr >> 16 & 0o111 else 0o644)


def _check(member: ZipInfo) -> None:
    path = PurePosixPath(member.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
        raise ArchiveError(f"`{member.filename}` lies outside of the archive's folder")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ArchiveError(f"`{member.filename}` is not a file or folder: nothing else is unpacked")
