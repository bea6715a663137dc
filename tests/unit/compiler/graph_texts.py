"""A workspace around the text of one ruleset, for tests of what it becomes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from engine import load_workspace
from engine.api import LoadedWorkspace
from engine.experiments import NativeAssigner
from engine.runtime.decide import Decider

BASE = Path(__file__).parents[2] / "golden" / "graph" / "workspace"
HEAD = "apiVersion: v1\nkind: Ruleset\nname: hero\n"
NOW = "2026-03-01T00:00:00.000Z"


def loaded(folder: Path, text: str) -> LoadedWorkspace:
    shutil.copytree(BASE, folder, dirs_exist_ok=True)
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules/test.yaml").write_text(text)
    return load_workspace(folder, today="2026-01-01")


def codes(folder: Path, text: str) -> list[str]:
    return [each.code for each in loaded(folder, text).findings]


def decided(folder: Path, text: str, profile: dict[str, Any], **more: Any) -> dict[str, Any]:
    workspace = loaded(folder, text)
    assert workspace.findings == ()
    made = Decider(workspace.program, assigner=NativeAssigner(workspace.program.experiments))
    return made.decide("hero", {"customer_id": "c-1", **profile}, more.pop("context", {}), now=NOW, **more).as_json()
