"""What `import engine.runtime` costs in a fresh interpreter, and that it loads nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

from .timing import Result, show

ROUNDS = 15
GOAL = 0.060  # seconds
HEAVY = (
    "yaml",
    "pydantic",
    "jsonschema",
    "rule_engine",
    "numpy",
    "duckdb",
    "polars",
    "redis",
    "psycopg",
    "elasticsearch",
)
MODULES = {
    "engine.runtime": "import engine.runtime",
    "with matcher and decider": "import engine.runtime.matcher, engine.runtime.decide",
    "zen": "import zen",
    "yaml and pydantic": "import yaml, pydantic",
}
PROGRAM = """
import json, sys, time
start = time.perf_counter()
{statement}
print(json.dumps([time.perf_counter() - start, sorted(sys.modules)]))
"""


def run() -> bool:
    """Print the table; whether the goals are reached."""
    best = dict.fromkeys(MODULES, float("inf"))
    loaded: set[str] = set()
    for _ in range(ROUNDS):
        for name, statement in MODULES.items():
            seconds, modules = _imported(statement)
            best[name] = min(best[name], seconds)
            loaded |= set(modules).intersection(HEAVY) if name == "engine.runtime" else set()
    show("Importing in a fresh interpreter", [Result("import", best)], unit="ms")
    print(f"\n`engine.runtime` loads {', '.join(sorted(loaded)) or 'nothing'} of {', '.join(HEAVY)}.")
    reached = best["engine.runtime"] < GOAL and not loaded
    print(f"Goal: below {GOAL * 1e3:.0f} ms and nothing of these ({'reached' if reached else 'MISSED'}).")
    return reached


def _imported(statement: str) -> tuple[float, list[str]]:
    source = PROGRAM.format(statement=statement)
    answer = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True).stdout
    seconds, modules = json.loads(answer)
    return float(seconds), modules


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
