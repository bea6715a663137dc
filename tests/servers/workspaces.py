"""Workspaces whose servers `decisor up` starts; whatever runs there is stopped after the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.embedded import places
from engine.storage.embedded.account import account_of
from engine.storage.embedded.workspace import stop

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = "name: shop\n"


@pytest.fixture(scope="session")
def demo() -> str:
    """What `decisor demo` prints; it starts servers of its own and stops them."""
    found = subprocess.run(
        [sys.executable, "-m", "engine", "demo", "-C", str(ROOT)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.fixture
def served_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty workspace that the account of root's servers can enter, without servers in the environment."""
    for name in [name for name in os.environ if name.startswith("DECISOR_") and name != "DECISOR_CACHE"]:
        monkeypatch.delenv(name)
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=places.temporary_folder(account_of())))
    folder.chmod(0o755)
    (folder / "decisor.yaml").write_text(WORKSPACE, encoding="utf-8")
    monkeypatch.setattr(places, "OWN_FOLDER", folder / "elsewhere")
    yield folder
    for _ in stop(folder):
        pass
    shutil.rmtree(folder)
