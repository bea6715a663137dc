"""What streams still tell of erased customers goes by itself, on each Redis; consumers learn of them before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine.encryption.key_file import KeysRefusedError
from engine.erasure import notices as noticing
from engine.erasure.erasure import Erasure
from engine.erasure.letters import UnreadableLetters
from engine.erasure.notices import LATEST_MS, NOTICE_MS, Notices
from engine.erasure.place import Stores
from engine.erasure.stream_places import TransitionStreams
from engine.ir.program import Program
from engine.profiles.suppression import KEY, suppress
from engine.storage import keys
from engine.storage.partitions import PARTITIONS, partition_of
from engine.storage.streams import first_needed
from engine.worker import event_queue as queues
from engine.worker.event_queue import Entry, Queue
from engine.worker.housekeeping import Housekeeping
from engine.worker.publish import settle
from engine.worker.session import Session
from tests.live_world import World
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE

PERSON = "pér'son"
STREAM = keys.transitions_stream(partition_of(PERSON))
STREAM_OF_EVENTS = keys.events_stream(partition_of(PERSON))
AT = "2026-02-27T00:00:00.000Z"


@pytest.fixture
def streamed_shop(shop: Program, wheel_database: Database, redis_any: RedisServer) -> Iterator[World]:
    """The shop on each Redis in turn, the Cluster included, with some customers and the person."""
    redis: Any = redis_any.connect()
    world = World(wheel_database.url, redis, shop)
    world.put([purchase(f"e-{number}", f"c-{number}") for number in range(40)])
    world.put([purchase("mine", PERSON)])
    world.drain()
    yield world
    redis.close()


def purchase(name: str, customer: str) -> dict[str, Any]:
    return {"id": name, "type": "purchase", "customer_id": customer, "time": AT, "data": {"amount": 60.0}}


def erase(world: World) -> None:
    with world.connect("tests") as connection:
        stores = Stores(connection, world.redis, None, world.vault, "customer_id")
        erasure = Erasure(stores, lambda upto: settle(connection, world.redis, upto, world.vault))
        assert erasure.erase(PERSON, world.now_ms).done
    world.oracle.forget(PERSON)


def told(world: World, customer: str = PERSON) -> set[bytes]:
    """The reasons of the entries that tell of a customer."""
    entries = world.redis.xrange(keys.transitions_stream(partition_of(customer)))
    return {fields[b"reason"] for _, fields in entries if fields.get(b"customer") == customer.encode()}


def look(world: World, later_ms: int) -> None:
    """Look at every transition stream as if so much time had passed."""
    with world.connect("tests") as connection:
        Notices(world.redis).all(connection, range(PARTITIONS), world.now_ms + later_ms)


def test_notices_stay_an_hour_and_all_else_goes_at_once(streamed_shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noticing, "PAGE", 3)
    others = {
        partition: len(streamed_shop.redis.xrange(keys.transitions_stream(partition)))
        for partition in range(PARTITIONS)
    }
    erase(streamed_shop)
    assert told(streamed_shop) == {b"erasure"}
    fields: Any = {"customer": PERSON, "reason": "event", "segment": "spenders", "at": AT}
    streamed_shop.redis.xadd(STREAM, fields)  # as in a Redis that comes back with an earlier state
    streamed_shop.redis.xadd(STREAM, {"number": "1"})  # what somebody else has put there
    look(streamed_shop, NOTICE_MS - 1)
    assert told(streamed_shop) == {b"erasure"}
    look(streamed_shop, NOTICE_MS)
    assert told(streamed_shop) == set()
    for partition, before in others.items():
        stream = keys.transitions_stream(partition)
        assert len(streamed_shop.redis.xrange(stream)) <= before + 1
        assert partition == partition_of(PERSON) or len(streamed_shop.redis.xrange(stream)) == before
    assert all(told(streamed_shop, f"c-{number}") == {b"event"} for number in range(40))
    streamed_shop.drain()
    streamed_shop.check()


def test_a_consumer_group_that_is_behind_is_waited_for_a_week(streamed_shop: World) -> None:
    erase(streamed_shop)
    streamed_shop.redis.xgroup_create(STREAM, "mail", id="0")
    look(streamed_shop, LATEST_MS - 1)
    assert told(streamed_shop) == {b"erasure"}
    read = [name for name, _ in streamed_shop.redis.xreadgroup("mail", "one", {STREAM: ">"}, count=1_000)[0][1]]
    assert first_needed(streamed_shop.redis, STREAM) is not None
    look(streamed_shop, NOTICE_MS)
    assert told(streamed_shop) == {b"erasure"}
    streamed_shop.redis.xack(STREAM, "mail", *read)
    look(streamed_shop, NOTICE_MS)
    assert told(streamed_shop) == set()


def test_a_consumer_group_that_never_comes_does_not_keep_notices_for_ever(streamed_shop: World) -> None:
    erase(streamed_shop)
    streamed_shop.redis.xgroup_create(STREAM, "gone", id="0")
    look(streamed_shop, LATEST_MS)
    assert told(streamed_shop) == set()


def test_what_a_database_no_longer_knows_of_is_found_on_the_stream_by_erasing_again(streamed_shop: World) -> None:
    erase(streamed_shop)
    names = (f"{PERSON}{number}" for number in range(1_000))
    neighbour = next(name for name in names if partition_of(name) == partition_of(PERSON))
    for _ in range(600):
        streamed_shop.redis.xadd(STREAM, {"customer": PERSON, "reason": "time"})
        streamed_shop.redis.xadd(STREAM, {"reason": "time", "customer": neighbour})
    with streamed_shop.connect("tests") as connection:
        place = TransitionStreams(Stores(connection, streamed_shop.redis, None, streamed_shop.vault, "customer_id"))
        assert place.count(PERSON) == 600
        erase(streamed_shop)
        assert place.count(PERSON) == 0
        assert place.count(neighbour) == 600


def test_a_drained_worker_deletes_old_notices(streamed_shop: World) -> None:
    erase(streamed_shop)
    streamed_shop.drain()
    assert told(streamed_shop) == {b"erasure"}
    streamed_shop.pass_time(NOTICE_MS)
    assert told(streamed_shop) == set()
    streamed_shop.check()


def letters(world: World) -> int:
    with world.connect("tests") as connection:
        return connection.execute("SELECT id FROM dead_letter WHERE profile IS NULL").rowcount


def test_broken_late_events_are_looked_for_once_more_when_the_notices_go(
    streamed_shop: World, caplog: pytest.LogCaptureFixture
) -> None:
    erase(streamed_shop)
    mine = [{**purchase("late-1", PERSON), "customer_id": [PERSON]}, {"customer": PERSON, "id": "late-2"}]
    for each in [*mine, {"customer": "somebody", "id": "other"}]:
        streamed_shop.redis.xadd(STREAM_OF_EVENTS, {"e": json.dumps(each).encode()})
    streamed_shop.drain()
    assert letters(streamed_shop) == 3
    streamed_shop.pass_time(NOTICE_MS)
    assert (told(streamed_shop), letters(streamed_shop)) == (set(), 1)
    assert "deleted from the dead letters: 2" in caplog.text
    assert PERSON not in caplog.text


def test_a_dead_letter_that_cannot_be_opened_keeps_no_notice(
    streamed_shop: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> int:
        raise KeysRefusedError("a key is missing")

    erase(streamed_shop)
    monkeypatch.setattr(UnreadableLetters, "count", refused)
    streamed_shop.pass_time(NOTICE_MS)
    assert told(streamed_shop) == set()
    assert "dead letters were not looked at for somebody who was erased: a key is missing" in caplog.text


def test_late_events_leave_the_queue_when_nothing_comes_after_them(
    streamed_shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(streamed_shop)
    late = [json.dumps(purchase(f"late-{number}", PERSON)).encode() for number in range(5)]
    for raw in late:
        streamed_shop.redis.xadd(keys.events_stream(partition_of(PERSON)), {"e": raw})
    monkeypatch.setattr(queues, "TRIM_SECONDS", 0.0)
    housekeeping = Housekeeping()
    deadline = time.monotonic() + PATIENCE

    def stop_when_gone(session: Session) -> None:
        assert time.monotonic() < deadline, "they did not go in time"
        housekeeping.step(session)
        if worker.tally.suppressed == len(late) and not streamed_shop.redis.xlen(
            keys.events_stream(partition_of(PERSON))
        ):
            worker.stop()

    worker = streamed_shop.worker(housekeeping=stop_when_gone)
    worker.run()
    assert worker.tally.suppressed == len(late)


def test_events_that_are_deleted_before_they_are_read_or_acknowledged_disturb_no_count(streamed_shop: World) -> None:
    partition = partition_of(PERSON)
    stream = keys.events_stream(partition)
    queue = Queue(streamed_shop.redis)
    queue.adopt(partition)
    assert not queue.waiting(range(PARTITIONS))
    names = [streamed_shop.redis.xadd(stream, {"e": b"{}"}) for _ in range(6)]
    assert queue.waiting([partition])
    streamed_shop.redis.xdel(stream, names[1])
    read: list[Entry] = []
    while not read:
        read = queue.read(3, 0)
    assert [entry.id.encode() for entry in read] == [names[0], names[2], names[3]]
    streamed_shop.redis.xdel(stream, names[2], names[5])
    another = Queue(streamed_shop.redis)  # the next owner of the partition
    another.adopt(partition)
    again = another.read(10, 0)
    assert [entry.id.encode() for entry in again] == [names[0], names[3]]
    for command in another.acknowledgements(again):
        streamed_shop.redis.execute_command(*command)
    assert another.read(10, 0) == []
    rest = another.read(10, 0)
    assert [entry.id.encode() for entry in rest] == [names[4]]
    assert another.waiting([partition])
    for command in another.acknowledgements(rest):
        streamed_shop.redis.execute_command(*command)
    assert not another.waiting([partition])
    while another.trim(1):
        pass
    assert streamed_shop.redis.xlen(stream) == 0


def test_another_database_behind_the_next_connection_has_its_own_key(streamed_shop: World) -> None:
    noticing_ones = Notices(streamed_shop.redis)
    with streamed_shop.connect("tests") as connection:
        suppress(connection, "somebody else", AT)
        noticing_ones.all(connection, range(PARTITIONS), streamed_shop.now_ms)
        connection.execute("DELETE FROM suppression")  # as in a state from before the first erasure
        connection.execute("DELETE FROM fact WHERE name = %s", (KEY,))
    erase(streamed_shop)
    with streamed_shop.connect("tests") as connection:
        noticing_ones.all(connection, range(PARTITIONS), streamed_shop.now_ms + NOTICE_MS)
    assert told(streamed_shop) == set()
