"""What `import engine.runtime` costs in a fresh interpreter, its bytecode cached, and that it loads nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from .timing import Goal, Result, show

ROUNDS = 15
GOAL = 3.0  # times as long as the standard library that it needs
STANDARD = "its standard library alone"
ROOT = Path(__file__).resolve().parents[1]
HEAVY = [
    "yaml",
    "pydantic",
    "pydantic_core",
    "jsonschema",
    "rule_engine",
    "numpy",
    "duckdb",
    "polars",
    "pyarrow",
    "redis",
    "psycopg",
    "elasticsearch",
    "cryptography",
    "requests",
    "httpx",
    "grpc",
    "tensorflow",
    "onnxruntime",
]
RUNTIME = "import engine.runtime"
ALL_OF_IT = "import engine.runtime.matcher, engine.runtime.decide, engine.runtime.loaded"
PROGRAM = """
import sys, time
start = time.process_time()  # imports compute, and nobody else is measured along
{statement}
seconds, modules = time.process_time() - start, sorted(sys.modules)
import json
print(json.dumps([seconds, modules]))
"""


def run() -> bool:
    """Print the table; whether the goals are reached."""
    with tempfile.TemporaryDirectory() as cache:
        _, modules = _imported(RUNTIME, cache)
        standard = sorted(name for name in modules if name.partition(".")[0] in sys.stdlib_module_names)
        ways = {
            "engine.runtime": RUNTIME,
            "all of it": ALL_OF_IT,
            STANDARD: f"import {', '.join(name for name in standard if name != '__main__')}",
            "yaml and pydantic": "import yaml, pydantic",
        }
        for statement in ways.values():
            _imported(statement, cache)  # writes the bytecode
        rounds = [{name: _imported(each, cache)[0] for name, each in ways.items()} for _ in range(ROUNDS)]
    results = [
        Result(title, {name: fold(each[name] for each in rounds) for name in ways}, goals)
        for title, fold, goals in (("least", min, [Goal(1 / GOAL, STANDARD)]), ("median", median, []))
    ]
    reached = show("Importing in a fresh interpreter", results, unit="ms")
    heavy = sorted(set(HEAVY).intersection(modules))
    print(f"\n`engine.runtime` loads {', '.join(heavy) or 'nothing'} of {', '.join(HEAVY)}.")
    print(f"Goal: at most {GOAL:g} times as long as {STANDARD}, and nothing of these.")
    return reached and not heavy


def _imported(statement: str, cache: str) -> tuple[float, set[str]]:
    """Seconds, and the modules that are loaded afterwards."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(ROOT)}
    source = PROGRAM.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True, env=environment)
    seconds, modules = json.loads(done.stdout)
    return float(seconds), set(modules)


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
