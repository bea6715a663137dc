"""Who owns what is stored, read from the statements and the names of keys.

Only the package that owns a table writes to it; others call its functions. Reading is free to the floors above, as one
statement over several tables is what keeps a worker fast; the faces and the compile half hold no SQL at all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ENGINE, package_of, python_files
from tests.architecture.test_layers import FLOORS

OWNERS = {
    "dead_letter": "profiles",
    "event": "profiles",
    "event_conflict": "profiles",
    "event_id": "profiles",
    "fact": "storage",
    "follower": "index",
    "list_member": "segments",
    "live_verdict": "segments",
    "member_list": "segments",
    "outbox": "profiles",
    "override": "segments",
    "partition": "storage",
    "profile": "profiles",
    "profile_key": "encryption",
    "refused_value": "profiles",
    "registry": "segments",
    "segment": "segments",
    "staged_transition": "segments",
    "suppression": "profiles",
    "transition": "segments",
}
# Partitions of `event`, which is their owner's to make.
PARTITIONS = {"event_before", "event_after"}

# Reads that go up a floor: each says why.
UPWARD = {
    ("dead_letters.py", "registry"),  # the types of events that are declared, to name a letter's
    ("refused_values.py", "registry"),  # counts hold for one version of the registry
    ("facts.py", "registry"),  # a fact that holds only for one version of the registry is written in one statement
}

STATEMENT = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
WRITES = re.compile(rf"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+({'|'.join(OWNERS)})\b")
READS = re.compile(rf"\b(?:FROM|JOIN|USING)\s+(?:ONLY\s+)?({'|'.join(OWNERS)})\b")
CREATED = re.compile(r"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+)")
KEY = re.compile(r"^\{?(decisor|segment|segments|profile):(?! )")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The text and byte constants of a file, without docstrings; parts of one literal come as one."""
    tree = ast.parse(path.read_bytes())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("latin-1")


def statements() -> Iterator[tuple[Path, int, str]]:
    """Every piece of SQL in the package."""
    for path in python_files(ENGINE):
        for line, text in texts(path):
            if STATEMENT.search(text) and (WRITES.search(text) or READS.search(text)):
                yield path, line, text


def test_each_table_has_an_owner() -> None:
    created = {
        name
        for file in (ENGINE / "storage" / "migrations").glob("*.sql")
        for name in CREATED.findall(file.read_text(encoding="utf-8"))
    }
    assert created - PARTITIONS == set(OWNERS)


def test_only_the_owner_writes_to_a_table() -> None:
    wrong = [
        f"{path.relative_to(ENGINE)}:{line}: {table} belongs to {OWNERS[table]}"
        for path, line, text in statements()
        for table in WRITES.findall(text)
        if package_of(path) != OWNERS[table]
    ]
    assert not wrong


def test_a_table_is_read_on_its_owners_floor_or_above() -> None:
    wrong = [
        f"{path.relative_to(ENGINE)}:{line}: {table} belongs to {OWNERS[table]}"
        for path, line, text in statements()
        for table in READS.findall(text)
        if (path.name, table) not in UPWARD and FLOORS.index(package_of(path)) < FLOORS.index(OWNERS[table])
    ]
    assert not wrong


def test_faces_and_the_compile_half_hold_no_sql() -> None:
    wrong = [f"{path.relative_to(ENGINE)}:{line}" for path, line, _ in statements() if package_of(path) not in FLOORS]
    assert not wrong


def test_keys_of_redis_are_built_in_one_file() -> None:
    built = [
        f"{path.relative_to(ENGINE)}:{node.lineno}"
        for path in python_files(ENGINE)
        if path.name != "keys.py"
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and KEY.match(str(node.values[0].value))
    ]
    assert not built


def test_a_write_elsewhere_would_be_seen() -> None:
    assert WRITES.findall("DELETE FROM outbox WHERE seq = 1") == ["outbox"]
    assert READS.findall("SELECT 1 FROM profile JOIN segment ON true") == ["profile", "segment"]


def test_clients_of_servers_have_a_type() -> None:
    untyped = re.compile(r"\b(redis|elasticsearch|connection): Any\b")
    found = [
        f"{file.relative_to(ENGINE)}:{number}"
        for file in sorted(ENGINE.rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if untyped.search(line)
    ]
    assert not found
