"""Folders and sockets of embedded servers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.storage.embedded.account import ServerUnavailableError
from engine.storage.embedded.places import cache_folder, fits, socket_folder, workspace_folder


def test_git_does_not_look_into_the_folder_of_a_workspaces_servers(tmp_path: Path) -> None:
    folder = workspace_folder(tmp_path)
    assert folder == tmp_path / ".decisor"
    assert (folder / ".gitignore").read_text() == "*\n"
    assert folder.stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)
    assert workspace_folder(tmp_path) == folder


def test_socket_lies_beside_the_data_where_its_path_is_short(tmp_path: Path) -> None:
    short = Path("/srv/shop/.decisor/redis")
    assert socket_folder(short, "redis.sock", None) == short


@pytest.mark.parametrize("usual", ["/srv/" + "long/" * 20, "/srv/a,b", "/srv/" + "é" * 50])
def test_socket_lies_in_a_new_folder_where_its_path_would_not_do(usual: str) -> None:
    folder = socket_folder(Path(usual), ".s.PGSQL.5432", None)
    try:
        assert fits(folder / ".s.PGSQL.5432")
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(folder)


def test_cache_may_be_named_and_must_be_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DECISOR_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache"
    (tmp_path / "link").symlink_to(tmp_path / "cache")
    monkeypatch.setenv("DECISOR_CACHE", str(tmp_path / "link"))
    assert cache_folder() == tmp_path / "link"
    if os.geteuid() == 0:
        os.chown(tmp_path / "link", 12_345, 12_345, follow_symlinks=False)
        with pytest.raises(ServerUnavailableError, match="belongs to another user"):
            cache_folder()
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    with pytest.raises(ServerUnavailableError, match="belongs to another user; name a folder of yours"):
        cache_folder()
