"""A small shop on real servers: events go in, time passes, and a slow oracle says what must be true at any instant."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from engine.api import LoadedWorkspace
from engine.compiler.targets.elasticsearch import Exact, bind, compile_query
from engine.encryption.vault import OpenVault, Vault
from engine.ir.instant import format_instant, parse_instant
from engine.ir.program import Program
from engine.operators.evaluate import Subject, evaluate
from engine.profiles.ingest import EventProducer
from engine.profiles.suppression import Suppressed
from engine.rebuilds.preparation import prepare
from engine.running import worker_process
from engine.runtime.border import Border
from engine.runtime.fold import fold
from engine.runtime.intake import event_order
from engine.storage import keys
from engine.storage.postgres import connect_postgres
from engine.worker.changes import Tally
from engine.worker.loop import Clock, Worker
from engine.worker.process import WorkerProcess
from engine.worker.transaction import Processor
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

DAY = 86_400_000
START = parse_instant("2026-03-01T00:00:00Z")

CATALOGUE = """
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  country: {type: keyword}
  tags: {type: keyword, list: true}
  birthday: {type: day}
  last_at: {type: date}
  trial_ends: {type: date}
  orders: {type: integer, from: {event: purchase, aggregate: count}}
  orders_10d: {type: integer, from: {event: purchase, aggregate: count, within: 10d}}
  spend: {type: number, from: {event: purchase, aggregate: sum, field: amount}}
  best_7d: {type: number, from: {event: purchase, aggregate: max, field: amount, within: 7d}}
---
apiVersion: v1
kind: EventType
name: purchase
fields: {amount: {type: number}, country: {type: keyword}}
sets: {country: country, last_at: time}
---
apiVersion: v1
kind: EventType
name: visit
fields: {page: {type: keyword}}
"""

SEGMENTS = {
    "active": "- {field: last_at, operator: within_last, value: 5d}",
    "not_lately": "- not: {field: last_at, operator: within_last_days, value: 3, timezone: Europe/Berlin}",
    "spenders": "- {field: spend, operator: greater_than, value: 50}",
    "busy": "- {field: orders_10d, operator: greater_or_equal, value: 2}",
    "big_week": "- {field: best_7d, operator: greater_than, value: 30}",
    "small_week": "- {field: best_7d, operator: missing}",
    "frequent": "- events: {type: purchase, within: 6d, count: {operator: greater_or_equal, value: 2}}",
    "few": "- events: {type: visit, within: 4d, count: {operator: less_than, value: 2}}",
    "quiet": "- events: {type: visit, within: 8d, did_not: true}",
    "funnel": "- events: {within: 9d, sequence: [{type: visit}, {type: purchase, within: 2d}]}",
    "birthday": "- {field: birthday, operator: anniversary_within, value: 3, timezone: America/New_York}",
    "trial_over": "- {field: trial_ends, operator: older_than, value: 1d}",
    "trial_soon": "- {field: trial_ends, operator: within_next, value: 2d}",
    "local": "- {field: country, operator: in, value: [DE, US]}",
    "elsewhere": "- not: {segment: local}",
    "mixed": "- any: [{segment: busy}, {all: [{segment: quiet}, {field: country, operator: equals, value: DE}]}]",
    "tagged": "- {field: tags, operator: contains, value: gold}",
    "chosen": "- any: [{list: picked}, {field: tags, operator: contains_all, value: [gold, blue]}]",
}


def workspace_text() -> dict[str, str]:
    """The files of the shop's workspace."""
    segments = "\n---\n".join(
        f"apiVersion: v1\nkind: Segment\nname: {name}\nconditions:\n  {conditions}\n"
        for name, conditions in SEGMENTS.items()
    )
    picked = "apiVersion: v1\nkind: MemberList\nname: picked\nmembers: [c-1, c-4]\n"
    return {
        "decisor.yaml": "name: shop\n",
        "schemas/shop.yaml": CATALOGUE.lstrip("\n"),
        "segments/all.yaml": f"{segments}---\n{picked}",
    }


def written(folder: Any, texts: Mapping[str, str]) -> LoadedWorkspace:
    """The workspace of these files, written into a folder and loaded."""
    from engine.api import load_workspace

    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return load_workspace(folder)


@dataclass
class Oracle:
    """Recomputes profiles and membership from raw events, as slowly as can be read."""

    program: Program
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    seen: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    _subjects: dict[tuple[str, int, int], tuple[Program, Subject]] = field(default_factory=dict)

    def take(self, raw: Mapping[str, Any], now_ms: int) -> None:
        """An event as it came, when it was taken in."""
        event, _problems = Border(self.program.catalogue).event(dict(raw))
        if event is None or parse_instant(event["time"]) > now_ms + 300_000 or event["customer_id"] in self.forgotten:
            return
        same = self.seen.setdefault(event["id"], [])
        if event not in same:
            same.append(event)
            self.events.setdefault(event["customer_id"], []).append(event)

    def forget(self, customer: str) -> None:
        """The customer is erased and never comes back."""
        self.forgotten.add(customer)
        self._subjects.clear()
        self.events.pop(customer, None)

    def profile(self, customer: str, now_ms: int) -> dict[str, Any]:
        """The customer's profile at an instant."""
        return fold(self.program.catalogue, customer, event_order(self.events[customer]), now_ms)

    def holds(self, segment: str, customer: str, now_ms: int) -> bool:
        """Whether the customer is in the segment at an instant, by the reference evaluation."""
        return evaluate(self.program.segments[segment], self._subject(customer, now_ms), now_ms)

    def _subject(self, customer: str, now_ms: int) -> Subject:
        """The customer at an instant, kept for the next question, as a customer is asked about for each segment."""
        key = (customer, now_ms, len(self.events[customer]))
        program, subject = self._subjects.get(key, (None, None))
        if subject is None or program is not self.program:
            lists = {name: frozenset(members) for name, members in self.program.lists.items()}
            subject = Subject(self.profile(customer, now_ms), event_order(self.events[customer]), lists)
            self._subjects[key] = self.program, subject
        return subject

    def members(self, segment: str, now_ms: int) -> set[str]:
        """Everybody in the segment at an instant."""
        return {customer for customer in self.events if self.holds(segment, customer, now_ms)}


@dataclass
class World:
    """The shop: real PostgreSQL and Redis, and the oracle beside them; `now_ms` moves only when it is told to."""

    postgres: str
    redis: Any
    program: Program
    vault: Vault = field(default_factory=OpenVault)
    now_ms: int = START
    elasticsearch: Any = None
    alias: str = field(default_factory=lambda: f"t{uuid.uuid4().hex}")
    oracle: Oracle = field(init=False)

    def __post_init__(self) -> None:
        self.oracle = Oracle(self.program)
        with self.connect() as connection:
            prepare(connection, self.program, self.vault)

    def connect(self, application: str = "decisor worker") -> psycopg.Connection:
        """A new connection as the worker makes it."""
        return connect_postgres(self.postgres, autocommit=True, application=application)

    def put(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Put events on the queue, and tell the oracle."""
        found = list(events)
        EventProducer(self.redis, self.program.catalogue.key).put(found)
        for event in found:
            self.oracle.take(event, self.now_ms)

    def worker(self, **options: Any) -> Worker:
        """A worker at the world's time."""
        clock = Clock(self.now_ms)
        return Worker(
            self.redis,
            self.connect,
            lambda each: Processor(each, self.vault, suppressed=Suppressed()),
            clock=clock,
            **options,
        )

    def drain(self) -> Tally:
        """Let a worker do all there is to do now, and the index follow where there is one; what was done."""
        return self.process().run(drain=True)

    def process(self, **options: Any) -> WorkerProcess:
        """A worker with all its stages at the world's time."""
        return worker_process(
            self.redis,
            self.connect,
            self.program.catalogue,
            **{
                "elasticsearch": self.elasticsearch,
                "clock": Clock(self.now_ms),
                "vault": self.vault,
                "alias": self.alias,
                **options,
            },
        )

    def found(self, segment: str) -> set[str]:
        """Everybody whom the index finds by the segment's query, verified where it gives candidates."""
        compiled = compile_query(self.program.segments[segment], self.program.catalogue, self.program.lists)
        query = compiled.query if isinstance(compiled, Exact) else compiled.surely_contains
        self.elasticsearch.indices.refresh(index=self.alias)
        answer = self.elasticsearch.search(index=self.alias, query=bind(query, self.now_ms), size=1_000, source=False)
        found = {hit["_id"] for hit in answer["hits"]["hits"]}
        if isinstance(compiled, Exact):
            return found
        assert found >= self.oracle.members(segment, self.now_ms)
        return {each for each in found if self.oracle.holds(segment, each, self.now_ms)}

    def pass_time(self, ms: int) -> None:
        """Let time pass, and the worker with it."""
        self.now_ms += ms
        self.drain()

    def members(self, segment: str) -> set[str]:
        """Everybody in the segment's set."""
        return {each.decode() for each in self.redis.smembers(keys.members(segment))}

    def check(self) -> None:
        """Redis shows what the oracle says, both ways, and profiles are what they must be."""
        for name in self.program.segments:
            wanted = self.oracle.members(name, self.now_ms)
            assert self.members(name) == wanted, f"{name} at {format_instant(self.now_ms)}"
        for customer in self.oracle.events:
            held = {each.decode() for each in self.redis.smembers(keys.segments_of(customer))}
            assert held == {name for name in self.program.segments if self.oracle.holds(name, customer, self.now_ms)}

    def transitions(self) -> list[tuple[Any, ...]]:
        """All transitions: segment, customer, number, instant in ms, reason."""
        with self.connect("tests") as connection:
            rows = connection.execute(
                "SELECT segment, profile, number, ms(at), reason FROM transition ORDER BY segment, profile, number"
            )
            return rows.fetchall()

    def check_transitions(self) -> None:
        """Enters and exits alternate without gaps, in order of time; each stands on its partition's stream once."""
        rows = self.transitions()
        for before, row in zip([None, *rows], rows, strict=False):
            follows = before is not None and before[:2] == row[:2]
            assert row[2] == (before[2] + 1 if follows and before is not None else 1)
            assert not follows or before is None or before[3] <= row[3]
        told = [
            (entry[b"segment"].decode(), entry[b"customer"].decode(), int(entry[b"number"]))
            for partition in range(16)
            for _, entry in self.redis.xrange(keys.transitions_stream(partition))
        ]
        assert sorted(told) == [row[:3] for row in rows]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The shop's program."""
    return written(tmp_path_factory.mktemp("shop"), workspace_text()).program


@pytest.fixture
def live_world(shop: Program, wheel_database: Database, valkey_empty: RedisServer) -> Iterator[World]:
    """The shop on the servers that decisor brings along."""
    with _world(shop, wheel_database, valkey_empty) as world:
        yield world


@pytest.fixture
def live_world_anywhere(shop: Program, postgres_database: Database, redis_any: RedisServer) -> Iterator[World]:
    """The shop on each PostgreSQL with each Redis, the Cluster included, in turn."""
    with _world(shop, postgres_database, redis_any) as world:
        yield world


@pytest.fixture
def searched_world(
    shop: Program, wheel_database: Database, valkey_empty: RedisServer, elasticsearch: Elasticsearch
) -> Iterator[World]:
    """The shop with a search index."""
    with _world(shop, wheel_database, valkey_empty) as world:
        world.elasticsearch = elasticsearch
        yield world
        for name in elasticsearch.indices.get(index=f"{world.alias}-*"):
            elasticsearch.indices.delete(index=name)


@contextmanager
def _world(program: Program, database: Database, server: RedisServer) -> Iterator[World]:
    redis = server.connect()
    yield World(database.url, redis, program)
    redis.close()


def random_events(random_: random.Random, now_ms: int, customers: Sequence[str], count: int) -> list[dict[str, Any]]:
    """Events as sources send them: late ones, ones of the near and the far future, repeated and conflicting ones."""
    found: list[dict[str, Any]] = []
    for _ in range(count):
        if found and random_.random() < 0.1:
            again = dict(random_.choice(found))
            if random_.random() < 0.5:
                again["data"] = {}
            found.append(again)
            continue
        at = now_ms - random_.choice(
            [0, 1, random_.randrange(3_600_000), random_.randrange(12 * DAY), -200_000, -400_000]
        )
        kind = random_.choice(["purchase", "purchase", "visit", "$set"])
        found.append(
            {
                "id": f"e-{random_.randrange(1_000_000)}",
                "type": kind,
                "customer_id": random_.choice(customers),
                "time": format_instant(at),
                "data": _data(random_, kind, at),
            }
        )
    return found


def _data(random_: random.Random, kind: str, at: int) -> dict[str, Any]:
    if kind == "purchase":
        return {"amount": random_.choice([5.0, 20.0, 35.5, 0.1]), "country": random_.choice(["DE", "US", "FR", None])}
    if kind == "visit":
        return {"page": random_.choice(["home", "cart"])}
    return {
        "birthday": random_.choice(["1990-02-28", "1988-02-29", "1970-03-04", None]),
        "tags": random_.choice([["gold"], ["gold", "blue"], [], None]),
        "trial_ends": format_instant(at + random_.randrange(-3 * DAY, 3 * DAY)),
    }
