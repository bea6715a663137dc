"""All benchmarks, one after the other, or those named: `python -m bench match tables`."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from importlib.metadata import version

NAMES = ("match", "tables", "graph", "batch", "check", "imports")
PEERS = ("zen-engine", "duckdb", "polars", "PyYAML", "numpy")


def main(names: list[str]) -> int:
    """0 when every goal is reached, 1 otherwise, 2 for a name that is none."""
    unknown = sorted(set(names).difference(NAMES))
    if unknown:
        print(f"`{unknown[0]}` is no benchmark, expected {', '.join(NAMES)}", file=sys.stderr)
        return 2
    versions = ", ".join(f"{peer} {version(peer)}" for peer in PEERS)
    print(f"Python {platform.python_version()} on {platform.machine()}; {versions}")
    missed = [name for name in names or NAMES if not import_module(f"bench.{name}").run()]
    print(f"\nMissed: {', '.join(missed)}" if missed else "\nEvery goal is reached.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
