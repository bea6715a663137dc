"""`decisor up`: what it says beside the servers."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.cli.app import main


@pytest.mark.parametrize("client, told", [(None, True), (find_spec("json"), False)])
def test_elasticsearch_without_its_client_is_told(
    client: object,
    told: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "decisor.yaml").write_text("name: shop\n", "utf-8")
    monkeypatch.setattr("engine.storage.embedded.workspace.start", lambda *_, **__: [])
    monkeypatch.setattr("engine.cli.up._migrate", lambda _: iter(["migrations     none to apply"]))
    monkeypatch.setattr("engine.cli.up.find_spec", lambda _: client)
    assert main(["up", "--workspace", str(tmp_path), "--elasticsearch"]) == 0
    out = capsys.readouterr().out
    assert ("pip install 'decisor[elasticsearch]'" in out) is told
    assert main(["up", "--workspace", str(tmp_path)]) == 0
    assert "elasticsearch" not in capsys.readouterr().out.lower()


def test_a_repository_that_git_cannot_list_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "decisor.yaml").write_text("name: shop\n", "utf-8")
    (tmp_path / ".git" / "config").unlink()
    os.mkfifo(tmp_path / ".git" / "config")  # git waits for it, as it would for an endless file
    monkeypatch.setattr("engine.language.git.SECONDS", 1)
    assert main(["up", "--workspace", str(tmp_path)]) == 2
    assert "`git ls-files` took more than 1 s" in capsys.readouterr().err
