"""All benchmarks, one after the other, each in a process of its own, or those named: `python -m bench match tables`."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import version

NAMES = ("match", "live", "tables", "graph", "batch", "check", "imports", "reads", "sealing", "ingest", "rebuild")
PEERS = ("zen-engine", "duckdb", "polars", "PyYAML", "numpy")


def main(names: list[str]) -> int:
    """0 when every goal is reached, 1 otherwise, 2 for a name that is none."""
    unknown = sorted(set(names).difference(NAMES))
    if unknown:
        print(f"`{unknown[0]}` is no benchmark, expected {', '.join(NAMES)}", file=sys.stderr)
        return 2
    versions = ", ".join(f"{peer} {version(peer)}" for peer in PEERS)
    print(f"Python {platform.python_version()} on {platform.machine()}; {versions}", flush=True)
    missed = [name for name in names or NAMES if subprocess.call([sys.executable, "-m", f"bench.{name}"])]
    print(f"\nMissed: {', '.join(missed)}" if missed else "\nEvery goal is reached.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
