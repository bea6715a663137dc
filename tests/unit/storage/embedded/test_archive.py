"""Unpacking a zip: executable bits are kept, nothing lands outside."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from engine.storage.embedded.archive import ArchiveError, sha256_of, unpack


def zip_with(path: Path, name: str, mode: int) -> Path:
    member = ZipInfo(name)
    member.external_attr = mode << 16
    with ZipFile(path, "w") as archive:
        archive.writestr("first.txt", "first")
        archive.writestr(member, "text")
    return path


def test_executable_bits_are_kept(tmp_path: Path) -> None:
    archive = zip_with(tmp_path / "a.zip", "top/bin/run", stat.S_IFREG | 0o755)
    unpack(archive, tmp_path / "out")
    assert (tmp_path / "out/top/bin/run").read_text() == "text"
    assert (tmp_path / "out/top/bin/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out/first.txt").stat().st_mode & 0o777 == 0o644


def test_folders_are_made(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("empty/inner")
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (tmp_path / "out/empty/inner").is_dir()


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "a\\..\\outside"])
def test_member_outside_of_the_folder_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    archive = zip_with(tmp_path / "a.zip", name, stat.S_IFREG | 0o644)
    with pytest.raises(ArchiveError, match="lies outside of the archive's folder"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    archive = zip_with(tmp_path / "a.zip", "link", kind | 0o777)
    with pytest.raises(ArchiveError, match="`link` is not a file"):
        unpack(archive, tmp_path / "out")


def test_digest_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"bytes").hexdigest()
