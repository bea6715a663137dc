"""How the tools write a table of code points as a Python module."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

WIDTH = 110


def write_module(path: Path, docstring: str, tool: str, runs: str) -> None:
    """Nothing; the module at `path` holds the runs as its one constant `RUNS`."""
    lines = "\n".join(f'    "{line}"' for line in wrap(runs, WIDTH))
    path.write_text(
        f'"""{docstring}\n\nWritten by `python -m {tool}`; change that, not this.\n"""\n\n'
        "from __future__ import annotations\n\n"
        "from typing import Final\n\n"
        f"RUNS: Final = (\n{lines}\n)\n",
        encoding="utf-8",
    )
