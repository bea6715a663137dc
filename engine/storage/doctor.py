"""Diagnosis of the servers: what is wrong and how to fix it, without showing secrets."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .embedded import postgres, valkey
from .locations import NAMES, STARTING, Locations, ServerUnreachableError, locations_of, redact, variables
from .redis_protocol import RedisClient

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

    from .embedded.state import Server

OLDEST_REDIS: Final = (6, 2)
OLDEST_POSTGRES: Final = 15
ELASTICSEARCH: Final = 9
LEAST_FREE: Final = 1_000_000_000  # bytes
CLOCKS_APART: Final = 1.0  # seconds; due customers are moved within five
CLIENTS: Final = {"redis": "redis", "postgres": "psycopg", "elasticsearch": "elasticsearch"}
WHEELS: Final = {"redis": valkey.WHEEL, "postgres": postgres.WHEEL}


@dataclass(frozen=True, slots=True)
class Symptom:
    """One problem and how to fix it."""

    what: str
    mend: str


@dataclass(slots=True)
class Examination:
    """The findings about one server: where its URL comes from, if it has one, its facts and its problems."""

    name: str
    source: str
    url: str | None = None
    reachable: bool = False
    version: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[Symptom] = field(default_factory=list)

    def report(self, what: str, mend: str) -> None:
        """Note a problem."""
        self.problems.append(Symptom(what, mend))

    def note_version(self, version: str) -> None:
        """Note the version."""
        self.version = version
        self.facts["version"] = version


def examine(root: Path | None, environ: Mapping[str, str]) -> list[Examination]:
    """Redis, PostgreSQL and Elasticsearch, in this order, as the environment or a workspace names them."""
    from .embedded.state import remembered_servers

    locations = locations_of(root, environ)
    started = {} if root is None else remembered_servers(root)
    urls = {
        "redis": locations.redis,
        "postgres": locations.postgres,
        "elasticsearch": locations.elasticsearch,
    }
    return [_examine(name, url, locations, environ, started.get(name)) for name, url in urls.items()]


def _examine(
    name: str, url: str | None, locations: Locations, environ: Mapping[str, str], started: Server | None
) -> Examination:
    named = variables(environ).get(name)
    if url is None:
        return _missing(name, started)
    found = Examination(NAMES[name], named[0] if named else "started by `decisor up`", redact(url))
    if not _has_client(name, found):
        return found
    look = {"redis": _redis, "postgres": _postgres, "elasticsearch": _elasticsearch}[name]
    try:
        look(found, locations)
    except ServerUnreachableError as problem:
        found.report(problem.what, problem.mend)
    except Exception as problem:  # noqa: BLE001 - whatever a server answers, the others are still examined
        found.report(f"its answer is not understood ({type(problem).__name__})", "look into the server's own log")
    if named is None and started is not None and name != "elasticsearch":  # Elasticsearch reports its disk itself
        _disk(found, Path(started.data))
    return found


def _missing(name: str, started: Server | None) -> Examination:
    if started is not None and started.stopped:
        found = Examination(NAMES[name], "stopped by `decisor down`")
        found.report("it is not running", f"`{STARTING[name]}` starts it again")
        return found
    if started is not None:
        found = Examination(NAMES[name], "started by `decisor up`, and has ended since")
        found.report(
            "it is not running",
            f"`{STARTING[name]}` starts it again; the end of `{_log(name, started)}` may show why it ended",
        )
        return found
    if name == "elasticsearch":
        return Examination(NAMES[name], "none; membership is built from PostgreSQL")
    found = Examination(NAMES[name], "none")
    install = "" if importlib.util.find_spec(WHEELS[name]) else "pip install 'decisor[embedded]'; then "
    found.report("none is known", f"{install}`decisor up` starts one, or DECISOR_{name.upper()}_URL names one")
    _has_client(name, found)
    return found


def _log(name: str, started: Server) -> Path:
    """The file that the server prints to."""
    folder = Path(started.data)
    return folder / "server" / "log" if name == "elasticsearch" else folder / "log"


def _has_client(name: str, found: Examination) -> bool:
    if importlib.util.find_spec(CLIENTS[name]) is not None:
        return True
    found.report(f"the package {CLIENTS[name]} is not installed", f"pip install 'decisor[{name}]'")
    return False


def _disk(found: Examination, folder: Path) -> None:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return
    found.facts["disk"] = f"{free / 1e9:,.1f} GB free"
    if free < LEAST_FREE:
        found.report(f"its disk is nearly full: {free / 1e6:,.0f} MB are free", f"free space on the disk of `{folder}`")


def _redis(found: Examination, locations: Locations) -> None:
    from .redis_client import cluster_of, connect_redis

    client = connect_redis(locations.redis or "")
    try:
        found.reachable = True
        cluster = cluster_of(client)
        if cluster is None:
            _redis_node(found, client.info())
            _key_types(found, client)
            return
        state = cluster.cluster_info(target_nodes="random")
        found.facts["nodes"] = str(len(cluster.get_primaries()))
        if state.get("cluster_state") != "ok":
            found.report("the Cluster is down: not every slot is served", "`CLUSTER INFO` and `CLUSTER NODES` show why")
        for node in cluster.get_primaries():
            _redis_node(found, cluster.info(target_nodes=node), f"node {node.host}:{node.port}: ", cluster=True)
        _key_types(found, client)
    finally:
        client.close()


def _key_types(found: Examination, client: RedisClient) -> None:
    """Note keys of decisor that another program has written; keys of single customers are not checked."""
    from .key_types import wrong_keys

    for what, mend in wrong_keys(client):
        found.report(what, mend)


def _redis_node(found: Examination, info: Mapping[str, Any], node: str = "", *, cluster: bool = False) -> None:
    version = str(info.get("redis_version", "0"))
    found.note_version(f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        found.report(f"{node}version {version} is too old", "install Redis 6.2 or newer, or Valkey")
    if not cluster and info.get("cluster_enabled"):
        found.report("it is a node of a Cluster", "write `redis+cluster://…` in DECISOR_REDIS_URL")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    found.facts["maxmemory-policy"] = policy
    if policy != "noeviction":
        found.report(
            f"{node}maxmemory-policy is {policy}: when memory runs out, queued events and memberships are evicted",
            "CONFIG SET maxmemory-policy noeviction, and the same in its configuration",
        )
    found.facts["appendonly"] = "yes" if info.get("aof_enabled") else "no"
    if not info.get("aof_enabled"):
        found.report(
            f"{node}appendonly is off: events that no worker has read yet are lost when the server ends",
            "CONFIG SET appendonly yes, and the same in its configuration",
        )
    elif info.get("aof_last_write_status", "ok") != "ok":
        found.report(f"{node}it cannot write to its disk, and so refuses to change anything", "free space on its disk")
    if info.get("role") != "master":
        found.report(f"{node}it is a replica, which takes no writes", "name the primary in DECISOR_REDIS_URL")


def _postgres(found: Examination, locations: Locations) -> None:
    from .postgres import connect_postgres

    with connect_postgres(locations.postgres or "", autocommit=True) as connection:
        found.reachable = True
        number = connection.info.server_version
        found.note_version(f"PostgreSQL {number // 10000}.{number % 10000}")
        if number // 10000 < OLDEST_POSTGRES:
            found.report(f"version {number // 10000} is too old", f"install PostgreSQL {OLDEST_POSTGRES} or newer")
        for setting, what in {
            "fsync": "a crash of the machine destroys the database",
            "full_page_writes": "a crash of the machine may destroy the database",
            "synchronous_commit": "a crash loses the latest commits, although they were acknowledged",
        }.items():
            value = _fetch_text(connection, f"SELECT current_setting('{setting}')")
            found.facts[setting] = value
            if value == "off":
                found.report(f"{setting} is off: {what}", f"set {setting} = on in its configuration")
        if (encoding := _fetch_text(connection, "SELECT current_setting('server_encoding')")) != "UTF8":
            found.report(
                f"the database stores text as {encoding}", "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            )
        if _fetch_text(connection, "SELECT pg_is_in_recovery()::text") == "true":
            found.report("it is a standby, which takes no writes", "name the primary in DECISOR_POSTGRES_URL")
        apart = float(_fetch_text(connection, "SELECT extract(epoch FROM clock_timestamp())::text")) - time.time()
        if abs(apart) > CLOCKS_APART:
            found.report(f"its clock is {apart:+.1f} s from this machine's", "synchronise both with a time server")
        _migrations(found, connection)


def _fetch_text(connection: Connection, query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""


def _migrations(found: Examination, connection: Connection) -> None:
    from .migrate import MigrationError, pending

    try:
        missing = pending(connection)
    except MigrationError as problem:
        what, _, mend = str(problem).partition(": ")
        found.report(what, mend)
        return
    found.facts["migrations"] = f"{len(missing)} pending" if missing else "all applied"
    if missing:
        found.report(f"migrations are pending: {', '.join(missing)}", "`decisor up` applies them")


def _elasticsearch(found: Examination, locations: Locations) -> None:
    from elasticsearch import ApiError

    from .elasticsearch import connect_elasticsearch

    with connect_elasticsearch(locations) as client:
        found.reachable = True
        try:
            versions = _versions(client)
        except ApiError as problem:
            found.report(
                f"it does not report its version: HTTP {problem.meta.status}",
                "it must be Elasticsearch 9, and the API key needs the cluster privilege `monitor`",
            )
            return
        found.note_version(f"Elasticsearch {', '.join(versions)}")
        if any(int(version.split(".")[0]) != ELASTICSEARCH for version in versions):
            found.report(f"version {', '.join(versions)} is not supported", f"install Elasticsearch {ELASTICSEARCH}")
        status = str(client.cluster.health(timeout="5s")["status"])
        found.facts["health"] = status
        if status == "red":
            found.report("its health is red: parts of indices are missing", "GET _cluster/allocation/explain says why")
        _elasticsearch_disk(found, client)


def _versions(client: Elasticsearch) -> list[str]:
    nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"]
    return sorted({str(node["version"]) for node in nodes.values()})


def _elasticsearch_disk(found: Examination, client: Elasticsearch) -> None:
    nodes = client.nodes.stats(metric="fs", filter_path="nodes.*.fs.total.available_in_bytes")["nodes"]
    free = min(int(node["fs"]["total"]["available_in_bytes"]) for node in nodes.values())
    found.facts["disk"] = f"{free / 1e9:,.1f} GB free"
    if free < LEAST_FREE:
        found.report(f"its disk is nearly full: {free / 1e6:,.0f} MB are free", "free space on its disk")
