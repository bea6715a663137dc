"""Rules about files: their length, their names, what they may say."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import chain
from pathlib import Path

from tests.architecture.source import ENGINE, ROOT, python_files, tracked_files

LONGEST = 400
SHAPELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "handler", "handlers", "misc"}
SKIPS = {"skip", "skipif", "importorskip", "skip_module_at_level", "SkipTest"}

# Written in two halves, so that this file does not say them.
MACHINE = re.compile(
    "|".join(["/wo" + "rk/", "/ro" + "ot/", r"\.\./sh" + "ared", "/opt/wh" + "eels", r"/ho" + r"me/\w+/"])
)
REGISTRY = re.compile("|".join(["index-" + "url", "find-" + "links", "trusted-" + "host", "files.python" + "hosted"]))
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")

FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\s]+)`")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
PLACEHOLDER = re.compile(r"[<>*{}…$|]|\.\.\.|NAME|FILE|PATH")
CONTENT = {".lock", ".gz", ".svg", ".png"}


@cache
def written() -> list[tuple[Path, str]]:
    """Each tracked text file of the project with its text."""
    paths = [path for path in tracked_files() if path.suffix not in CONTENT and path.name != "LICENSE"]
    return [(path, path.read_text(encoding="utf-8", errors="replace")) for path in paths]


def places(pattern: re.Pattern[str], files: list[tuple[Path, str]]) -> list[str]:
    """Where a pattern is found, as `file:line: text`."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path, text in files
        for number, line in enumerate(text.split("\n"), start=1)
        if pattern.search(line)
    ]


def test_python_files_have_at_most_400_lines() -> None:
    files = python_files(ENGINE, ROOT / "tests", ROOT / "bench")
    lengths = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in files}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def test_every_package_folder_has_an_init_that_says_what_it_is() -> None:
    folders = sorted({path.parent for path in python_files(ENGINE)})
    silent = [
        str(folder.relative_to(ROOT))
        for folder in folders
        if not (folder / "__init__.py").is_file()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_bytes()))
    ]
    assert not silent


def test_files_and_classes_have_names_that_say_something() -> None:
    files = python_files(ENGINE)
    shapeless = [str(path.relative_to(ROOT)) for path in files if SHAPELESS & set(path.stem.split("_"))]
    for path in files:
        classes = [node.name for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.ClassDef)]
        shapeless += [f"{path.name}: {name}" for name in classes if SHAPELESS & set(words(name))]
    assert not shapeless


def words(name: str) -> list[str]:
    """The words of a class's name, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]


def test_no_test_is_skipped_or_mocked() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files(ROOT / "tests")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute | ast.Import | ast.ImportFrom) and (skips(node) or mocks(node))
    ]
    assert not found


def skips(node: ast.AST) -> bool:
    """Whether the node asks pytest or unittest to leave a test out."""
    return isinstance(node, ast.Attribute) and node.attr in SKIPS


def mocks(node: ast.AST) -> bool:
    """Whether the node imports a mocking library."""
    match node:
        case ast.Import():
            return any(alias.name in {"mock", "unittest.mock"} for alias in node.names)
        case ast.ImportFrom():
            return node.module in {"mock", "unittest.mock"} or (
                node.module == "unittest" and any(alias.name == "mock" for alias in node.names)
            )
    return False


def test_files_name_no_place_of_the_machine_they_were_written_on() -> None:
    assert not places(MACHINE, written())


def test_files_name_no_package_registry() -> None:
    assert not places(REGISTRY, written())


def test_files_hold_no_unfinished_business() -> None:
    assert not places(UNFINISHED, written())


def test_constraints_are_sorted_pins_without_addresses() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin) for pin in pins)
    names = [re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower() for pin in pins]
    assert names == sorted(set(names))


def test_paths_in_the_documentation_exist() -> None:
    top = {path.name for path in ROOT.iterdir()}
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in tracked_files()
        if path.suffix == ".md"
        for name in repository_paths(path.read_text(encoding="utf-8"), top)
        if not (ROOT / name).exists() and not (path.parent / name).exists()
    ]
    assert not missing


def repository_paths(text: str, top: set[str]) -> list[str]:
    """The paths that a Markdown text names: quoted ones below a top-level entry, and the targets of local links."""
    prose = FENCE.sub("", text)
    quoted = (name for name in QUOTED.findall(prose) if "/" in name and name.split("/")[0] in top)
    linked = (name for name in LINK.findall(prose) if "://" not in name and not name.startswith("mailto:"))
    found = chain(quoted, linked)
    return [re.sub(r"(:\d+)+$", "", name).rstrip("/") for name in found if not PLACEHOLDER.search(name)]


def test_a_path_that_is_not_there_would_be_seen() -> None:
    text = "See `engine/gone.py` and [this](docs/gone.md), not `engine/<family>.py`, `a/b` or [that](https://x.example/y).\n"
    assert repository_paths(text, {"engine", "docs"}) == ["engine/gone.py", "docs/gone.md"]
