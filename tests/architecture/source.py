"""The source tree as the architecture tests see it: files, packages and imports, read without importing anything."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "engine"


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module or name: `engine/cli/app.py:12` imports `name` of `module`, an absolute dotted path.

    `level` counts the dots before the module; `late` tells an import inside a function; `typing` one that only type
    checkers see.
    """

    path: Path
    line: int
    level: int
    module: str
    name: str | None
    late: bool
    typing: bool

    @property
    def package(self) -> str:
        """What is imported, as far as a package of ours goes: `ir` for `engine.ir.types`; empty for others' modules."""
        parts = self.target.split(".")
        return parts[1] if parts[0] == "engine" and len(parts) > 1 else ""

    @property
    def library(self) -> str:
        """The top-level name of a module that is not ours; empty for ours."""
        first = self.module.split(".")[0]
        return "" if first == "engine" else first

    @property
    def target(self) -> str:
        """The module with the name, for `from .. import ir` names a package by the name alone."""
        return self.module if self.name is None or self.module != "engine" else f"engine.{self.name}"

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def python_files(*folders: Path) -> list[Path]:
    """Every Python file below the folders."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def package_of(path: Path) -> str:
    """The package of a file in `engine`: `ir` for `engine/ir/types.py`, `__init__` for `engine/__init__.py`."""
    return path.relative_to(ENGINE).parts[0].removesuffix(".py")


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """What a file imports, in its order, relative imports resolved."""
    return tuple(_imports(path, ast.parse(path.read_bytes(), str(path)), late=False, typing=False))


def engine_imports() -> list[Import]:
    """What the files of `engine` import."""
    return [found for path in python_files(ENGINE) for found in imports_of(path)]


def tracked_files() -> list[Path]:
    """The files that git tracks or would, in the checkout, those that lie there."""
    # A container's checkout often belongs to another user, which git asks about.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return sorted({path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()})


def _imports(path: Path, tree: ast.AST, *, late: bool, typing: bool) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(path, node.lineno, 0, alias.name, None, late, typing)
            case ast.ImportFrom():
                module = _absolute(path, node)
                for alias in node.names:
                    yield Import(path, node.lineno, node.level, module, alias.name, late, typing)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _imports(path, node, late=True, typing=typing)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                for child in node.body:
                    yield from _imports(path, ast.Module([child], []), late=late, typing=True)
                for child in node.orelse:
                    yield from _imports(path, ast.Module([child], []), late=late, typing=typing)
            case _:
                yield from _imports(path, node, late=late, typing=typing)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    """The dotted path of the module that a `from` import names."""
    if node.level == 0:
        return node.module or ""
    parts = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])
