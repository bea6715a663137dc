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
PROGRAM = """
import sys
import {module}
import json
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(module: str) -> set[str]:
    """The modules that are loaded after an import."""
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def light_module() -> str:
    """The interpreter, or the package around it while there is none."""
    return "engine.runtime" if (ENGINE / "runtime" / "__init__.py").is_file() else "engine"


def test_runtime_loads_no_heavy_library() -> None:
    modules = modules_after(light_module())
    assert not modules & HEAVY


def test_runtime_loads_nothing_that_authors_need() -> None:
    modules = modules_after(light_module())
    assert not [name for name in modules if name.startswith(("engine.language", "engine.compiler", "engine.cli"))]


def test_deciding_loads_nothing_of_nodes_that_authors_need() -> None:
    runs = [f"engine.nodes.{path.parent.name}.run" for path in (ENGINE / "nodes").glob("*/run.py")]
    modules = modules_after(", ".join(["engine.runtime.decide", *runs]))
    assert modules.issuperset(runs)
    parts = ("document", "lower", "shape", "telling")
    assert not [name for name in modules if name.startswith("engine.nodes.") and name.endswith(parts)]
    assert not modules & HEAVY


def test_public_api_has_at_most_20_names_and_each_is_there() -> None:
    engine = importlib.import_module("engine")
    names = getattr(engine, "__all__", [])
    assert len(names) <= 20
    assert len(set(names)) == len(names)
    assert not [name for name in names if not hasattr(engine, name)]


def test_package_is_marked_as_typed() -> None:
    assert Path(ENGINE / "py.typed").is_file()
