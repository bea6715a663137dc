"""The history of events: every content once, conflicts flagged, months made on demand, order by time and ingestion."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from engine.encryption.vault import OpenVault, Value
from engine.ir.instant import format_instant, parse_instant
from engine.profiles import event_store as history
from engine.profiles.event_store import Months
from engine.profiles.ingest import EventProducer
from engine.storage.partitions import partition_of
from engine.worker.arrivals import Arrival
from engine.worker.step import Work
from engine.worker.transaction import Processor
from tests.faults.test_workers_together import shared
from tests.live_world import DAY, START, World
from tests.servers.postgres import Database
from tests.waiting import until


def purchase(name: str, amount: float, at_ms: int, customer: str = "c-1") -> dict[str, Any]:
    return {
        "id": name,
        "type": "purchase",
        "customer_id": customer,
        "time": format_instant(at_ms),
        "data": {"amount": amount},
    }


def rows(world: World, statement: str) -> list[tuple[Any, ...]]:
    """What the database answers."""
    with world.connect("tests") as connection:
        return connection.execute(statement.encode()).fetchall()


def kept(world: World) -> list[tuple[Any, ...]]:
    """The history: id, amount, flag, in order of ingestion."""
    return rows(world, "SELECT id, (data->>'amount')::float, conflict FROM event ORDER BY profile, position")


def test_the_same_content_is_dropped_however_much_later_it_comes_again(live_world: World) -> None:
    world = live_world
    event = purchase("e-1", 20.0, world.now_ms)
    same = {**event, "time": event["time"].replace(".000Z", "+00:00"), "data": {"amount": 20, "country": None}}
    world.put([event, event, same])
    assert (world.drain().duplicates, len(kept(world))) == (2, 1)
    world.put([same])
    assert world.drain().duplicates == 1
    world.now_ms += 400 * DAY
    world.put([event])
    assert world.drain().duplicates == 1
    assert kept(world) == [("e-1", 20.0, False)]
    assert rows(world, "SELECT id FROM event_id") == [("e-1",)]
    world.check()


@pytest.mark.parametrize("batches", [1, 8])
def test_other_content_under_the_same_id_is_kept_once_and_flagged(batches: int, live_world: World) -> None:
    world = live_world
    a, b, c = (purchase("e-1", amount, world.now_ms) for amount in (1.0, 2.0, 3.0))
    moved = purchase("e-1", 1.0, world.now_ms - 40 * DAY)
    events = [a, b, b, a, c, moved, b, moved]
    total = Counter[str]()
    for start in range(0, len(events), len(events) // batches):
        world.put(events[start : start + len(events) // batches])
        tally = world.drain()
        total += Counter(kept=tally.kept, duplicates=tally.duplicates, conflicts=tally.conflicts)
    assert total == {"kept": 4, "duplicates": 4, "conflicts": 3}
    assert kept(world) == [("e-1", 1.0, False), ("e-1", 2.0, True), ("e-1", 3.0, True), ("e-1", 1.0, True)]
    assert rows(world, "SELECT count(*) FROM event_id") == [(1,)]
    assert rows(world, "SELECT count(*) FROM event_conflict") == [(3,)]
    assert world.oracle.profile("c-1", world.now_ms)["orders"] == 4
    world.check()


def test_the_same_id_in_two_partitions_at_once_is_unique_and_flagged(live_world: World) -> None:
    world = live_world
    assert partition_of("c-1") != partition_of("c-3")
    stop = threading.Event()
    workers = [world.worker(stop=stop) for _ in range(2)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    until(lambda: shared(workers))
    world.put(purchase(f"e-{number}", 1.0, world.now_ms, each) for number in range(600) for each in ("c-1", "c-3"))
    until(lambda: sum(worker.tally.kept for worker in workers) >= 1_200)
    stop.set()
    for thread in threads:
        thread.join()
    flags = rows(world, "SELECT id, count(*), count(*) FILTER (WHERE conflict) FROM event GROUP BY id")
    assert len(flags) == 600
    assert {flag[1:] for flag in flags} == {(2, 1)}
    assert sum(worker.tally.conflicts for worker in workers) == 600
    world.drain()
    world.check()
    world.check_transitions()


class FailsOnce(OpenVault):
    """A vault that fails, late in the transaction, the first time."""

    def __init__(self) -> None:
        self.failed = False

    def seal_events(self, connection: psycopg.Connection, events: Sequence[tuple[str, Value]]) -> list[Value]:
        if not self.failed:
            self.failed = True
            raise ZeroDivisionError
        return super().seal_events(connection, events)


def test_a_first_transaction_that_fails_leaves_nothing_behind_by_which_duplicates_would_differ(
    live_world: World,
) -> None:
    world = live_world
    event = purchase("e-1", 20.0, world.now_ms)
    work = Work([Arrival("events:0:1-1", partition_of("c-1"), "c-1", event, b"")])
    with world.connect() as connection:
        processor = Processor(connection, FailsOnce())
        with pytest.raises(ZeroDivisionError):
            processor.process(work, world.now_ms)
        world.put([event])
        assert world.drain().kept == 1
        assert processor.process(work, world.now_ms).tally.duplicates == 1


def test_months_are_made_on_demand_and_each_event_lies_in_its_own(live_world: World) -> None:
    world = live_world
    world.now_ms = parse_instant("9998-07-01T00:00:00Z")
    times = {
        "0001-01-01T00:00:00.000Z": "event_before",
        "1970-01-01T00:00:00.000Z": "event_before",
        "1999-12-31T23:59:59.999Z": "event_before",
        "2000-01-01T00:00:00.000Z": "event_2000",
        "2024-02-29T12:00:00.000Z": "event_2024",
        "2025-01-01T00:00:00.000Z": "event_2025",
        "2025-12-31T23:59:59.999Z": "event_2025",
        "2026-01-01T00:00:00.000Z": "event_2026",
        "2199-12-31T23:59:59.999Z": "event_2199",
        "2200-01-01T00:00:00.000Z": "event_after",
        "9998-06-30T23:59:59.999Z": "event_after",
    }
    for time_ in reversed(times):
        world.put([purchase(time_, 1.0, parse_instant(time_))])
        world.drain()
    assert dict(rows(world, "SELECT id, tableoid::regclass::text FROM event")) == times
    assert [row[0] for row in rows(world, "SELECT instant(at) FROM event ORDER BY at")] == sorted(times)
    assert partitions(world) == set(times.values())
    world.check()


def partitions(world: World) -> set[str]:
    """The tables in which the history lies."""
    made = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'event'::regclass"
    return {row[0] for row in rows(world, made)}


def test_recent_years_have_months_and_the_next_month_is_there_before_it_begins(live_world: World) -> None:
    world = live_world
    world.now_ms = parse_instant("2026-12-26T00:00:00Z")
    times = {
        "2015-05-05T00:00:00.000Z": "event_2015",
        "2015-07-05T00:00:00.000Z": "event_2015",
        "2022-12-31T23:59:59.999Z": "event_2022",
        "2023-01-01T00:00:00.000Z": "event_2023_01",
        "2026-12-26T00:00:00.000Z": "event_2026_12",
    }
    for time_ in times:
        world.put([purchase(time_, 1.0, parse_instant(time_))])
        world.drain()
    assert dict(rows(world, "SELECT id, tableoid::regclass::text FROM event")) == times
    assert partitions(world) == {*times.values(), "event_2027_01", "event_before", "event_after"}
    # A year that has months goes on with months, however far back it comes to lie.
    world.now_ms = parse_instant("2029-06-01T00:00:00Z")
    world.put([purchase("e-1", 1.0, parse_instant("2023-02-01T00:00:00Z"))])
    world.drain()
    assert "event_2023_02" in partitions(world)


def test_a_month_is_made_while_others_read_and_write(postgres_database: Database) -> None:
    with postgres_database.connect() as reading, postgres_database.connect() as writing:
        Months().make(writing, ["2026-03-01T00:00:00.000Z"], START)
        writing.commit()
        assert reading.execute("SELECT count(*) FROM event").fetchone() == (0,)
        insert = (
            "INSERT INTO event (profile, position, at, id, type, customer, data, received_at)"
            " VALUES ('c-1', 1, %s, %s, 'visit', 'c-1', '{}', now())"
        )
        writing.execute(insert, ("2026-03-01T00:00:00Z", "e-1"))
        with postgres_database.connect(autocommit=True) as making:
            making.execute("SET lock_timeout = '2min'")
            months = Months()
            months.make(making, ["2026-05-01T00:00:00.000Z", "2011-05-01T00:00:00.000Z"], START)
            making.execute(insert, ("2026-05-01T00:00:00Z", "e-2"))
            with making.transaction():
                indexes = making.execute(
                    "SELECT indexrelid::regclass::text, pg_inherits.inhparent::regclass::text FROM pg_index"
                    " LEFT JOIN pg_inherits ON inhrelid = indexrelid WHERE indrelid = 'event_2026_05'::regclass"
                ).fetchall()
            assert [parent for _, parent in indexes] == ["event_profile"]
        assert reading.execute("SELECT count(*) FROM event").fetchone() == (1,)


def test_whoever_cannot_make_a_month_gives_up_and_holds_nobody_up(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOCK_SECONDS", 1)
    with postgres_database.connect() as other, postgres_database.connect(autocommit=True) as making:
        other.execute("LOCK TABLE event IN SHARE UPDATE EXCLUSIVE MODE")
        months = Months()
        with pytest.raises(psycopg.OperationalError):
            months.make(making, ["2026-05-01T00:00:00.000Z"], START)
        other.rollback()
        months.make(making, ["2026-05-01T00:00:00.000Z"], START)
        assert making.execute("SELECT to_regclass('event_2026_05')").fetchone() == ("event_2026_05",)


def test_workers_that_make_the_same_month_at_once_do_not_disturb_each_other(live_world: World) -> None:
    world = live_world
    stop = threading.Event()
    workers = [world.worker(stop=stop) for _ in range(3)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    until(lambda: shared(workers))
    events = [
        purchase(f"e-{month}-{number}", 1.0, world.now_ms - month * 30 * DAY, f"c-{number}")
        for month in range(36)
        for number in range(20)
    ]
    world.put(events)
    until(lambda: sum(worker.tally.kept for worker in workers) >= len(events))
    stop.set()
    for thread in threads:
        thread.join()
    assert sum(worker.tally.kept for worker in workers) == len(events)
    world.drain()
    world.check()


def test_late_events_count_where_their_time_lies(live_world: World) -> None:
    world = live_world
    now = world.now_ms
    world.put([purchase("e-1", 40.0, now)])
    world.drain()
    world.now_ms += 8 * DAY  # the best of 7 days is no longer known
    world.put([purchase("late", 90.0, now + 2 * DAY), purchase("too late", 99.0, now - 3 * DAY)])
    world.drain()
    assert world.oracle.profile("c-1", world.now_ms)["best_7d"] == 90.0
    assert "c-1" in world.members("big_week")
    world.check()
    world.pass_time(DAY)
    assert "c-1" in world.members("big_week")
    world.pass_time(1)
    assert "c-1" not in world.members("big_week")
    world.check()
    (row,) = [row for row in world.transitions() if row[0] == "big_week" and row[2] % 2 == 0][-1:]
    assert row[3:] == (now + 9 * DAY + 1, "time")


def test_a_late_event_does_not_overrule_a_newer_one_and_ties_go_to_the_last_that_came(live_world: World) -> None:
    world = live_world
    now = world.now_ms

    def told(name: str, country: str | None, at_ms: int) -> dict[str, Any]:
        kind = {"type": "$set", "customer_id": "c-1", "time": format_instant(at_ms)}
        return {"id": name, "data": {"country": country}, **kind}

    steps = [
        ([told("1", "DE", now)], "DE"),
        ([told("2", "FR", now - DAY)], "DE"),
        ([told("3", "US", now)], "US"),
        ([told("4", "DE", now), told("5", "FR", now)], "FR"),
        ([told("6", None, now - 1)], "FR"),
        ([told("7", None, now)], None),
        ([told("1", "DE", now)], None),
        ([{**purchase("8", 1.0, now), "data": {"amount": 1.0, "country": "US"}}], "US"),
        ([{**purchase("9", 1.0, now + 1), "data": {"amount": 1.0, "country": None}}], "US"),
    ]
    for events, country in steps:
        world.put(events)
        world.drain()
        (value,) = rows(world, "SELECT value->>'country' FROM profile")
        assert value == (country,)
        assert world.oracle.profile("c-1", world.now_ms).get("country") == country
        world.check()


def test_what_lies_in_the_future_is_a_dead_letter_and_up_to_five_minutes_it_counts_when_it_comes(
    live_world: World,
) -> None:
    world = live_world
    now = world.now_ms
    near, far = purchase("near", 60.0, now + 300_000), purchase("far", 60.0, now + 300_001)
    world.put([near, far])
    tally = world.drain()
    assert (tally.kept, tally.dead) == (1, 1)
    assert rows(world, "SELECT code, profile FROM dead_letter") == [("future", "c-1")]
    assert not world.members("spenders")
    world.check()
    world.pass_time(299_999)
    assert not world.members("spenders")
    world.pass_time(1)
    assert world.members("spenders") == {"c-1"}
    world.check()
    EventProducer(world.redis, "customer_id").put([near])
    assert world.drain().duplicates == 1
