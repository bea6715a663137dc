"""Time alone moves customers: by the real clock at the exact instant, and waves stall nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.ir.instant import format_instant, parse_instant
from engine.storage import keys
from engine.storage.partitions import PARTITIONS
from engine.worker.loop import DUE_ALONE, Clock, Worker
from engine.worker.transaction import Processor
from tests.live_world import DAY, World, workspace_text, written
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer
from tests.waiting import until

SEGMENTS = {
    "active": "- {field: last_at, operator: within_last, value: 3s}",
    "count": "- events: {type: visit, within: 3s, count: {operator: greater_or_equal, value: 1}}",
    "did_not": "- events: {type: visit, within: 3s, did_not: true}",
    "sequence": "- events: {within: 4s, sequence: [{type: visit}, {type: purchase, within: 2s}]}",
    "not_active": "- not: {field: last_at, operator: within_last, value: 3s}",
    "any": "- any: [{segment: count}, {segment: sequence}]",
    "windowed": "- {field: orders_3s, operator: greater_or_equal, value: 1}",
}
MOVES = {  # ms after the visit
    ("active", "enter"): 1_000,
    ("active", "exit"): 4_001,
    ("not_active", "exit"): 1_000,
    ("not_active", "enter"): 4_001,
    ("count", "enter"): 0,
    ("count", "exit"): 3_001,
    ("did_not", "exit"): 0,
    ("did_not", "enter"): 3_001,
    ("sequence", "enter"): 1_000,
    ("sequence", "exit"): 4_001,
    ("any", "enter"): 0,
    ("any", "exit"): 4_001,
    ("windowed", "enter"): 1_000,
    ("windowed", "exit"): 4_001,
}


@contextmanager
def working(worker: Worker, stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def short_windows() -> dict[str, str]:
    """A workspace in which customers are active for seconds."""
    texts = workspace_text()
    texts["schemas/shop.yaml"] = texts["schemas/shop.yaml"].replace(
        "  spend:", "  orders_3s: {type: integer, from: {event: purchase, aggregate: count, within: 3s}}\n  spend:"
    )
    texts["segments/all.yaml"] = "\n---\n".join(
        f"apiVersion: v1\nkind: Segment\nname: {name}\nconditions:\n  {conditions}\n"
        for name, conditions in SEGMENTS.items()
    )
    return texts


def visit_and_purchase(customer: str, start_ms: int) -> list[dict[str, Any]]:
    """A visit at the start, and a purchase a second later."""
    visit: dict[str, Any] = {"type": "visit", "customer_id": customer, "time": format_instant(start_ms), "data": {}}
    bought = {**visit, "type": "purchase", "time": format_instant(start_ms + 1_000)}
    return [{"id": f"v-{customer}", **visit}, {"id": f"p-{customer}", **bought}]


def test_by_the_real_clock_customers_move_at_the_exact_instant_and_not_before(
    tmp_path: Path, wheel_database: Database, valkey_empty: RedisServer
) -> None:
    world = World(wheel_database.url, valkey_empty.connect(), written(tmp_path, short_windows()).program)
    stop = threading.Event()
    worker = Worker(world.redis, world.connect, lambda each: Processor(each, world.vault), stop=stop)
    last = dict.fromkeys(map(keys.transitions_stream, range(PARTITIONS)), "0")
    told: dict[tuple[str, str, str], int] = {}
    wanted: dict[tuple[str, str, str], int] = {}

    def heard_all() -> bool:
        for stream, entries in world.redis.xread(last, block=100) or ():
            last[stream.decode()] = entries[-1][0].decode()
            for _, fields in entries:
                exact = parse_instant(fields[b"at"].decode())
                assert Clock().now_ms() >= exact
                if fields[b"reason"] == b"time":
                    change = (fields[b"customer"].decode(), fields[b"segment"].decode(), fields[b"change"].decode())
                    assert world.oracle.holds(change[1], change[0], exact) is (change[2] == "enter")
                    assert world.oracle.holds(change[1], change[0], exact - 1) is (change[2] == "exit")
                    told[change] = exact
        return wanted.keys() <= told.keys()

    with working(worker, stop):
        until(lambda: len(worker.owned) == PARTITIONS)
        for attempt, lead in enumerate((2_000, 10_000, 100_000)):  # until the events are taken in before they happen
            start = Clock().now_ms() + lead
            world.now_ms = start
            customers = [f"c-{attempt}-{number}" for number in range(5)]
            world.put(event for customer in customers for event in visit_and_purchase(customer, start))
            until(lambda attempt=attempt: worker.tally.kept == 10 * (attempt + 1))  # type: ignore[misc] # its own number
            wanted = {(customer, *move): start + after for customer in customers for move, after in MOVES.items()}
            if Clock().now_ms() < start:
                break
        until(heard_all)
    assert {change: at for change, at in told.items() if change in wanted} == wanted
    assert {change[1:] for change in told} == MOVES.keys()


@dataclass
class Interrupting:
    """A clock that stands still; whoever looks at it is interrupted."""

    at_ms: int
    interrupt: Callable[[], None] = lambda: None

    def now_ms(self) -> int:
        self.interrupt()
        return self.at_ms


def purchase(name: str, customer: str, at_ms: int) -> dict[str, Any]:
    at = format_instant(at_ms)
    return {"id": name, "type": "purchase", "customer_id": customer, "time": at, "data": {"amount": 1.0}}


def test_a_wave_at_one_instant_does_not_stall_events(live_world: World) -> None:
    """The worker itself puts the events, in the middle of the wave, so what comes between is counted exactly."""
    world = live_world
    crowd = 5_000
    world.put(purchase(f"e-{number}", f"m-{number}", world.now_ms) for number in range(crowd))
    world.drain()
    stop = threading.Event()
    clock: Any = Interrupting(world.now_ms)
    worker = Worker(world.redis, world.connect, lambda each: Processor(each, world.vault), clock=clock, stop=stop)
    moved = "SELECT count(DISTINCT profile) FROM transition WHERE reason = 'time' AND segment = 'active'"
    before: list[int] = []
    with world.connect("tests") as connection:

        def put_one() -> None:
            (count,) = connection.execute(moved.encode()).fetchone() or (0,)
            if len(before) < 8 and count >= 300 + 500 * len(before):
                before.append(count)
                world.put([purchase(f"live-{len(before)}", f"live-{len(before)}", world.now_ms)])

        with working(worker, stop):
            until(lambda: len(worker.owned) == PARTITIONS)
            world.now_ms += 5 * DAY + 1
            clock.interrupt, clock.at_ms = put_one, world.now_ms
            until(lambda: len(before) == 8 and world.redis.scard(keys.members("active")) == 8)
    with world.connect("tests") as connection:
        waited = connection.execute(
            "SELECT (SELECT count(DISTINCT t.profile) FROM transition AS t JOIN outbox AS o USING (partition, seq)"
            " WHERE t.reason = 'time' AND t.segment = 'active' AND o.at < live.at)"
            " FROM outbox AS live WHERE live.profile LIKE 'live-%' AND live.kind <> 'membership' ORDER BY live.profile"
        ).fetchall()
    assert len(waited) == 8
    # What was moved between the putting and the committing of an event: the slice that was under way.
    assert [after - at for (after,), at in zip(waited, before, strict=True) if not at <= after <= at + DUE_ALONE] == []
    assert before == sorted(before)
    assert before[-1] < crowd - 1_000
    assert world.members("active") == {f"live-{number}" for number in range(1, 9)}
    world.check_transitions()
    instants = {row[3] for row in world.transitions() if row[4] == "time" and row[0] == "active"}
    assert instants == {world.now_ms}


@pytest.mark.parametrize("late", [0, 599_999, 600_001])
def test_a_worker_that_was_away_moves_customers_when_it_is_back(late: int, live_world: World) -> None:
    world = live_world
    start = world.now_ms
    world.put([purchase("e-1", "c-1", start)])
    world.drain()
    due = start + 5 * DAY + 1
    world.pass_time(5 * DAY)
    world.pass_time(1 + late)
    (row,) = [row for row in world.transitions() if row[0] == "active" and row[2] == 2]
    # For a while it is noted for the exact instant, later for the instant at which it was noticed.
    assert row[3:] == ((due if late < 600_000 else due + late), "time")
    world.check()
