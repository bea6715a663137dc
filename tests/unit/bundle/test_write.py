from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from engine.bundle.envelope import About, Envelope, open_envelope, seal
from engine.bundle.write import write_bundle


@pytest.fixture
def envelope() -> Envelope:
    return seal({"program": {}, "targets": {}}, About("shop", 1))


def test_the_file_is_the_bundle_and_nothing_is_left_beside_it(envelope: Envelope, tmp_path: Path) -> None:
    file = tmp_path / "shop.bundle"
    size = write_bundle(file, envelope)
    assert file.read_bytes() == envelope.file_bytes()
    assert size == file.stat().st_size
    assert [each.name for each in tmp_path.iterdir()] == ["shop.bundle"]


def test_an_earlier_bundle_is_replaced_whole(envelope: Envelope, tmp_path: Path) -> None:
    file = tmp_path / "shop.bundle"
    write_bundle(file, envelope)
    with file.open("rb") as reader:  # a reader that has opened the old file keeps reading the old file
        write_bundle(file, dataclasses.replace(envelope, about=About("shop", 2)))
        assert open_envelope(reader.read()).about.sequence == 1
    assert open_envelope(file.read_bytes()).about.sequence == 2


def test_a_place_that_cannot_be_written_keeps_nothing(envelope: Envelope, tmp_path: Path) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_bundle(tmp_path / "taken", envelope)
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]
    with pytest.raises(FileNotFoundError):
        write_bundle(tmp_path / "missing" / "shop.bundle", envelope)


def test_a_pipe_or_a_device_is_not_replaced(envelope: Envelope, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(os.devnull)
    for file in (pipe, link):
        with pytest.raises(OSError, match="not a regular file"):
            write_bundle(file, envelope)
    assert pipe.is_fifo()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "pipe"]


def test_everybody_may_read_the_bundle(envelope: Envelope, tmp_path: Path) -> None:
    write_bundle(tmp_path / "shop.bundle", envelope)
    assert (tmp_path / "shop.bundle").stat().st_mode & 0o777 == 0o644
