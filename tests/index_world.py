"""Profiles in PostgreSQL without a worker, and their index in Elasticsearch under an alias of the test's own."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from engine.encryption.vault import OpenVault, Vault
from engine.index.follower import IndexFollower
from engine.index.names import ProfileIndex, all_indices, index_of
from engine.index.stage import IndexStage
from engine.ir.types import Catalogue, Field
from engine.stages.runner import StageRunner
from engine.storage.partitions import advance, lock_partitions, partition_of
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("orders", "integer"),
        Field("birthday", "day"),
        Field("tags", "keyword", many=True),
    ),
)

_PUT = (
    "INSERT INTO profile (profile, partition, version, events, value, computed_at, catalogue_digest)"
    " VALUES (%s, %s, 1, 0, %s, now(), '') ON CONFLICT (profile)"
    " DO UPDATE SET version = profile.version + 1, value = excluded.value"
)


@dataclass
class IndexWorld:
    """What a worker would do to profiles, done by hand."""

    database: Database
    client: Elasticsearch
    catalogue: Catalogue = CATALOGUE
    vault: Vault = field(default_factory=OpenVault)
    alias: str = field(default_factory=lambda: f"t{uuid.uuid4().hex}")
    followers: list[IndexFollower] = field(default_factory=list)

    def connect(self) -> Connection:
        """A connection in autocommit."""
        return self.database.connect(autocommit=True)

    def follower(self, client: Elasticsearch | None = None, catalogue: Catalogue | None = None) -> IndexFollower:
        """A follower, closed at the end."""
        found = IndexFollower(
            self.connect, client or self.client, catalogue or self.catalogue, vault=self.vault, alias=self.alias
        )
        self.followers.append(found)
        return found

    def put(self, values: Mapping[str, Mapping[str, Any] | None], *, told: bool = True) -> None:
        """Change profiles in one transaction; None erases. Without `told` the outbox does not hear of it."""
        with self.connect() as connection, connection.transaction():
            last = lock_partitions(connection, {partition_of(profile) for profile in values})
            whole = {
                profile: {"customer_id": profile, **value} for profile, value in values.items() if value is not None
            }
            sealed = self.vault.seal_values(connection, whole)
            for profile, value in values.items():
                partition = partition_of(profile)
                if value is None:
                    connection.execute("DELETE FROM profile WHERE profile = %s", (profile,))
                else:
                    connection.execute(
                        _PUT,
                        (profile, partition, json.dumps(sealed[profile], ensure_ascii=False)),
                    )
                if told:
                    last[partition] += 1
                    connection.execute(
                        "INSERT INTO outbox (partition, seq, profile, kind) VALUES (%s, %s, %s, %s)",
                        (partition, last[partition], profile, "erase" if value is None else "change"),
                    )
            advance(connection, last)

    def live(self) -> ProfileIndex:
        """The live index."""
        found = index_of(self.client, self.alias)
        assert found is not None
        return found

    def shown(self, index: ProfileIndex | None = None) -> dict[str, dict[str, Any]]:
        """The documents that a search finds."""
        name = (index or self.live()).name
        self.client.indices.refresh(index=name)
        answer = self.client.search(index=name, size=10_000, query={"match_all": {}})
        return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}

    def kept(self) -> dict[str, Any]:
        """The profiles in PostgreSQL."""
        with self.connect() as connection:
            return dict(connection.execute("SELECT profile, value FROM profile").fetchall())

    def letters(self) -> list[tuple[str, str, bool]]:
        """The dead letters: profile, reason, whether it was made good."""
        with self.connect() as connection:
            return connection.execute(
                "SELECT profile, reason, replayed_at IS NOT NULL FROM dead_letter ORDER BY profile, id"
            ).fetchall()

    def close(self) -> None:
        """Leave nothing in the cluster."""
        for each in self.followers:
            each.close()
        for index in all_indices(self.client, self.alias):
            self.client.indices.delete(index=index.name)


@contextmanager
def index_world(database: Database, client: Elasticsearch, **options: Any) -> Iterator[IndexWorld]:
    """A world that leaves nothing behind."""
    world = IndexWorld(database, client, **options)
    try:
        yield world
    finally:
        world.close()


@contextmanager
def following(follower: IndexFollower) -> Iterator[None]:
    """The follower at work in a thread, over all partitions."""
    stop = threading.Event()
    runner = StageRunner(IndexStage(follower), lambda _: follower._connect(), lambda: range(16), stop)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def limiting_proxy(url: str, most: int) -> Iterator[str]:
    """The URL of a proxy in front of a server that refuses bodies of more bytes, as proxies do."""
    host, port = url.removeprefix("http://").split(":")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if len(body) > most:
                self.answer(413, {}, b"")
                return
            connection = HTTPConnection(host, int(port))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            connection.request(self.command, self.path, body, kept)
            response = connection.getresponse()
            content = response.read()
            connection.close()
            self.answer(response.status, dict(response.getheaders()), content)

        def answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = forward  # noqa: N815 - the server's name for it

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


_HOP = {"connection", "content-length", "transfer-encoding", "host", "accept-encoding"}
