"""Equal inputs give equal bundles, byte for byte, in another folder and another process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORKSPACE = ROOT / "tests" / "golden" / "cli" / "before"


def build(folder: Path, seed: str) -> bytes:
    """The bundle that a process of its own builds, its hashes seeded, its locale and time zone another's."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": str(ROOT),
        "TZ": f"Etc/GMT+{seed}",
        "LC_ALL": "C",
    }
    command = [sys.executable, "-m", "engine", "build", "-o", "shop.bundle", "--sequence", "3"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "shop.bundle").read_bytes()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("first") / "shop"
    shutil.copytree(WORKSPACE, folder)
    return build(folder, "1")


def test_another_folder_and_process_give_the_same_bytes(first: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "a folder with another name"
    shutil.copytree(WORKSPACE, folder)
    assert build(folder, "12") == first


def test_layout_comments_order_and_words_are_no_part_of_the_content(first: bytes, tmp_path: Path) -> None:
    shutil.copytree(WORKSPACE, tmp_path / "shop")
    segments = tmp_path / "shop" / "segments" / "segments.yaml"
    written = segments.read_text("utf-8").split("---\n")
    assert len(written) > 3
    turned = "---\n".join(["# turned round\n" + each if each.endswith("\n") else each + "\n" for each in written[::-1]])
    turned = turned.replace("description: Spends a lot.", "description: Other words.")
    turned = turned.replace(
        "{field: spend, operator: greater_or_equal, value: 500}",
        "{value: 5e2,  operator:   greater_or_equal, field: spend}",
    )
    segments.unlink()
    (tmp_path / "shop" / "rules" / "moved.yaml").write_text(turned, "utf-8")
    content = build(tmp_path / "shop", "7").partition(b"\n")[2].partition(b"\n")[2]
    assert content == first.partition(b"\n")[2].partition(b"\n")[2]
