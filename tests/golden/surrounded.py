"""A document among others that it may name: what is found in it alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from engine import load_workspace
from engine.diagnostics import Finding

SURROUNDINGS = Path(__file__).parent / "surroundings"
TODAY = "2026-01-01"
_DECLARATION = re.compile(r"^kind: (\w+)\nname: (\w+)$", re.MULTILINE)


def findings_in(text: str, folder: Path, file: str = "example.yaml") -> list[Finding]:
    """What is found in `file` with that text; what the text declares itself is left out of the surroundings."""
    own = set(_DECLARATION.findall(text))
    for source in sorted(SURROUNDINGS.rglob("*.yaml")):
        if own.isdisjoint(_DECLARATION.findall(source.read_text("utf-8"))):
            target = folder / source.relative_to(SURROUNDINGS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (folder / "rules" / file).write_text(text, "utf-8")
    return [each for each in load_workspace(folder, today=TODAY).findings if each.span.file == f"rules/{file}"]
