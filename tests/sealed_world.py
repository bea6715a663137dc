"""A shop with encrypted fields on real servers, and a look through everything that is kept for plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine.encryption.key_file import new_key_set, write_new_key_file
from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.encryption.vault import OpenVault, Vault
from engine.ir.instant import format_instant
from engine.ir.program import Program
from engine.ir.types import Field
from engine.rebuilds.preparation import prepare
from tests.live_world import START, World, written
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer

CATALOGUE = """
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  country: {type: keyword}
  email: {type: keyword, normalize: lowercase, personal: true, encrypted: {search: equality}}
  phones: {type: keyword, list: true, encrypted: {search: equality}}
  address: {type: object, fields: {city: {type: keyword}, street: {type: keyword, encrypted: {search: none}}}}
  notes: {type: object, list: true, fields: {text: {type: text, encrypted: {search: none}}}}
  last_page: {type: keyword, encrypted: {search: none}, from: {event: visit, aggregate: last, field: page}}
  pages_2d: {type: keyword, encrypted: {search: none}, from: {event: visit, aggregate: first, field: page, within: 2d}}
  visits: {type: integer, from: {event: visit, aggregate: count}}
---
apiVersion: v1
kind: EventType
name: signup
fields: {mail: {type: keyword}, country: {type: keyword}}
sets: {email: mail, country: country}
---
apiVersion: v1
kind: EventType
name: visit
fields: {page: {type: keyword}, seconds: {type: integer}}
"""

SEGMENTS = """
apiVersion: v1
kind: Segment
name: known
conditions:
  - {field: email, operator: exists}
---
apiVersion: v1
kind: Segment
name: ada
conditions:
  - {field: email, operator: equals, value: ada-0@plain.example}
---
apiVersion: v1
kind: Segment
name: strangers
conditions:
  - not: {segment: known}
"""

# One that asks about nothing encrypted, and one about events of which an encrypted field is made.
MORE_SEGMENTS = """---
apiVersion: v1
kind: Segment
name: germans
conditions:
  - {field: country, operator: equals, value: DE}
---
apiVersion: v1
kind: Segment
name: readers
conditions:
  - events: {type: visit, where: [{field: page, operator: equals, value: plain-page-1}]}
"""

# Every encrypted value in `events` holds one of these, and nothing else does.
PLAIN = ["plain.example", "PLAIN.example", "plain-phone", "plain street", "plain note", "plain-page"]


def workspace(folder: Path, more: str = "") -> Path:
    """The shop's workspace, written into a folder."""
    for name, text in {
        "decisor.yaml": "name: shop\n",
        "schemas/shop.yaml": CATALOGUE.lstrip("\n"),
        "segments/all.yaml": SEGMENTS.lstrip("\n") + more,
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def program_of(folder: Path, more: str = "") -> Program:
    """The compiled workspace."""
    compiled = written(workspace(folder, more), {}).compiled
    assert compiled is not None
    return compiled


def events(customers: Iterable[int], at_ms: int = START, turn: str = "") -> list[dict[str, Any]]:
    """Events that give customers a value in every encrypted field."""
    found = []
    for number in customers:
        each = {
            "signup": {"mail": f"Ada-{number}@PLAIN.example", "country": "DE"},
            "visit": {"page": f"plain-page-{number}", "seconds": 5},
            "$set": {
                "phones": [f"plain-phone-{number}"],
                "address": {"city": "Berlin", "street": f"plain street {number}"},
                "notes": [{"text": f"plain note {number}"}, {"text": "plain note again"}],
            },
        }
        for kind, data in each.items():
            found.append(
                {
                    "id": f"e{turn}-{number}-{kind}",
                    "type": kind,
                    "customer_id": f"c-{number}",
                    "time": format_instant(at_ms),
                    "data": data,
                }
            )
    return found


def kept_in_postgres(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    """Every row of every table with the table's name; bytes as Latin-1, so that text in them is seen."""
    tables = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'decisor'"
    ).fetchall()
    for (table,) in tables:
        for row in connection.execute(f'SELECT * FROM decisor."{table}"').fetchall():
            for value in row:
                yield table, bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


def kept_in_redis(redis: Any) -> Iterator[tuple[str, str]]:
    """Every key of every kind with its content."""
    for name in redis.scan_iter():
        kind = redis.type(name).decode()
        read = {
            "string": lambda each: [redis.get(each)],
            "set": redis.smembers,
            "hash": redis.hgetall,
            "zset": lambda each: redis.zrange(each, 0, -1),
            "stream": redis.xrange,
        }[kind]
        yield name.decode(), f"{name!r} {read(name)!r}"


def plain_text(world: World, words: Iterable[str] = PLAIN) -> list[tuple[str, str]]:
    """Where any of the words is kept: places with the word."""
    with world.connect("tests") as connection:
        kept = [*kept_in_postgres(connection), *kept_in_redis(world.redis)]
    return [(place, word) for word in words for place, text in kept if word in text]


@pytest.fixture(scope="session")
def sealed_program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The shop with encrypted fields."""
    return program_of(tmp_path_factory.mktemp("sealed"))


def _open(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(replace(each, encrypted=None, fields=_open(each.fields)) for each in fields)


def not_encrypted(program: Program) -> Program:
    """The same, with a catalogue in which no field is encrypted."""
    return replace(program, catalogue=replace(program.catalogue, fields=_open(program.catalogue.fields)))


def as_catalogued(world: World, program: Program, vault: Vault) -> None:
    """Let the program's catalogue and definitions be those of the world, as the first worker of a new version does."""
    world.program = world.oracle.program = program
    world.vault = vault
    with world.connect("tests") as connection:
        prepare(connection, program, vault)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key file of its own."""
    path = tmp_path / "keys.json"
    write_new_key_file(path, new_key_set())
    return path


@pytest.fixture
def open_world(sealed_program: Program, wheel_database: Database, valkey_empty: RedisServer) -> Iterator[World]:
    """The shop before any of its fields was encrypted."""
    redis = valkey_empty.connect()
    yield World(wheel_database.url, redis, not_encrypted(sealed_program), OpenVault())
    redis.close()


@pytest.fixture
def command_world(
    sealed_world: World, valkey: RedisServer, key_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> World:
    """The shop with six customers where commands find it in the environment; the current folder is no workspace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DECISOR_POSTGRES_URL", sealed_world.postgres)
    monkeypatch.setenv("DECISOR_REDIS_URL", valkey.url)
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(key_file))
    sealed_world.put(events(range(6)))
    sealed_world.drain()
    return sealed_world


@pytest.fixture
def sealed_world(
    sealed_program: Program, wheel_database: Database, valkey_empty: RedisServer, key_file: Path
) -> Iterator[World]:
    """The shop with encrypted fields on servers of its own."""
    redis = valkey_empty.connect()
    vault = SealedVault(sealed_program.catalogue, keyring_of_file(key_file))
    yield World(wheel_database.url, redis, sealed_program, vault)
    redis.close()
