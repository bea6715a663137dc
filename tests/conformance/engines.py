"""The engines that must give the reference's answers: each is loaded with profiles once and asked many predicates."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import psycopg

from engine.compiler.mapping import index_document, index_mapping
from engine.compiler.targets.elasticsearch import Candidates, bind, compile_query
from engine.compiler.targets.sql import SqlQuery, compile_sql, create_table, insert, row
from engine.ir.canonical import canonical_bytes
from engine.ir.types import Catalogue
from engine.operators.evaluate import Subject, evaluate
from engine.runtime.matcher import Matcher, Strategy

from .workload import LISTS, Case

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

BATCH = 100
FUSED = 64  # predicates that become one generated function
UNANSWERED_IN_SQL = frozenset({"within_distance"})  # distances differ in their last digits between databases

Keys = frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The keys of the profiles that surely hold, and of those that may; equal where the engine is exact."""

    surely: Keys
    perhaps: Keys

    @classmethod
    def exact(cls, keys: Keys) -> Answer:
        """The answer of an engine that knows."""
        return cls(keys, keys)


class Engine(Protocol):
    """Answers predicates over the profiles it was loaded with; None where it says that it cannot."""

    def answers(self, cases: Sequence[Case]) -> Iterator[Answer | None]:
        """One answer for each case, in order."""
        ...


class Sealing:
    """Hashes and encodes with a key that is no secret."""

    def hash(self, path: str, value: Any) -> str:
        """A keyed hash, full length."""
        return hmac.new(path.encode(), canonical_bytes(value), hashlib.sha256).hexdigest()

    def hashes(self, path: str, value: Any) -> list[str]:
        return [self.hash(path, value)]

    def cipher(self, path: str, value: Any) -> str:
        """Something in base64 that nobody should be able to search."""
        return base64.b64encode(f"{path}:{value}".encode()).decode()


SEALING = Sealing()


@dataclass(frozen=True, slots=True)
class Reference:
    """The meaning itself; `events` are those of each profile, by key."""

    catalogue: Catalogue
    profiles: Sequence[Mapping[str, Any]]
    events: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def answers(self, cases: Sequence[Case]) -> Iterator[Answer]:
        """What `evaluate` says."""
        key = self.catalogue.key
        names = [str(profile[key]) for profile in self.profiles]
        subjects = [
            (name, Subject(profile, self.events.get(name, ()), LISTS, key))
            for name, profile in zip(names, self.profiles, strict=True)
        ]
        for case in cases:
            held = (name for name, subject in subjects if evaluate(case.predicate, subject, case.now_ms))
            yield Answer.exact(frozenset(held))


@dataclass(frozen=True, slots=True)
class MatcherEngine:
    """The matcher in this process, in one of its two ways: all predicates asked at one time are its segments."""

    catalogue: Catalogue
    profiles: Sequence[Mapping[str, Any]]
    strategy: Strategy
    events: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def answers(self, cases: Sequence[Case]) -> Iterator[Answer | None]:
        """Exact answers."""
        lists = {name: frozenset(members) for name, members in LISTS.items()}
        found: dict[int, set[str]] = {number: set() for number in range(len(cases))}
        for now_ms in sorted({case.now_ms for case in cases}):
            same = [(f"{number:06}", case.predicate) for number, case in enumerate(cases) if case.now_ms == now_ms]
            size = FUSED if self.strategy == "fused" else len(same)
            for start in range(0, len(same), size):
                matcher = Matcher(same[start : start + size], lists, self.catalogue.key, strategy=self.strategy)
                self._ask(matcher, now_ms, found)
        yield from (Answer.exact(frozenset(found[number])) for number in range(len(cases)))

    def _ask(self, matcher: Matcher, now_ms: int, found: dict[int, set[str]]) -> None:
        for profile in self.profiles:
            key = str(profile[self.catalogue.key])
            for name in matcher.match(profile, now_ms, self.events.get(key, ())):
                found[int(name)].add(key)


class ElasticsearchEngine:
    """The real server."""

    def __init__(self, client: Elasticsearch, index: str, catalogue: Catalogue) -> None:
        self._client = client
        self.index = index
        self._catalogue = catalogue
        self._size = 0

    @classmethod
    def create(
        cls, client: Elasticsearch, index: str, catalogue: Catalogue, profiles: Sequence[Mapping[str, Any]]
    ) -> ElasticsearchEngine:
        """The engine over a new index of that name."""
        mapping = index_mapping(catalogue)
        single = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"}
        settings = {"index": {**mapping["settings"]["index"], **single}}
        client.indices.create(index=index, mappings=mapping["mappings"], settings=settings)
        engine = cls(client, index, catalogue)
        engine.load(profiles)
        return engine

    def load(self, profiles: Sequence[Mapping[str, Any]]) -> None:
        """Index the profiles; every document must be taken."""
        for start in range(0, len(profiles), BATCH):
            lines: list[Mapping[str, Any]] = []
            for profile in profiles[start : start + BATCH]:
                lines.append({"index": {"_id": profile[self._catalogue.key]}})
                lines.append(index_document(profile, self._catalogue, SEALING))
            done = self._client.bulk(index=self.index, operations=lines)
            assert not done["errors"], [item["index"]["error"] for item in done["items"] if "error" in item["index"]]
        self._client.indices.refresh(index=self.index)
        self._size += len(profiles)

    def answers(self, cases: Sequence[Case]) -> Iterator[Answer | None]:
        """Exact answers, or those of the two bounding queries."""
        for start in range(0, len(cases), BATCH):
            compiled = [
                (case, compile_query(case.predicate, self._catalogue, LISTS)) for case in cases[start : start + BATCH]
            ]
            queries = []
            for case, query in compiled:
                both = [query.surely_within, query.surely_contains] if isinstance(query, Candidates) else [query.query]
                queries += [bind(each, case.now_ms, SEALING.hash) for each in both]
            found = iter(self.search(queries))
            for _case, query in compiled:
                first = next(found)
                yield Answer(first, next(found) if isinstance(query, Candidates) else first)

    def search(self, queries: Sequence[Mapping[str, Any]]) -> list[Keys]:
        """The ids found by each query."""
        body: list[Mapping[str, Any]] = []
        for query in queries:
            body += [{}, {"query": query, "size": self._size, "_source": False, "track_total_hits": False}]
        wanted = "responses.hits.hits._id,responses.error,responses._shards.failed"
        responses = self._client.msearch(index=self.index, searches=body, filter_path=wanted)["responses"]
        for response, query in zip(responses, queries, strict=True):
            assert response.get("error") is None, (query, response["error"])
            assert response["_shards"]["failed"] == 0, query
        return [frozenset(hit["_id"] for hit in response.get("hits", {}).get("hits", ())) for response in responses]


class DuckDbEngine:
    """DuckDB in this process."""

    def __init__(self, catalogue: Catalogue, profiles: Sequence[Mapping[str, Any]]) -> None:
        self._catalogue = catalogue
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute(create_table(catalogue, "duckdb"))
        rows = json.dumps([row(profile, catalogue, "duckdb", SEALING) for profile in profiles])
        self._connection.execute(insert(catalogue, "duckdb"), {"rows": rows})

    def answers(self, cases: Sequence[Case]) -> Iterator[Answer | None]:
        """Exact answers where there is a query; many conditions in one statement, as a batch asks them."""
        for start in range(0, len(cases), BATCH):
            part = cases[start : start + BATCH]
            queries = [
                compile_sql(case.predicate, self._catalogue, "duckdb", f"q{number}_")
                for number, case in enumerate(part)
            ]
            usable = [(case, query) for case, query in zip(part, queries, strict=True) if isinstance(query, SqlQuery)]
            columns = self._columns(usable)
            found = iter(columns)
            for query in queries:
                yield Answer.exact(next(found)) if isinstance(query, SqlQuery) else None

    def _columns(self, usable: Sequence[tuple[Case, SqlQuery]]) -> list[Keys]:
        if not usable:
            return []
        parameters: dict[str, Any] = {}
        for case, query in usable:
            parameters.update(query.bind(case.now_ms, SEALING.hash, LISTS))
        selected = ", ".join(query.where for _case, query in usable)
        statement = f'SELECT "{self._catalogue.key}", {selected} FROM profiles'
        rows = self._connection.execute(statement, parameters).fetchall()
        assert all(verdict is not None for found in rows for verdict in found)
        return [frozenset(found[0] for found in rows if found[number]) for number in range(1, len(usable) + 1)]


class PostgresEngine:
    """PostgreSQL, one statement for each predicate."""

    def __init__(
        self, connection: psycopg.Connection[Any], catalogue: Catalogue, profiles: Sequence[Mapping[str, Any]]
    ) -> None:
        self._catalogue = catalogue
        self._connection = connection
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute(create_table(catalogue, "postgres"))
        rows = json.dumps([row(profile, catalogue, "postgres", SEALING) for profile in profiles])
        connection.execute(insert(catalogue, "postgres"), {"rows": rows})

    def answers(self, cases: Sequence[Case]) -> Iterator[Answer | None]:
        """Exact answers where there is a query."""
        for case in cases:
            query = compile_sql(case.predicate, self._catalogue, "postgres")
            if not isinstance(query, SqlQuery):
                yield None
                continue
            parameters = query.bind(case.now_ms, SEALING.hash, LISTS)
            found = self._connection.execute(query.text, parameters, prepare=False)
            yield Answer.exact(frozenset(key for (key,) in found))
