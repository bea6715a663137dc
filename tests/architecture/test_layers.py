"""Who may import whom, read from the imports. A package that does not exist yet has none to read."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.architecture.source import ENGINE, ROOT, Import, engine_imports, imports_of, package_of, python_files

COMPILE = {"language", "compiler", "drawing", "bundle"}
# The floors of the customer data platform: each may use what lies before it, and nothing behind it.
FLOORS = (
    "storage",
    "encryption",
    "stages",
    "profiles",
    "index",
    "segments",
    "rotation",
    "erasure",
    "worker",
    "rebuilds",
    "running",
    "readiness",
)

SUBSYSTEMS = set(FLOORS) | {"batch", "features", "models", "experiments", "bandits", "decisions"}
FACES = {"service", "cli"}


# Package: what it may not import, late imports included.
FORBIDDEN: dict[str, set[str]] = {
    "diagnostics": {"shapes", "ir", "operators", "nodes", "runtime"} | COMPILE | SUBSYSTEMS | FACES,
    "ir": {"shapes", "operators", "nodes", "runtime"} | COMPILE | SUBSYSTEMS | FACES,
    "shapes": {"operators", "nodes", "runtime"} | COMPILE | SUBSYSTEMS | FACES,
    "operators": {"shapes", "nodes", "runtime"} | COMPILE | SUBSYSTEMS | FACES,
    "nodes": {"runtime"} | COMPILE | SUBSYSTEMS | FACES,
    "language": {"compiler", "drawing", "bundle", "runtime"} | SUBSYSTEMS | FACES,
    "compiler": {"drawing", "bundle"} | SUBSYSTEMS | FACES,
    "drawing": {"bundle", "runtime"} | SUBSYSTEMS | FACES,
    "bundle": SUBSYSTEMS | FACES,
    "runtime": {"shapes", "language", "compiler", "drawing"} | SUBSYSTEMS | FACES,
    **{name: {"language"} | FACES for name in SUBSYSTEMS},
    **{name: {"language"} | FACES | set(FLOORS[place + 1 :]) for place, name in enumerate(FLOORS)},
    "service": {"cli"},
}

# Library: the packages that may import it. A library that is not here is the standard library's or a mistake.
HOMES: dict[str, set[str]] = {
    "cryptography": {"bundle", "encryption"},
    "duckdb": {"batch", "cli"},
    "elasticsearch": {"storage", "index", "erasure", "segments", "rebuilds", "cli", "running"},
    "hiredis": {"worker"},  # packs commands
    "numpy": {"runtime"},  # reads large masks faster where it is installed
    "psycopg": (SUBSYSTEMS | {"cli"}) - {"models"},  # cli tells the libraries' errors
    "pyarrow": {"batch", "cli"},
    "pydantic": {"language", "nodes", "shapes"},
    "pydantic_core": {"language", "nodes", "shapes"},
    "redis": (SUBSYSTEMS | {"cli"}) - {"models"},
    "rule_engine": {"compiler", "language"},
    "tzdata": {"ir", "operators", "runtime"},
    "yaml": {"language"},
}


def broken(found: Iterable[Import], why: str) -> str:
    """The message for imports that break a rule."""
    lines = [f"  {each} imports {each.target}" for each in found]
    return "\n".join([why, *lines])


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_package_imports_only_what_lies_below_it(package: str) -> None:
    inside = [found for path in python_files(ENGINE / package) for found in imports_of(path)]
    wrong = [found for found in inside if found.package in FORBIDDEN[package]]
    assert not wrong, broken(wrong, f"`{package}` may not know {', '.join(sorted(FORBIDDEN[package]))}")


def test_packages_form_no_cycle() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for found in engine_imports():
        importer = package_of(found.path)
        if found.package and found.package != importer and not importer.startswith("__"):
            graph[importer].add(found.package)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"packages import each other in a ring: {' ← '.join(error.args[1])}")


def test_files_do_not_import_each_other() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    modules = {module_of(path) for path in python_files(ENGINE)}
    for found in engine_imports():
        target = f"{found.module}.{found.name}"
        graph[module_of(found.path)].add(target if target in modules else found.module)
    for importer, targets in graph.items():
        targets.discard(importer)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"files import each other in a ring: {' ← '.join(error.args[1])}")


def module_of(path: Path) -> str:
    """The dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_imports_inside_the_package_are_relative() -> None:
    wrong = [found for found in engine_imports() if found.level == 0 and found.module.split(".")[0] == "engine"]
    assert not wrong, broken(wrong, "inside `engine`, write `from ..ir import …`")


def test_libraries_are_imported_only_in_their_homes() -> None:
    foreign = [found for found in engine_imports() if found.library not in {"", "__future__", *sys.stdlib_module_names}]
    wrong = [found for found in foreign if package_of(found.path) not in HOMES.get(found.library, set())]
    assert not wrong, broken(wrong, "these libraries have no home in the importing package (see HOMES)")


def test_what_decides_uses_the_standard_library_alone() -> None:
    light = python_files(*(ENGINE / name for name in ("diagnostics", "ir", "operators", "runtime")))
    light += [path for name in ("__init__", "node", "run") for path in sorted((ENGINE / "nodes").glob(f"*/{name}.py"))]
    light += [ENGINE / "nodes" / f"{name}.py" for name in ("authoring", "kind", "kinds", "writing")]
    allowed = {"", "__future__", "tzdata", *sys.stdlib_module_names}
    wrong = [
        found
        for path in light
        for found in imports_of(path)
        if found.library not in allowed and not (found.library == "numpy" and found.late)
    ]
    assert not wrong, broken(wrong, "what runs per request imports the standard library (and tzdata) alone")


def test_private_names_stay_in_their_package() -> None:
    wrong = [
        found
        for found in engine_imports()
        if found.package and found.package != package_of(found.path) and is_private(found)
    ]
    assert not wrong, broken(wrong, "a name with an underscore belongs to its package")


def is_private(found: Import) -> bool:
    """Whether a step of the path, or the name, begins with one underscore."""
    steps = [*found.module.split("."), found.name or ""]
    return any(step.startswith("_") and not step.startswith("__") for step in steps)


def test_only_language_reads_documents_as_raw_data() -> None:
    reading = [
        path.relative_to(ROOT).as_posix()
        for path in python_files(ENGINE)
        if package_of(path) != "language" and "yaml.value" in path.read_text("utf-8")
    ]
    assert not reading, (
        f"what a document says is read from its model (`document.read_as`), not anew from YAML: {reading}"
    )
