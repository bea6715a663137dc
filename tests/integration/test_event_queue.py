"""The producer on every server: events lie where the worker looks for them, and a full queue slows it down."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from redis import RedisCluster

from engine.ir.program import Program
from engine.operators.pinned_unicode import nfc
from engine.profiles.ingest import BATCH, EVENT_LIMIT, EventProducer, EventTooLargeError, QueueFullError
from engine.storage.keys import events_stream
from engine.storage.partitions import PARTITIONS, partition_of
from engine.worker.arrivals import read_arrival
from engine.worker.event_queue import Queue
from tests.live_world import World, random_events
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE, until

KEY = "customer_id"
NAMES = ["c-1", "ç", "c\u0327", "Å", "A\u030a", "ﬁ", "日本", "😀", "🩷", "e\u0897\u0301", " c ", "C-1", "c-1\u200b"]


@pytest.fixture
def redis(redis_any: RedisServer) -> Iterator[Any]:
    client: Any = redis_any.connect()
    yield client
    client.close()


@pytest.fixture
def queued_shop(shop: Program, wheel_database: Database, redis: Any) -> World:
    """The shop on each Redis in turn."""
    return World(wheel_database.url, redis, shop)


def queued(redis: Any) -> dict[int, list[bytes]]:
    """What lies on the queue, by partition."""
    streams = {number: redis.xrange(events_stream(number)) for number in range(PARTITIONS)}
    return {number: [fields[b"e"] for _, fields in found] for number, found in streams.items()}


def visit(number: int, customer: str) -> dict[str, Any]:
    return {"id": f"e-{number}", "type": "visit", KEY: customer, "time": "2026-03-01T00:00:00Z", "data": {}}


def test_an_event_lies_where_the_worker_expects_it_whether_as_text_or_as_an_object(
    queued_shop: World,
) -> None:
    events = [visit(number, name) for number, name in enumerate(NAMES)]
    producer = EventProducer(queued_shop.redis, KEY)
    assert producer.put(events).events == len(NAMES)
    texts = [json.dumps(each).encode() + b"\n" for each in events]  # escaped, where the objects are not
    assert producer.put(texts).events == len(NAMES)
    for event in events:
        queued_shop.oracle.take(event, queued_shop.now_ms)
    tally = queued_shop.drain()
    assert (tally.kept, tally.duplicates, tally.dead) == (len(NAMES), len(NAMES), 0)
    assert queued_shop.oracle.events.keys() == {nfc(name) for name in NAMES}
    queued_shop.check()


def test_every_entry_is_read_in_its_own_partition(redis: Any, live_world: World) -> None:
    events = [visit(number, name) for number, name in enumerate(NAMES)]
    EventProducer(redis, KEY).put(events)
    with live_world.connect("tests") as connection:
        live = live_world.worker()._open_processor(connection).live()
    found = {
        read_arrival(live.border, KEY, (partition, "1-1"), {b"e": raw}, live_world.now_ms).profile: partition
        for partition, raws in queued(redis).items()
        for raw in raws
    }
    assert found == {name: partition_of(name) for name in (nfc(each) for each in NAMES)}


BROKEN = [
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"[1]",
    b"NaN",
    b"9" * 5_000,
    b"[" * 100_000,
    b'{"customer_id": "\\ud800"}',
    b'{"customer_id": "\xed\xa0\x80"}',
    b'{"customer_id": ["c-1"]}',
    b'{"customer_id": "c\\u0000"}',
    b'{"customer_id": "c-1", "customer_id": "c-2"}',
    '{"customer_id": "c-1"}'.encode("utf-16"),
]


def test_what_is_no_event_is_put_all_the_same_and_becomes_a_dead_letter(live_world: World) -> None:
    EventProducer(live_world.redis, KEY).put([*BROKEN, visit(1, "c-1")])
    tally = live_world.drain()
    assert (tally.kept, tally.dead) == (1, len(BROKEN))
    with live_world.connect("tests") as connection:
        rows = connection.execute("SELECT code, payload FROM dead_letter").fetchall()
    assert {code for code, _ in rows} == {"broken"}
    assert sorted(bytes(payload) for _, payload in rows) == sorted(BROKEN)


def test_objects_with_lone_surrogates_become_dead_letters(live_world: World) -> None:
    events = [visit(1, "c\ud800"), {**visit(2, "c-2"), "id": "\udfff"}, visit(3, "c-3")]
    EventProducer(live_world.redis, KEY).put(events)
    tally = live_world.drain()
    assert (tally.kept, tally.dead) == (1, 2)


def test_what_no_json_can_say_is_refused(redis: Any) -> None:
    producer = EventProducer(redis, KEY)
    with pytest.raises(TypeError):
        producer.put([{**visit(1, "c-1"), "data": {"at": object()}}])
    assert producer.put([MappingProxyType(visit(1, "c-1"))]).events == 1


@pytest.mark.parametrize("single", [{"customer_id": "c-1"}, b"{}", "{}"])
def test_a_single_event_is_told_to_be_put_in_a_list(redis: Any, single: Any) -> None:
    with pytest.raises(TypeError, match=r"put\(\[event\]\)"):
        EventProducer(redis, "customer_id").put(single)


def test_an_event_that_is_too_large_is_refused_before_its_batch_is_sent(redis: Any) -> None:
    producer = EventProducer(redis, KEY)
    large = json.dumps({KEY: "c-1", "data": ""}).encode()
    large = large[:-2] + b"x" * (EVENT_LIMIT - len(large)) + large[-2:]
    assert producer.put([large]).events == 1
    with pytest.raises(EventTooLargeError, match=f"has {EVENT_LIMIT + 1:,} bytes, expected at most {EVENT_LIMIT:,}"):
        producer.put([visit(1, "c-1"), large[:-2] + b"x" + large[-2:]])
    assert queued(redis)[partition_of("c-1")] == [large]


def test_a_full_queue_is_waited_for_and_then_nothing_of_the_batch_is_put(redis: Any) -> None:
    producer = EventProducer(redis, KEY, queue_events=BATCH, patience=0.3)
    assert producer.put(visit(number, "c-1") for number in range(BATCH)).waited == 0.0
    started = time.monotonic()
    with pytest.raises(QueueFullError, match="holds 500 events of a partition; is a worker running"):
        producer.put([visit(BATCH, "c-1"), visit(BATCH, "c-3")])
    assert time.monotonic() - started >= 0.3
    assert sum(map(len, queued(redis).values())) == BATCH
    assert partition_of("c-3") != partition_of("c-1")
    assert producer.put([visit(BATCH, "c-3")]).events == 1  # there is room in the partitions of others
    another = EventProducer(redis, KEY, queue_events=BATCH, patience=0.0)
    another.put([visit(BATCH + 1, "c-1")])  # a new producer learns of it by its first batch
    with pytest.raises(QueueFullError):
        another.put([visit(BATCH + 2, "c-1")])


def test_large_events_fill_the_queue_by_their_bytes(redis: Any) -> None:
    producer = EventProducer(redis, KEY, patience=0.0)
    raw = json.dumps({KEY: "c-1", "data": {"page": "x" * 200_000}}).encode()
    with pytest.raises(QueueFullError):
        producer.put(raw for _ in range(5 * BATCH))
    held = queued(redis)[partition_of("c-1")]
    assert len(held) <= BATCH


def test_it_goes_on_when_a_worker_drains_and_never_holds_more_than_fits(queued_shop: World) -> None:
    source = random.Random(3)
    events = random_events(source, queued_shop.now_ms, ["c-1", "c-2"], 4_000)
    for event in events:
        queued_shop.oracle.take(event, queued_shop.now_ms)
    producer = EventProducer(queued_shop.redis, KEY, queue_events=BATCH, patience=PATIENCE)
    waited: list[float] = []
    putting = threading.Thread(target=lambda: waited.append(producer.put(iter(events)).waited))
    putting.start()
    until(lambda: any(queued_shop.redis.xlen(events_stream(number)) >= BATCH for number in range(PARTITIONS)))
    time.sleep(0.2)
    assert putting.is_alive()  # there is not room for all of them
    stop = threading.Event()
    working = threading.Thread(target=queued_shop.worker(stop=stop).run)
    working.start()
    longest = 0
    while putting.is_alive():
        longest = max(longest, *(queued_shop.redis.xlen(events_stream(number)) for number in range(PARTITIONS)))
        time.sleep(0.005)
    stop.set()
    working.join()
    assert waited[0] > 0
    assert longest < 2 * BATCH
    queued_shop.drain()
    queued_shop.check()
    assert not any(queued(queued_shop.redis).values())


def test_what_an_earlier_worker_acknowledged_and_did_not_remove_is_removed(live_world: World) -> None:
    world = live_world
    world.put([visit(number, "c-1") for number in range(200)])
    stop = threading.Event()
    working = threading.Thread(target=world.worker(stop=stop).run)
    working.start()
    stream = events_stream(partition_of("c-1"))
    while [(group["pending"], group["lag"]) for group in world.redis.xinfo_groups(stream)] != [(0, 0)]:
        time.sleep(0.01)
    stop.set()
    working.join()
    assert world.redis.xlen(stream) > 100  # too few to be worth it, before the worker ended
    world.drain()
    assert world.redis.xlen(stream) == 0


def test_others_who_read_the_queue_keep_what_they_have_not_read(live_world: World) -> None:
    world = live_world
    stream = events_stream(partition_of("c-1"))
    world.redis.xgroup_create(stream, "audit", id="0", mkstream=True)
    world.put([visit(number, "c-1") for number in range(300)])
    world.drain()
    assert world.redis.xlen(stream) == 300
    entries = world.redis.xreadgroup("audit", "me", {stream: ">"}, count=100)[0][1]
    world.redis.xack(stream, "audit", *(name for name, _ in entries[:50]))
    world.put([visit(1_000, "c-1")])
    world.drain()
    assert world.redis.xlen(stream) == 251


def test_a_letter_of_the_wrong_partition_is_told(live_world: World) -> None:
    raw = json.dumps(visit(1, "c-1")).encode()
    live_world.redis.xadd(events_stream((partition_of("c-1") + 1) % PARTITIONS), {"e": raw})
    live_world.redis.xadd(events_stream(0), {"x": b"1"})
    assert live_world.drain().dead == 2
    with live_world.connect("tests") as connection:
        rows = connection.execute("SELECT reason FROM dead_letter ORDER BY reason").fetchall()
    assert [row[0] for row in rows] == [
        "the entry has no field `e` with the event as JSON",
        "the event is in the stream of another partition than its customer",
    ]


def test_an_empty_queue_is_waited_at(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a Cluster, where no command waits at streams of several slots, and by who owns nothing."""
    waited = list[float]()
    monkeypatch.setattr("engine.worker.event_queue.time.sleep", waited.append)
    queue = Queue(redis)
    assert queue.read(10, 20) == []
    queue.adopt(3)
    queue.adopt(4)
    for _ in range(3):
        assert queue.read(10, 20) == []
    # Three times, but for what is looked at first in each of the two partitions: what an earlier worker left.
    assert waited == [0.02] * (2 if isinstance(redis, RedisCluster) else 1)
    assert queue.read(10, None) == []
