"""`decisor ingest`: the events of a file are on the queue as they were, or it is said why not."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.profiles.ingest import EVENT_LIMIT
from engine.storage.keys import events_stream
from engine.storage.partitions import PARTITIONS, partition_of
from tests.servers.faults import PrivateRedis
from tests.servers.redis_servers import RedisServer
from tests.unit.cli.conftest import Decisor


def event(number: int, **changes: Any) -> dict[str, Any]:
    """An event of a customer of its own."""
    found = {
        "id": f"e-{number}",
        "type": "purchase",
        "customer_id": f"c-{number}",
        "time": "2026-03-01T00:00:00Z",
        "data": {"amount": 20},
    }
    return {**found, **changes}


def lines(*events: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in events)


def queued(server: RedisServer) -> dict[int, list[bytes]]:
    """What lies on the queue, by partition."""
    client: Any = server.connect()
    streams = {number: client.xrange(events_stream(number)) for number in range(PARTITIONS)}
    client.close()
    return {number: [fields[b"e"] for _, fields in found] for number, found in streams.items() if found}


@pytest.fixture(autouse=True)
def environment(servers: None) -> None:
    """Every test has its servers."""


def test_a_file_is_queued_as_it_is_each_event_in_its_customers_partition(
    shop: Path, decisor: Decisor, valkey_empty: RedisServer
) -> None:
    events = [event(number) for number in range(1_200)]
    (shop / "events.jsonl").write_bytes(b"\n" + lines(*events) + b"  \r\n")
    done = decisor("ingest", "events.jsonl")
    assert done == (0, "1,200 events queued\n", "")
    found = queued(valkey_empty)
    for number, raws in found.items():
        assert raws == [json.dumps(each).encode() for each in events if partition_of(each["customer_id"]) == number]
    assert sum(map(len, found.values())) == len(events)


def test_standard_input_is_read_too(shop: Path, decisor: Decisor, valkey_empty: RedisServer) -> None:
    done = decisor("ingest", "-", stdin=lines(event(1), event(2)).rstrip(b"\n"))
    assert done == (0, "2 events queued\n", "")
    assert sum(map(len, queued(valkey_empty).values())) == 2


def test_an_empty_file_is_no_mistake(shop: Path, decisor: Decisor) -> None:
    assert decisor("ingest", "-", stdin="\n\n") == (0, "0 events queued\n", "")


def test_what_is_broken_is_queued_for_the_worker_to_keep_with_the_reason(
    shop: Path, decisor: Decisor, valkey_empty: RedisServer
) -> None:
    broken = [b"{", b"[]", b"\xff\xfe", b'{"customer_id": "\\ud800"}', b"null", b'{"customer_id": 5}', b"[" * 50_000]
    done = decisor("ingest", "-", stdin=b"\n".join(broken))
    assert done == (0, "7 events queued\n", "")
    assert sorted(raw for raws in queued(valkey_empty).values() for raw in raws) == sorted(broken)


def test_a_line_that_is_too_long_is_told_and_the_others_are_queued(
    shop: Path, decisor: Decisor, valkey_empty: RedisServer
) -> None:
    def padded(number: int, size: int) -> bytes:
        raw = json.dumps(event(number)).encode()
        return raw[:-1] + b" " * (size - len(raw)) + b"}"

    longest = padded(3, EVENT_LIMIT)
    inputs = [
        padded(1, EVENT_LIMIT + 1),
        json.dumps(event(2)).encode(),
        longest + b"\r",
        padded(4, 3 * EVENT_LIMIT),
        b" " * 100_000 + padded(5, EVENT_LIMIT),
        padded(6, EVENT_LIMIT + 1),
    ]
    done = decisor("ingest", "-", stdin=b"\n".join(inputs))
    assert done.code == 1
    assert done.out == "2 events queued\n"
    assert done.err == "".join(
        f"standard input:{number}: expected an event of at most 256 KiB\n" for number in (1, 4, 5, 6)
    )
    assert sorted(raw for raws in queued(valkey_empty).values() for raw in raws) == sorted(
        [longest, json.dumps(event(2)).encode()]
    )


def test_without_servers_it_is_said_how_to_get_them(
    shop: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DECISOR_REDIS_URL")
    done = decisor("ingest", "-", stdin=lines(event(1)))
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "decisor: no Redis is known: `decisor up` in the workspace starts one, or DECISOR_REDIS_URL names one\n"
    )


def test_a_server_that_does_not_answer_is_named_without_its_password(
    shop: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECISOR_REDIS_URL", "redis://ann:hunter2@127.0.0.1:1/0")
    done = decisor("ingest", "-", stdin=lines(event(1)))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("decisor: Redis at `redis://***@127.0.0.1:1/0` cannot be reached: ")
    assert "hunter2" not in done.err


def test_a_file_that_cannot_be_read_is_named(shop: Path, decisor: Decisor) -> None:
    done = decisor("ingest", "no.jsonl")
    assert done == (2, "", "decisor: `no.jsonl` cannot be read: no such file or directory\n")


def test_outside_of_a_workspace_the_customers_key_must_be_named(
    tmp_path: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch, valkey_empty: RedisServer
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = json.dumps({"user": "u-1"}).encode()
    done = decisor("ingest", "-", stdin=raw)
    assert done.code == 2
    assert done.err == (
        "decisor: no decisor.yaml here or above; name the workspace with -C, or the customer's key with"
        " --customer-key\n"
    )
    assert decisor("ingest", "-", "--customer-key", "user", stdin=raw) == (0, "1 event queued\n", "")
    assert queued(valkey_empty) == {partition_of("u-1"): [raw]}


def test_a_workspace_with_errors_queues_nothing(shop: Path, decisor: Decisor, valkey_empty: RedisServer) -> None:
    (shop / "segments/vips.yaml").write_text("apiVersion: v1\nkind: Segment\nname: vips\n", "utf-8")
    done = decisor("ingest", "-", stdin=lines(event(1)))
    assert (done.code, done.out) == (1, "")
    assert not queued(valkey_empty)


def test_a_queue_that_stays_full_ends_it_and_says_from_which_line_on(
    shop: Path, decisor: Decisor, valkey_empty: RedisServer
) -> None:
    events = [event(number, customer_id="c-1") for number in range(21_000)]
    started = time.monotonic()
    done = decisor("ingest", "-", "--wait", "0.3", stdin=lines(*events))
    assert time.monotonic() - started >= 0.3
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "decisor: the queue holds 20,000 events of a partition; is a worker running?; 20,000 events were queued before"
        " line 20,001. An event that is ingested twice counts once, so it is safe to ingest the whole file again\n"
    )
    assert [len(raws) for raws in queued(valkey_empty).values()] == [20_000]


def test_a_redis_that_dies_on_the_way_ends_it(shop: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = shop / "events"
    os.mkfifo(fifo)
    with PrivateRedis() as server:
        monkeypatch.setenv("DECISOR_REDIS_URL", server.url)

        def feed() -> None:
            client: Any = RedisServer("private", server.url).connect()
            with fifo.open("wb") as feeding:
                feeding.write(lines(*(event(number) for number in range(500))))
                feeding.flush()
                while sum(client.xlen(events_stream(number)) for number in range(PARTITIONS)) < 500:
                    time.sleep(0.01)
                client.close()
                server.kill()
                feeding.write(lines(*(event(number) for number in range(500, 600))))

        feeder = threading.Thread(target=feed)
        feeder.start()
        done = decisor("ingest", fifo)
        feeder.join()
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("decisor: Redis failed: ConnectionError; 500 events were queued before line 501. An")
