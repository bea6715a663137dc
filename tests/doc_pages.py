"""The blocks of a documentation page: `sh` blocks are run, a `text` block after one is what it must print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"

_BLOCK: Final = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_GIVE_UP: Final = 500.0
_VARIABLE: Final = (
    (r"\b20(?!24)\d\d-\d\d-\d\dT[\d:.]+Z", "…"),  # the events of 2024 are the page's own
    (r"\b[\d.]+ (ms|s)\b", "…"),
    (r"\b[0-9a-f]{12,}\b|(?<=\()[0-9a-f]{7,11}(?=\))", "…"),
    (r"[\d,]+ bytes", "…"),
    (r"postgresql://\S+|unix://\S+", "…"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block and where its text lies in the page."""

    info: str
    text: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(m["info"].strip(), m["text"], m.start("text"), m.end("text")) for m in _BLOCK.finditer(page)]


def normalize(text: str) -> list[str]:
    """The lines without times, digests, addresses and sizes of files."""
    for pattern, sign in _VARIABLE:
        text = re.sub(pattern, sign, text)
    return [line.rstrip() for line in text.strip().splitlines()]


def run_script(page: str, folder: Path) -> str:
    """The page with every output replaced by what the commands print, all of them run in one shell, in order."""
    found = blocks(page)
    commands = [block for block in found if block.info == "sh"]
    mark = "=== next block ==="
    script = "\n".join(f"{block.text}\necho '{mark}'" for block in commands)
    result = subprocess.run(
        ["/bin/sh", "-u", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_GIVE_UP,
    )
    outputs = result.stdout.split(f"{mark}\n")[:-1]
    assert len(outputs) == len(commands), result.stdout
    printed = dict(zip((block.start for block in commands), outputs, strict=True))
    for before, block in reversed(list(pairwise(found))):
        if block.info == "text" and before.info == "sh":
            page = page[: block.start] + _shown(printed[before.start]) + page[block.end :]
    return page


def _shown(text: str) -> str:
    lines = "\n".join(normalize(text))
    return f"{lines}\n" if lines else ""
