"""Connections to real servers: their settings, TLS, passwords and keys, and refusals that say what to do."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
import redis
from elasticsearch import ApiError, Elasticsearch, TransportError

from engine.storage.elasticsearch import connect_elasticsearch
from engine.storage.embedded import valkey
from engine.storage.embedded.account import Account, popen_identity
from engine.storage.embedded.postgres import PostgresFolder
from engine.storage.locations import Locations, ServerUnreachableError, locations_of
from engine.storage.postgres import connect_postgres
from engine.storage.redis_client import connect_redis
from tests.servers import postgres as postgres_servers
from tests.servers import redis_servers
from tests.servers.certificates import make_certificates
from tests.servers.faults import PrivateElasticsearch, PrivateRedis
from tests.servers.postgres import Database, Postgres
from tests.servers.redis_cluster import free_ports
from tests.servers.redis_servers import RedisServer
from tests.waiting import until

PASSWORD = "hunter2 @/:?#%"  # noqa: S105 - of servers that live as long as a test
QUOTED = "hunter2%20%40%2F%3A%3F%23%25"


@contextmanager
def guarded(name: str, settings: Mapping[str, str], *, port: int) -> Iterator[valkey.ValkeyFolder]:
    """A Redis on a port of the loopback."""
    with redis_servers.new_folder() as folder:
        place = valkey.ValkeyFolder(folder, port=port)
        program = redis_servers.program_of(name, folder)
        server = place.start(program, {**redis_servers.SETTINGS, **settings}, ends_with_us="TERM")
        try:
            yield place
        finally:
            redis_servers.stop(server)


def refusal(connect: Any, *arguments: Any) -> str:
    """What is said instead of connecting."""
    with pytest.raises(ServerUnreachableError) as refused:
        connect(*arguments)
    said = str(refused.value)
    assert "hunter2" not in said
    assert "secret-key" not in said
    return said


@contextmanager
def hanging_up() -> Iterator[tuple[int, list[int]]]:
    """A port of the loopback that ends every connection at once, and a list that gets an entry for each."""
    callers: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with suppress(OSError):  # the listener has been shut
                while True:
                    connection, (_, port) = listener.accept()
                    callers.append(port)
                    connection.close()

        thread = Thread(target=hang_up)
        thread.start()
        try:
            yield int(listener.getsockname()[1]), callers
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    "connect, url, most",
    [
        (connect_redis, "redis://127.0.0.1:{port}", 1),
        (connect_postgres, "postgresql://127.0.0.1:{port}/a?sslmode=disable", 1),
        (lambda url: connect_elasticsearch(Locations(elasticsearch=url)), "http://127.0.0.1:{port}", 1),
        (connect_redis, "redis+cluster://127.0.0.1:{port}", 4),  # a node that moves away is looked for again
    ],
    ids=["redis", "postgres", "elasticsearch", "cluster"],
)
def test_a_server_that_does_not_answer_is_not_asked_again_and_again(
    connect: Callable[[str], Any], url: str, most: int
) -> None:
    with hanging_up() as (port, callers):
        refusal(connect, url.format(port=port))
    assert 1 <= len(callers) <= most


def test_redis_gives_bytes_and_blocks_for_as_long_as_it_is_asked_to(redis_server: RedisServer) -> None:
    client: Any = connect_redis(redis_server.url)
    client.set("text", "é")
    assert client.get("text") == "é".encode()
    assert client.blpop(["nothing"], timeout=1) is None
    assert client.xread({"nothing": "$"}, block=100) in ([], None)
    client.close()


def test_redis_wants_its_password() -> None:
    port = free_ports(1)[0]
    with guarded("valkey", {"requirepass": PASSWORD}, port=port):
        client = connect_redis(f"redis://:{QUOTED}@127.0.0.1:{port}/0")
        assert client.ping()
        client.close()
        said = refusal(connect_redis, f"redis://:hunter2@127.0.0.1:{port}/0")
        assert said.endswith("To mend it: check the user and the password in DECISOR_REDIS_URL")
        assert f"redis://***@127.0.0.1:{port}/0" in said
        refusal(connect_redis, f"redis://127.0.0.1:{port}/0")


def test_redis_is_reached_by_tls_with_the_certificate_of_its_authority() -> None:
    with redis_servers.new_folder() as folder:
        files = make_certificates(folder)
        port, tls = free_ports(2)
        settings = {
            "tls-port": str(tls),
            "tls-cert-file": str(files.server),
            "tls-key-file": str(files.key),
            "tls-ca-cert-file": str(files.authority),
            "tls-auth-clients": "no",
        }
        url = f"rediss://127.0.0.1:{tls}/0"
        with guarded("redis_7", settings, port=port):
            environ = {"DECISOR_REDIS_URL": url, "DECISOR_REDIS_CA_FILE": str(files.authority)}
            client = connect_redis(locations_of(None, environ).redis or "")
            assert client.ping()
            client.close()
            assert "certificate" in refusal(connect_redis, url)


def test_redis_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    for url in ("redis://127.0.0.1:1/0", f"unix://{tmp_path}/none.sock", "redis+cluster://127.0.0.1:1"):
        said = refusal(connect_redis, url)
        assert "cannot be reached" in said
        assert "without that variable `decisor up` starts a server" in said


@pytest.mark.parametrize("url", ["http://a", "redis", "", "redis+sentinel://a", "redis://a:b/0", "redis://a?what=1"])
def test_what_is_no_url_of_redis_is_told_with_what_is(url: str) -> None:
    assert "`redis+cluster://…` or `rediss+cluster://…` for a Cluster" in refusal(connect_redis, url)


@pytest.mark.parametrize("password", ["hun/ter2", "hun?ter2", "hun#ter2", "h@hun/ter2", "12/hun@ter2", "[hun/ter2"])
def test_password_that_is_not_quoted_is_told_as_such_and_nothing_of_it_shows(password: str) -> None:
    connections = {
        "redis": connect_redis,
        "redis+cluster": connect_redis,
        "postgresql": connect_postgres,
        "http": lambda url: connect_elasticsearch(Locations(elasticsearch=url)),
    }
    for scheme, connect in connections.items():
        said = refusal(connect, f"{scheme}://ann:{password}@127.0.0.1:1")
        assert f"`{scheme}://***@127.0.0.1:1`" in said
        assert "is written as %XX" in said
        assert not any(part in said for part in ("hun", "ter2", "ann:"))


def test_single_server_is_no_cluster() -> None:
    port = free_ports(1)[0]
    with guarded("valkey", {}, port=port):
        refusal(connect_redis, f"redis+cluster://127.0.0.1:{port}")


def test_client_goes_on_after_redis_was_restarted() -> None:
    with PrivateRedis() as server:
        client: Any = connect_redis(server.url)
        client.set("kept", "1")
        server.restart()
        assert client.get("kept") == b"1"
        client.close()


def test_postgres_looks_into_our_schema_and_keeps_utc(postgres_database: Database) -> None:
    with connect_postgres(postgres_database.url, application="tests") as connection:
        asked = "SELECT current_schema(), current_setting('timezone'), current_setting('application_name')"
        assert connection.execute(asked).fetchone() == ("decisor", "UTC", "tests")
        assert not connection.autocommit
    url = f"{postgres_database.url}&options=-c%20statement_timeout%3D1234&application_name=mine"
    with connect_postgres(url, autocommit=True) as connection:
        asked = "SELECT current_schema(), current_setting('statement_timeout'), current_setting('application_name')"
        assert connection.execute(asked).fetchone() == ("decisor", "1234ms", "decisor")
        assert connection.autocommit


def test_postgres_refuses_in_words(postgres_wheel: Postgres, tmp_path: Path) -> None:
    missing = postgres_wheel.url.replace("/postgres?", "/missing?")
    assert "create it (CREATE DATABASE)" in refusal(connect_postgres, missing)
    assert "`decisor up` starts a server" in refusal(connect_postgres, "postgresql://ann:hunter2@127.0.0.1:1/a")
    assert "is not understood" in refusal(connect_postgres, "password hunter2")
    assert "cannot be reached" in refusal(connect_postgres, f"postgresql:///a?host={tmp_path}&password=hunter2")


def test_postgres_wants_its_password_and_is_reached_by_tls() -> None:
    for installation in filter(None, [postgres_servers.system()]):  # the wheel's was built without TLS
        with postgres_servers.new_place(installation) as place:
            _secure(place, installation.reachable(place.account))


def given_to(account: Account, folder: Path) -> None:
    for each in (folder, *folder.rglob("*")):
        os.chown(each, account.user, account.group, follow_symlinks=False)


def _secure(place: PostgresFolder, programs: Path) -> None:
    files = make_certificates(place.folder)
    if place.account is not None:
        given_to(place.account, place.folder)
    port = free_ports(1)[0]
    place = PostgresFolder(place.folder, place.sockets, place.account, port)
    place.initialise(programs, sync=False)
    rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
    (place.data / "pg_hba.conf").write_text(rules, encoding="ascii")
    settings = {
        **postgres_servers.SETTINGS,
        "listen_addresses": "127.0.0.1",
        "ssl": "on",
        "ssl_cert_file": str(files.server),
        "ssl_key_file": str(files.key),
    }
    server = place.start(programs, settings, ends_with_us="INT")
    try:
        with psycopg.connect(place.url, autocommit=True) as owner:
            owner.execute(f"CREATE ROLE ann LOGIN PASSWORD '{PASSWORD}'")
        url = f"postgresql://ann:{QUOTED}@127.0.0.1:{port}/postgres"
        environ = {"DECISOR_POSTGRES_URL": url, "DECISOR_POSTGRES_CA_FILE": str(files.authority)}
        with connect_postgres(locations_of(None, environ).postgres or "") as connection:
            row = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
            assert row == (True,)
        wrong = url.replace(QUOTED, "hunter2")
        assert "check the user and the password" in refusal(connect_postgres, wrong)
        environ["DECISOR_POSTGRES_CA_FILE"] = os.devnull
        refusal(connect_postgres, locations_of(None, environ).postgres or "")
    finally:
        postgres_servers.stop(server)


def test_elasticsearch_answers_and_refuses_in_words(elasticsearch_url: str) -> None:
    client = connect_elasticsearch(Locations(elasticsearch=elasticsearch_url))
    assert client.cluster.health()["status"] in {"green", "yellow"}
    client.close()
    assert "no Elasticsearch is known" in refusal(connect_elasticsearch, Locations())
    for url in ("http://ann:hunter2@127.0.0.1:1", "https://127.0.0.1:1"):
        said = refusal(connect_elasticsearch, Locations(elasticsearch=url))
        assert "`decisor up --elasticsearch` starts one" in said
    assert "write `https://HOST:PORT`" in refusal(connect_elasticsearch, Locations(elasticsearch="hunter2"))


class SecureElasticsearch(PrivateElasticsearch):
    """A server with TLS and its own users."""

    def _prepare(self) -> None:
        super()._prepare()
        self.place.part("config").mkdir(parents=True)
        self.files = make_certificates(self.place.part("config"))
        security = {
            "xpack.security.enabled": "true",
            "xpack.security.http.ssl.enabled": "true",
            "xpack.security.http.ssl.certificate": str(self.files.server),
            "xpack.security.http.ssl.key": str(self.files.key),
        }
        self.place = type(self.place)(self.place.folder, security, self.place.java)
        self.place.lay_out(self.home, "512m")
        for name in ("users", "users_roles"):
            (self.place.part("config") / name).touch()
        if self.account is not None:
            given_to(self.account, self.place.folder / "server")
        environment = {**os.environ, "ES_JAVA_HOME": str(self.jdk), "ES_PATH_CONF": str(self.place.part("config"))}
        program = str(self.home / "bin" / "elasticsearch-users")
        command = [program, "useradd", "ann", "-p", "hunter2", "-r", "superuser"]
        subprocess.run(
            command, check=True, capture_output=True, env=environment, cwd="/", **popen_identity(self.account)
        )

    def _ready(self) -> str | None:
        for address in self.place.bound_addresses():
            with Elasticsearch(
                f"https://{address}", basic_auth=("ann", "hunter2"), ca_certs=str(self.files.authority)
            ) as client:
                try:
                    client.cluster.health(wait_for_status="yellow", timeout="1s")
                except (ApiError, TransportError):
                    return None
            return f"https://{address}"
        return None


def test_elasticsearch_is_reached_by_tls_with_credentials_that_it_knows() -> None:
    with SecureElasticsearch() as server:
        environ = {
            "DECISOR_ELASTICSEARCH_URL": server.url.replace("https://", "https://ann:hunter2@"),
            "DECISOR_ELASTICSEARCH_CA_FILE": str(server.files.authority),
        }
        client = connect_elasticsearch(locations_of(None, environ))
        assert client.cluster.health()["status"] == "green"
        client.close()
        wrong = {**environ, "DECISOR_ELASTICSEARCH_URL": server.url.replace("https://", "https://ann:hunter22@")}
        assert "it refuses the credentials" in refusal(connect_elasticsearch, locations_of(None, wrong))
        wrong = {**environ, "DECISOR_ELASTICSEARCH_URL": server.url, "DECISOR_ELASTICSEARCH_API_KEY": "secret-key"}
        assert "it refuses the credentials" in refusal(connect_elasticsearch, locations_of(None, wrong))
        both = {**environ, "DECISOR_ELASTICSEARCH_API_KEY": "secret-key"}
        assert "it refuses the credentials" in refusal(connect_elasticsearch, locations_of(None, both))
        del environ["DECISOR_ELASTICSEARCH_CA_FILE"]
        said = refusal(connect_elasticsearch, locations_of(None, environ))
        assert "name the certificate of its authority in DECISOR_ELASTICSEARCH_CA_FILE" in said


def test_api_key_is_what_elasticsearch_is_sent() -> None:
    sent: list[str | None] = []

    class Listener(BaseHTTPRequestHandler):
        """Hears who asks. The server of the tests lacks a part that it would make keys with."""

        def do_HEAD(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_response(200)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as listener:
        Thread(target=listener.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{listener.server_port}"
        connect_elasticsearch(Locations(elasticsearch=url, elasticsearch_api_key="secret-key")).close()
        listener.shutdown()
    assert sent == ["ApiKey secret-key"]


def answers(client: Any) -> bool:
    """Whether it answers in the short time that it is given."""
    try:
        return bool(client.ping())
    except redis.TimeoutError:
        return False


def test_frozen_redis_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.storage.redis_client.ANSWER_SECONDS", 0.5)
    with PrivateRedis() as server:
        client: Any = connect_redis(server.url)
        server.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        refusal(connect_redis, server.url)
        server.resume()
        until(lambda: answers(client))
        client.close()
