"""Time alone moves customers: by the real clock within seconds of the exact instant, and waves stall nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.ir.instant import format_instant, parse_instant
from engine.storage import keys
from engine.storage.partitions import PARTITIONS
from engine.worker.loop import DUE, Clock, Worker
from engine.worker.transaction import Processor
from tests.live_world import DAY, World, workspace_text, written
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer

SEGMENTS = {
    "active": "- {field: last_at, operator: within_last, value: 3s}",
    "count": "- events: {type: visit, within: 3s, count: {operator: greater_or_equal, value: 1}}",
    "did_not": "- events: {type: visit, within: 3s, did_not: true}",
    "sequence": "- events: {within: 4s, sequence: [{type: visit}, {type: purchase, within: 2s}]}",
    "not_active": "- not: {field: last_at, operator: within_last, value: 3s}",
    "any": "- any: [{segment: count}, {segment: sequence}]",
    "windowed": "- {field: orders_3s, operator: greater_or_equal, value: 1}",
}
WITHIN = 5_000  # ms after the exact instant


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


def test_by_the_real_clock_customers_move_within_seconds_of_the_exact_instant(
    tmp_path: Path, wheel_database: Database, valkey_empty: RedisServer
) -> None:
    world = World(wheel_database.url, valkey_empty.connect(), written(tmp_path, short_windows()).program)
    stop = threading.Event()
    worker = Worker(world.redis, world.connect, lambda each: Processor(each, world.vault), stop=stop)
    seen: list[tuple[int, dict[bytes, bytes]]] = []
    with working(worker, stop):
        while len(worker.owned) < PARTITIONS:
            time.sleep(0.01)
        start = world.now_ms = Clock().now_ms()
        for customer in ("c-1", "c-3", "c-4", "c-5", "c-6"):
            visit: dict[str, Any] = {
                "type": "visit",
                "customer_id": customer,
                "time": format_instant(start),
                "data": {},
            }
            bought: dict[str, Any] = {
                "type": "purchase",
                "customer_id": customer,
                "time": format_instant(start + 1_000),
                "data": {},
            }
            world.put([{"id": f"v-{customer}", **visit}, {"id": f"p-{customer}", **bought}])
        last = dict.fromkeys(range(PARTITIONS), "0")
        while Clock().now_ms() < start + 4_001 + WITHIN + 1_000:
            streams = {keys.transitions_stream(each): place for each, place in last.items()}
            for stream, entries in world.redis.xread(streams, block=100) or ():
                seen += [(Clock().now_ms(), fields) for _, fields in entries]
                last[int(stream.rpartition(b":")[2])] = entries[-1][0].decode()
    told = {}
    for at_ms, fields in seen:
        exact = parse_instant(fields[b"at"].decode())
        assert 0 <= at_ms - exact <= WITHIN
        if fields[b"reason"] == b"time":
            change = (fields[b"customer"].decode(), fields[b"segment"].decode(), fields[b"change"].decode())
            told[change] = exact - start
            assert world.oracle.holds(change[1], change[0], exact) is (change[2] == "enter")
            assert world.oracle.holds(change[1], change[0], exact - 1) is (change[2] == "exit")
    for customer in world.oracle.events:
        mine = {(segment, change): at for (name, segment, change), at in told.items() if name == customer}
        assert mine == {
            ("active", "exit"): 4_001,
            ("active", "enter"): 1_000,
            ("count", "exit"): 3_001,
            ("did_not", "enter"): 3_001,
            ("sequence", "enter"): 1_000,
            ("sequence", "exit"): 4_001,
            ("not_active", "exit"): 1_000,
            ("not_active", "enter"): 4_001,
            ("any", "exit"): 4_001,
            ("windowed", "enter"): 1_000,
            ("windowed", "exit"): 4_001,
        }


@dataclass
class Settable:
    """A clock that is put forward by hand."""

    at_ms: int = field(default=0)

    def now_ms(self) -> int:
        return self.at_ms


def purchase(name: str, customer: str, at_ms: int) -> dict[str, Any]:
    at = format_instant(at_ms)
    return {"id": name, "type": "purchase", "customer_id": customer, "time": at, "data": {"amount": 1.0}}


def test_a_wave_at_one_instant_does_not_stall_events(live_world: World) -> None:
    world = live_world
    crowd = 5_000
    world.put(purchase(f"e-{number}", f"m-{number}", world.now_ms) for number in range(crowd))
    world.drain()
    stop = threading.Event()
    clock: Any = Settable(world.now_ms)
    worker = Worker(world.redis, world.connect, lambda each: Processor(each, world.vault), clock=clock, stop=stop)
    moved = "SELECT count(DISTINCT profile) FROM transition WHERE reason = 'time' AND segment = 'active'"
    before: list[int] = []
    with working(worker, stop), world.connect("tests") as connection:
        while len(worker.owned) < PARTITIONS:
            time.sleep(0.01)
        clock.at_ms = world.now_ms = world.now_ms + 5 * DAY + 1
        for number in range(8):
            wanted = 300 + 500 * number
            while (row := connection.execute(moved.encode()).fetchone()) is None or row[0] < wanted:
                time.sleep(0.005)
            before.append(row[0])
            world.put([purchase(f"live-{number}", f"live-{number}", world.now_ms)])
        while world.redis.scard(keys.members("active")) > 8:
            time.sleep(0.01)
    with world.connect("tests") as connection:
        waited = connection.execute(
            "SELECT (SELECT count(DISTINCT t.profile) FROM transition AS t JOIN outbox AS o USING (partition, seq)"
            " WHERE t.reason = 'time' AND t.segment = 'active' AND o.at < live.at)"
            " FROM outbox AS live WHERE live.profile LIKE 'live-%' AND live.kind <> 'membership' ORDER BY live.profile"
        ).fetchall()
    assert len(waited) == 8
    # What was moved between the putting and the committing of an event: what was under way, and a slice or two.
    assert [after for (after,), at in zip(waited, before, strict=True) if after - at > 4 * DUE] == []
    assert min(before) < crowd - 1_000
    assert world.members("active") == {f"live-{number}" for number in range(8)}
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
