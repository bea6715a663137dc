"""A workspace that somebody else has filled: `up` and `down` touch nothing that they have not made themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.storage.embedded.account import ServerUnavailableError
from engine.storage.embedded.places import PREFIX, remove_socket_folder, socket_folder
from engine.storage.embedded.process import is_running, start_instant
from engine.storage.embedded.state import FILE, FOLDER, record, recorded_servers, remembered_servers, running_servers
from engine.storage.embedded.workspace import start, stop
from engine.storage.locations import locations_of
from tests.waiting import until

NAMES = ("redis", "postgres")


def planted(root: Path, **servers: dict[str, object]) -> Path:
    """A record as a repository may bring it."""
    (root / FOLDER).mkdir()
    file = root / FOLDER / FILE
    file.write_text(json.dumps({"mark": ["0" * 64, "0" * 64], "servers": servers}))
    return file


def server(**fields: object) -> dict[str, object]:
    return {"url": "redis://203.0.113.1:6379/0", "pid": 1, "started": "x", "data": "/", **fields}


def refusal(root: Path, name: str, *, adopt: bool = False) -> str:
    with pytest.raises(ServerUnavailableError) as refused:
        list(start(root, [name], adopt=adopt))
    return str(refused.value)


@pytest.mark.parametrize("plain", [False, True])
def test_a_planted_record_ends_no_process_removes_no_folder_and_names_no_server(
    served_folder: Path,
    plain: bool,  # noqa: FBT001
    capsys: pytest.CaptureFixture[str],
) -> None:
    precious = served_folder / "precious"
    precious.mkdir()
    (precious / "kept").touch()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        said = server(pid=other.pid, started=start_instant(other.pid), sockets=str(precious), data=str(precious))
        file = planted(served_folder, redis=said)
        if plain:
            file.write_text(json.dumps({"redis": said}))
        assert recorded_servers(served_folder) == running_servers(served_folder) == {}
        assert locations_of(served_folder, {}).redis is None
        assert main(["down", "-C", str(served_folder)]) == 2
        assert "was not written by `decisor up` of this account on this machine" in capsys.readouterr().err
        assert main(["up", "-C", str(served_folder)]) == 0
        assert main(["down", "-C", str(served_folder)]) == 0
        assert other.poll() is None
        other.kill()
    assert (precious / "kept").exists()


def test_a_record_of_another_workspace_is_not_believed(served_folder: Path) -> None:
    (served_folder / "mine").mkdir()
    list(start(served_folder / "mine", ["redis"]))
    theirs = served_folder / "theirs" / FOLDER
    theirs.mkdir(parents=True)
    (theirs / FILE).write_bytes((served_folder / "mine" / FOLDER / FILE).read_bytes())
    assert remembered_servers(served_folder / "theirs") == {}
    assert list(stop(served_folder / "theirs")) == []
    assert list(running_servers(served_folder / "mine")) == ["redis"]
    (served_folder / "mine").rename(served_folder / "moved")
    assert list(running_servers(served_folder / "moved")) == ["redis"]
    assert [each.what for each in stop(served_folder / "moved")] == ["stopped"]


@pytest.mark.parametrize("name", NAMES)
def test_data_that_we_have_not_made_is_not_started(served_folder: Path, name: str) -> None:
    folder = served_folder / FOLDER / name
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "postgresql.conf").write_text("archive_mode = on\n")
    before = folder.stat()
    assert "was not created by `decisor up` of this account on this machine" in refusal(served_folder, name)
    (folder / "mark").write_text("0" * 64)
    assert "was not created" in refusal(served_folder, name)
    assert (folder.stat().st_uid, folder.stat().st_mode) == (before.st_uid, before.st_mode)


def test_data_that_came_from_elsewhere_can_be_adopted(
    served_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    list(start(served_folder, ["redis"]))
    list(stop(served_folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # as on another machine
    assert "`decisor up --adopt`" in refusal(served_folder, "redis")
    assert [each.what for each in start(served_folder, ["redis"], adopt=True)] == ["started"]
    list(stop(served_folder))
    assert [each.what for each in start(served_folder, ["redis"])] == ["started"]


@pytest.mark.parametrize("link", [FOLDER, *(f"{FOLDER}/{name}" for name in (*NAMES, "elasticsearch"))])
def test_no_link_is_followed_to_a_folder(served_folder: Path, link: str) -> None:
    precious = served_folder / "precious"
    precious.mkdir(mode=0o700)
    (served_folder / link).parent.mkdir(exist_ok=True)
    (served_folder / link).symlink_to(precious)
    before = precious.stat()
    name = link.rpartition("/")[2] if "/" in link else "redis"
    for adopt in (False, True):
        assert "is a link" in refusal(served_folder, name, adopt=adopt)
    assert precious.stat() == before
    assert list(precious.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("inside", ["data", "in-use", "log"])
def test_no_link_is_followed_inside_a_folder_of_ours(served_folder: Path, name: str, inside: str) -> None:
    list(start(served_folder, [name]))
    list(stop(served_folder))
    entry = served_folder / FOLDER / name / inside
    aside = entry.rename(served_folder / "aside")
    entry.symlink_to(aside)
    before = aside.read_bytes() if aside.is_file() else sorted(each.name for each in aside.iterdir())
    with pytest.raises((ServerUnavailableError, OSError)):
        list(start(served_folder, [name]))
    assert (aside.read_bytes() if aside.is_file() else sorted(each.name for each in aside.iterdir())) == before


@pytest.mark.parametrize("file", ["lock", FILE, "servers.draft"])
def test_no_link_is_followed_for_the_record(served_folder: Path, file: str) -> None:
    other = served_folder / "precious"
    other.write_text("kept")
    (served_folder / FOLDER).mkdir()
    (served_folder / FOLDER / file).symlink_to(other)
    if file == "lock":
        with pytest.raises(OSError, match="symbolic link"):
            list(start(served_folder, ["redis"]))
    else:
        assert [each.what for each in start(served_folder, ["redis"])] == ["started"]
        assert list(running_servers(served_folder)) == ["redis"]
    assert other.read_text() == "kept"


def test_a_pipe_in_the_place_of_a_file_blocks_nothing(served_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (served_folder / FOLDER).mkdir()
    for file in ("lock", FILE, ".gitignore", "servers.draft"):
        os.mkfifo(served_folder / FOLDER / file)
    assert main(["down", "-C", str(served_folder)]) == 2
    assert main(["up", "-C", str(served_folder)]) == 2
    assert f"`{served_folder / FOLDER / 'lock'}` cannot be used" in capsys.readouterr().err
    (served_folder / FOLDER / "lock").unlink()
    assert [each.what for each in start(served_folder, ["redis"])] == ["started"]


def test_a_repository_with_files_where_the_data_lies_is_refused(
    served_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (served_folder / FOLDER / "redis").mkdir(parents=True)
    (served_folder / FOLDER / "redis" / "planted").touch()
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", str(served_folder), *words], check=True)
    for option in ([], ["--adopt"]):
        assert main(["up", "-C", str(served_folder), *option]) == 2
        assert "the repository has files in" in capsys.readouterr().err


def test_only_a_folder_of_sockets_that_we_have_made_is_removed(tmp_path: Path) -> None:
    made = socket_folder(Path("/srv/" + "long/" * 30), "redis.sock", None)
    kept = socket_folder(Path("/srv/" + "long/" * 30), "redis.sock", None)
    link = made.with_name(f"{PREFIX}link-{os.getpid()}")
    try:
        (made / "redis.sock").touch()
        (kept / "other").touch()
        (tmp_path / "redis.sock").touch()
        link.symlink_to(tmp_path)
        for folder in (made, kept, tmp_path, link):
            remove_socket_folder(folder, ["redis.sock"])
        assert not made.exists()
        assert (kept / "other").exists()
        assert (tmp_path / "redis.sock").exists()
    finally:
        link.unlink()
        (kept / "other").unlink()
        kept.rmdir()


def test_down_ends_the_very_process_that_it_recorded(served_folder: Path) -> None:
    list(start(served_folder, ["redis"]))
    known = running_servers(served_folder)
    redis = known["redis"]
    os.kill(redis.pid, signal.SIGKILL)
    until(lambda: not is_running(redis.pid, redis.started))
    record(served_folder, known)
    assert [each.what for each in stop(served_folder)] == ["ended"]
