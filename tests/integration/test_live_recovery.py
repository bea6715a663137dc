"""What a worker finds by itself: instants that were lost, customers who are no more, profiles of other catalogues."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.encryption.key_file import KeysRefusedError
from engine.ir.instant import format_instant
from engine.rebuilds.audit import reconcile
from engine.rebuilds.rebuild import Rebuild, Wish
from engine.segments.definitions import Live
from engine.segments.registry import definition_of
from engine.storage import keys
from engine.storage.partitions import PARTITIONS, give_up_ownership, partition_of, take_ownership
from engine.worker.arrivals import Arrival, read_arrival
from engine.worker.loop import Worker
from engine.worker.publish import settle
from engine.worker.refolding import RefoldScan
from engine.worker.session import Session
from engine.worker.step import Work
from engine.worker.transaction import Processor
from tests.live_world import DAY, START, World
from tests.waiting import until


def event(name: str, customer: str, kind: str, at_ms: int, **data: Any) -> dict[str, Any]:
    """An event as it is sent."""
    return {"id": name, "type": kind, "customer_id": customer, "time": format_instant(at_ms), "data": data}


def purchases(world: World, count: int) -> None:
    """So many customers who have just bought something."""
    world.put(event(f"e-{each}", f"c-{each}", "purchase", START - 1_000, amount=60.0) for each in range(count))
    world.drain()


def arrived(processor: Processor, sent: dict[str, Any], now_ms: int) -> Arrival:
    """An event as it comes off the queue."""
    live = processor.live()
    source = partition_of(sent["customer_id"]), sent["id"]
    found = read_arrival(live.border, live.key, source, {b"e": json.dumps(sent).encode()}, now_ms)
    assert isinstance(found, Arrival)
    return found


@contextmanager
def running(worker: Worker) -> Iterator[None]:
    """The worker at work in a thread of its own."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def test_instants_that_redis_has_lost_are_kept_all_the_same(live_world: World) -> None:
    purchases(live_world, 3)
    for partition in range(PARTITIONS):
        live_world.redis.delete(keys.due(partition))
    live_world.pass_time(6 * DAY)
    live_world.check()


def test_an_event_that_comes_before_an_overdue_instant_does_not_hide_it(live_world: World) -> None:
    """A rebuild schedules a customer whom the worker has in its cache."""
    with live_world.connect() as connection:
        connection.execute("DELETE FROM segment")
        connection.execute("UPDATE registry SET version = version + 1")
        processor = Processor(connection, live_world.vault)
        sent = event("e-1", "c-1", "purchase", START, amount=1.0)
        processor.process(Work([arrived(processor, sent, START)]), START)
        with live_world.connect("decisor rebuild") as other:
            run = Rebuild(other, live_world.redis, live_world.vault, lambda: START)
            run.run(Wish({"active": definition_of(live_world.program, "active")}))
        later = START + 6 * DAY
        sent = event("e-2", "c-1", "visit", later, page="home")
        outcome = processor.process(Work([arrived(processor, sent, later)]), later)
    assert [(each.segment, each.number) for each in outcome.changes[0].transitions] == [("active", 1), ("active", 2)]


def test_whoever_is_no_more_leaves_the_due_queue(live_world: World) -> None:
    key = keys.due(partition_of("gone"))
    live_world.redis.zadd(key, {"gone": START - 5})
    with running(live_world.worker()):
        until(lambda: live_world.redis.zcard(key) == 0)


def test_whoever_is_touched_and_no_more_does_not_come_back(live_world: World) -> None:
    with live_world.connect() as connection:
        outcome = Processor(connection, live_world.vault).touch(["gone"], "backfill", START)
        assert connection.execute("SELECT count(*) FROM profile").fetchone() == (0,)
    assert outcome.changes == []


def test_profiles_of_another_catalogue_are_made_anew_whoever_owned_their_partition(live_world: World) -> None:
    purchases(live_world, 40)

    def left() -> set[int]:
        with live_world.connect("tests") as asking:
            return {row[0] for row in asking.execute("SELECT partition FROM profile WHERE catalogue_digest = 'other'")}

    with live_world.connect("another worker") as another:
        theirs = set(range(8, PARTITIONS))
        assert all(take_ownership(another, partition) for partition in theirs)
        another.execute("UPDATE profile SET catalogue_digest = 'other'")
        with running(live_world.worker()):
            until(lambda: left() <= theirs)
            assert left()
            time.sleep(0.5)  # it has looked at all of its own
            for partition in theirs:
                give_up_ownership(another, partition)
            until(lambda: not left())


def test_renewal_goes_through_every_partition_page_by_page(live_world: World) -> None:
    purchases(live_world, 40)
    renewal = RefoldScan(page=2)
    with live_world.connect("tests") as connection:

        def found(digest: str, limit: int = 1) -> list[str]:
            steps = iter(lambda: renewal.find(connection, range(PARTITIONS), digest, limit), None)
            return sorted(profile for step in steps for profile in step)

        everybody = sorted(f"c-{each}" for each in range(40))
        assert found("new") == everybody
        assert found("new") == []
        assert found("newer", limit=10) == everybody
        renewal.abandon(3)
        assert found("newer") == [each for each in everybody if partition_of(each) == 3]
        renewal = RefoldScan(page=2, every=0.0)
        assert [found("new"), found("new")] == [everybody, everybody]  # round after round


def test_a_serving_copy_of_an_earlier_state_is_found_and_written_again(live_world: World) -> None:
    purchases(live_world, 3)
    key = keys.profile("c-1")
    right = json.loads(live_world.redis.get(key))
    live_world.redis.set(key, json.dumps(right | {"v": right["v"] - 1, "p": right["p"] | {"spend": 1.0}}))
    with live_world.connect("tests") as connection:
        assert reconcile(connection, live_world.redis, live_world.vault, START).copies == 1
        assert reconcile(connection, live_world.redis, live_world.vault, START).differences == 0
    assert json.loads(live_world.redis.get(key))["p"] == right["p"]


def test_a_database_with_an_earlier_state_than_redis_is_what_counts(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It was restored from a backup, or another server took over that had not got everything."""
    world, partition = live_world, partition_of("c-1")
    world.redis.set(keys.published_cursor(partition), 1_000)
    world.redis.xadd(keys.transitions_stream(partition), {"number": "1"}, id="1000-1")
    world.redis.sadd(keys.members("tagged"), "c-1")
    world.redis.sadd(keys.segments_of("c-1"), "tagged")
    purchases(world, 3)
    assert f"PostgreSQL has an earlier state than Redis in partition {partition}" in caplog.text
    with world.connect("tests") as connection:
        reconcile(connection, world.redis, world.vault, START)
    world.check()
    entries = world.redis.xrange(keys.transitions_stream(partition), min="1001-1")
    moved = [each for each in world.transitions() if partition_of(each[1]) == partition]
    assert len(entries) == len(moved) > 0


def test_changes_missing_behind_an_open_erasure_are_published_again(live_world: World) -> None:
    """What is pruned behind a row that stays leaves a gap in the middle of the outbox."""
    world = live_world
    purchases(world, 1)
    partition = partition_of("c-0")
    with world.connect("tests") as connection:
        (before,) = connection.execute("SELECT seq FROM partition WHERE number = %s", (partition,)).fetchone() or (0,)
        early = world.redis.get(keys.profile("c-0"))
        world.put(event(f"g-{each}", "c-0", "purchase", START - 1_000, amount=70.0) for each in range(2))
        world.drain()
        world.put([event("g-2", "c-0", "visit", START - 1_000, page="home")])
        world.drain()
        late = world.redis.get(keys.profile("c-0"))
        connection.execute(
            "UPDATE outbox SET kind = 'erase', profile = 'x' WHERE partition = %s AND seq = %s", (partition, before + 1)
        )
        row = connection.execute("SELECT max(seq) FROM outbox WHERE partition = %s", (partition,)).fetchone()
        last = before + 2
        assert row == (last,)
        connection.execute("UPDATE outbox SET seq = seq + 2 WHERE partition = %s AND seq = %s", (partition, last))
        connection.execute("UPDATE partition SET seq = seq + 2 WHERE number = %s", (partition,))
    world.redis.set(keys.profile("c-0"), early)
    world.redis.set(keys.published_cursor(partition), before)
    world.worker().run(drain=True)
    assert json.loads(world.redis.get(keys.profile("c-0"))) == json.loads(late)


def test_what_was_settled_on_the_workers_own_connection_breaks_nothing_off(
    live_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = live_world
    purchases(world, 3)
    partition, settled = partition_of("c-0"), threading.Event()

    def between(session: Session) -> None:
        if settled.is_set() or partition not in session.owned:
            return
        with world.connect("other") as other:
            after = Processor(other, world.vault).touch(["c-0"], "manual", world.now_ms).after
        assert settle(session.connection, world.redis, after, world.vault) == []
        settled.set()

    worker = world.worker(housekeeping=between)
    with running(worker):
        until(settled.is_set)
        world.put([event("e-9", "c-0", "purchase", START - 1_000, amount=70.0)])
        until(lambda: worker.tally.kept == 1)
    assert not caplog.records
    world.drain()
    world.check()


def test_a_worker_whose_keys_are_missing_owns_nothing_and_tries_less_and_less_often(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, pauses = live_world, list[float]()
    monkeypatch.setattr(Processor, "live", _no_keys)
    worker = world.worker()
    monkeypatch.setattr(worker, "_own", lambda _session: pytest.fail("it owns partitions"))

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == 5:
            worker.stop()
        return False

    monkeypatch.setattr(worker._stop, "wait", wait)
    worker.run()
    assert pauses == sorted(set(pauses))


def _no_keys(_processor: Processor) -> Live:
    raise KeysRefusedError("there are no keys")
