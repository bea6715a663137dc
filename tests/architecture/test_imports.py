"""What importing costs, asked of a fresh interpreter."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ENGINE, ROOT

HEAVY = {
    "argparse",
    "duckdb",
    "elasticsearch",
    "jsonschema",
    "numpy",
    "polars",
    "psycopg",
    "pyarrow",
    "pydantic",
    "redis",
    "rule_engine",
    "yaml",
}
LONGEST_MS = 60.0
ATTEMPTS = 5
PROGRAM = """
import sys, time
began = time.perf_counter()
import {module}
took = (time.perf_counter() - began) * 1000
import json
print(json.dumps([took, sorted(sys.modules)]))
"""


def run(module: str) -> tuple[float, set[str]]:
    """Milliseconds that an import took, and the modules loaded after it."""
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    took, modules = json.loads(done.stdout)
    return took, set(modules)


def light_module() -> str:
    """The interpreter, or the package around it while there is none."""
    return "engine.runtime" if (ENGINE / "runtime" / "__init__.py").is_file() else "engine"


def test_runtime_loads_no_heavy_library() -> None:
    _, modules = run(light_module())
    assert not modules & HEAVY


def test_runtime_loads_nothing_that_authors_need() -> None:
    _, modules = run(light_module())
    assert not [name for name in modules if name.startswith(("engine.language", "engine.compiler", "engine.cli"))]


def test_runtime_is_imported_in_60_ms() -> None:
    fastest = min(run(light_module())[0] for _ in range(ATTEMPTS))
    assert fastest < LONGEST_MS


def test_public_api_has_at_most_20_names_and_each_is_there() -> None:
    engine = importlib.import_module("engine")
    names = getattr(engine, "__all__", [])
    assert len(names) <= 20
    assert len(set(names)) == len(names)
    assert not [name for name in names if not hasattr(engine, name)]


def test_package_is_marked_as_typed() -> None:
    assert Path(ENGINE / "py.typed").is_file()
