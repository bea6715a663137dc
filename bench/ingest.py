"""Events through a worker: how many a second, how soon a change of membership shows, and how much memory it takes.

Beside each figure stands the bare worker: it reads the same queue, inserts the raw events durably, adds a member and
tells it, acknowledges, and thinks nothing. Segments are those of the other benchmarks, a thousand of them.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

from engine.ir.instant import format_instant
from engine.ir.predicate import Bounds, Leaf, Now, Predicate
from engine.ir.program import Program
from engine.ir.types import Aggregate, Catalogue, EventType, Field
from engine.profiles.ingest import EventProducer
from engine.storage.keys import events_stream, members, transitions_stream
from engine.storage.partitions import PARTITIONS, partition_of

from . import segments_ir
from .platform import Platform, platform
from .workload import TYPES, profiles, segments

SEGMENTS = 1_000
CUSTOMERS = 20_000
THROUGHPUT_EVENTS = 60_000
RATE, SECONDS = 1_000, 20
WAVE, WAVE_AFTER = 10_000, 25  # customers who leave at one instant, and in how many seconds that is
PATIENCE = 60.0
MEMORY_EVENTS = 1_000_000
DAY = 86_400_000
FEWER_EVENTS = 100_000
# At most so many times what the bare worker takes; for the memory, what the worker itself takes over fewer events.
GOAL_RATE, GOAL_P50, GOAL_P99, GOAL_WAVE, GOAL_MEMORY = 8.0, 8.0, 10.0, 15.0, 1.25


def program(count: int = SEGMENTS) -> Program:
    """The catalogue of the other benchmarks, fed by one type of events, with that many segments."""
    plain = tuple(Field(name, kind, many=name == "tags") for name, kind in TYPES.items() if name != "customer_id")  # type: ignore[arg-type]
    made = (
        Field("flag", "keyword"),
        Field("purchases", "integer", source=Aggregate("purchase", "count")),
        Field("purchases_30d", "integer", source=Aggregate("purchase", "count", within=30 * DAY)),
    )
    purchase = EventType(
        "purchase",
        (Field("flag", "keyword"), Field("amount", "number")),
        (("flag", "flag"), ("last_order_at", "time"), ("avg_basket", "amount")),
    )
    catalogue = Catalogue("customer", "customer_id", plain + made, (purchase,))
    found: dict[str, Predicate] = dict(segments_ir.named(segments(count)))
    found["flagged"] = Leaf("flag", "equals", "on")
    found["recent"] = Leaf("last_order_at", "range", Bounds(Now(-30 * DAY), Now()), "date")
    return Program("bench", "UTC", catalogue, found)


def customers(count: int) -> Iterator[dict[str, Any]]:
    """Events that set the fields of that many customers."""
    for number, profile in enumerate(profiles(count)):
        data = {name: value for name, value in profile.items() if name != "customer_id"}
        yield event(f"set-{number}", number, "$set", data, 1_770_000_000_000)


def event(name: str, customer: int, kind: str, data: dict[str, Any], at_ms: int) -> dict[str, Any]:
    """An event as it travels."""
    return {"id": name, "type": kind, "customer_id": f"c-{customer}", "time": format_instant(at_ms), "data": data}


def purchases(count: int, among: int) -> Iterator[dict[str, Any]]:
    """Purchases of customers in turn; each turns the customer's flag over, so each changes one membership at least."""
    for number in range(count):
        on = "on" if (number // among) % 2 == 0 else "off"
        now_ms = time.time_ns() // 1_000_000
        yield event(
            f"p-{number}", number % among, "purchase", {"flag": on, "amount": float(number % among % 97)}, now_ms
        )


def throughput(servers: Platform, kind: str) -> float:
    """Events a second: the queue is filled first, then a worker empties it."""
    servers.empty()
    producer = EventProducer(servers.client(), "customer_id", queue_events=10**9)
    producer.put(purchases(THROUGHPUT_EVENTS, CUSTOMERS))
    started = time.perf_counter()
    with servers.worker(kind):
        _wait_for_groups(servers)
        servers.wait(THROUGHPUT_EVENTS)
        seconds = time.perf_counter() - started
    return THROUGHPUT_EVENTS / seconds


def _wait_for_groups(servers: Platform) -> None:
    client = servers.client()
    streams = [events_stream(number) for number in range(PARTITIONS)]
    while not all(client.exists(stream) and client.xinfo_groups(stream) for stream in streams):
        time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from XADD to the change showing in Redis."""

    p50: float
    p99: float
    missing: int


def latency(servers: Platform, kind: str) -> Latency:
    """At a steady rate, from the moment before XADD to the moment in which a reader sees the change."""
    servers.empty()
    client = servers.client()
    with servers.worker(kind):
        if kind == "worker":
            EventProducer(client, "customer_id").put(customers(2_000))
            _wait_for_groups(servers)
            servers.wait(2_000)
        _wait_for_groups(servers)
        return _timed(servers, client)


def _timed(servers: Platform, client: Any) -> Latency:
    """Whoever watches is a process of its own, so that it does not wait for whoever sends."""
    sent: dict[str, float] = {}
    spawning = multiprocessing.get_context("spawn")
    stopping = spawning.Event()
    ours, theirs = spawning.Pipe()
    watcher = spawning.Process(target=_watch, args=(servers, theirs, stopping))
    watcher.start()
    ours.recv()  # it has begun
    _send(client, sent)
    time.sleep(1.0)
    stopping.set()
    seen: dict[str, float] = ours.recv()
    watcher.join()
    times = sorted(1_000 * (seen[name] - sent[name]) for name in sent if name in seen)
    return Latency(times[len(times) // 2], times[len(times) * 99 // 100], len(sent) - len(times))


def _send(client: Any, sent: dict[str, float]) -> None:
    started = time.perf_counter()
    for number, each in enumerate(purchases(RATE * SECONDS, 2_000)):
        wait = started + number / RATE - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        raw = json.dumps(each).encode()
        sent[each["id"]] = time.perf_counter()
        client.xadd(events_stream(partition_of(each["customer_id"])), {"e": raw})


def _watch(servers: Platform, told: Connection, stopping: Event) -> None:
    """Note when each change shows; the clock is that of all processes."""
    client = servers.client()
    seen: dict[str, float] = {}
    last = {}
    for number in range(PARTITIONS):
        newest = client.xrevrange(transitions_stream(number), count=1)
        last[transitions_stream(number)] = newest[0][0] if newest else "0"
    told.send(None)
    while not stopping.is_set():
        for stream, entries in client.xread(last, block=100) or ():
            now = time.perf_counter()
            for name, fields in entries:
                last[stream.decode()] = name
                if fields[b"segment"] == b"flagged":
                    seen.setdefault(fields[b"cause"].decode(), now)
    told.send(seen)


@dataclass(frozen=True, slots=True)
class Wave:
    """What events wait for meanwhile, and how long after the instant the last customer had left, in seconds."""

    latency: Latency
    seconds: float


def wave(servers: Platform) -> Wave:
    """Events at the steady rate, while at one instant time alone moves many customers out of a segment."""
    servers.empty()
    client = servers.client()
    with servers.worker():
        producer = EventProducer(client, "customer_id")
        producer.put(customers(2_000))
        producer.put(_leaving(instant_ms := time.time_ns() // 1_000_000 + 1_000 * WAVE_AFTER))
        _wait_for_groups(servers)
        servers.wait(2_000 + WAVE)
        while time.time_ns() // 1_000_000 < instant_ms - 3_000:
            time.sleep(0.01)
        ended: list[float] = []
        watcher = threading.Thread(target=_watch_wave, args=(servers.client(), ended))
        watcher.start()
        found = _timed(servers, client)
        watcher.join()
    return Wave(found, ended[0] - instant_ms / 1_000)


def _leaving(instant_ms: int) -> Iterator[dict[str, Any]]:
    """Customers whose last order lies thirty days before that instant."""
    for number in range(WAVE):
        data = {"last_order_at": format_instant(instant_ms - 30 * DAY)}
        yield event(f"wave-{number}", 1_000_000 + number, "$set", data, 1_770_000_000_000)


def _watch_wave(client: Any, ended: list[float]) -> None:
    """When none of them is left in the set; events put others in."""
    names = [f"c-{1_000_000 + number}" for number in range(WAVE)]
    deadline = time.time() + PATIENCE
    while names and time.time() < deadline:
        names = [name for name, held in zip(names, client.smismember(members("recent"), names), strict=True) if held]
        time.sleep(0.05)
    ended.append(time.time())


def memory(servers: Platform, count: int) -> float:
    """The worker's peak, in MB, over that many events."""
    servers.empty()
    producer = EventProducer(servers.client(), "customer_id")
    with servers.worker() as said:
        events = purchases(count, 4 * CUSTOMERS)
        while chunk := list(itertools.islice(events, 10_000)):
            producer.put(chunk)
        servers.wait(count)
    assert said["events"] == count
    return float(said["megabytes"])


def run(parts: list[str]) -> bool:
    """Print the figures; whether every goal is reached."""
    with platform() as servers:
        servers.prepare(program())
        print(f"\n## Events through a worker, {len(program().segments):,} segments\n")
        print("| | decisor | beside it | ratio | goal |\n|---|---:|---:|---:|---|")
        reached = [PARTS[name](servers) for name in parts or PARTS]
    return all(reached)


def _show_throughput(servers: Platform) -> bool:
    ours, bare = throughput(servers, "worker"), throughput(servers, "bare")
    return _row("events a second, durable", f"{ours:,.0f}", f"{bare:,.0f}", bare / ours, GOAL_RATE)


def _show_latency(servers: Platform) -> bool:
    mine, floor = latency(servers, "worker"), latency(servers, "bare")
    assert not mine.missing
    title = f"XADD to visible, {RATE:,} events/s"
    reached = _row(f"{title}, p50, ms", f"{mine.p50:.1f}", f"{floor.p50:.1f}", mine.p50 / floor.p50, GOAL_P50)
    return _row(f"{title}, p99, ms", f"{mine.p99:.1f}", f"{floor.p99:.1f}", mine.p99 / floor.p99, GOAL_P99) and reached


def _show_wave(servers: Platform) -> bool:
    found, floor = wave(servers), WAVE / throughput(servers, "bare")
    title = f"{WAVE:,} customers leave at one instant: the last one, beside as many events, s"
    reached = _row(title, f"{found.seconds:.1f}", f"{floor:.2f}", found.seconds / floor, GOAL_WAVE)
    print(f"\nEvents meanwhile: p50 {found.latency.p50:.1f} ms, p99 {found.latency.p99:.1f} ms.\n", flush=True)
    return reached


def _show_memory(servers: Platform) -> bool:
    few, many = memory(servers, FEWER_EVENTS), memory(servers, MEMORY_EVENTS)
    title = f"worker's peak over {MEMORY_EVENTS:,} events, beside {FEWER_EVENTS:,}, MB"
    return _row(title, f"{many:.0f}", f"{few:.0f}", many / few, GOAL_MEMORY)


def _row(title: str, ours: str, beside: str, ratio: float, goal: float) -> bool:
    reached = ratio <= goal
    mark = "reached" if reached else "MISSED"
    print(f"| {title} | {ours} | {beside} | {ratio:.2f} | ≤ {goal:g} {mark} |", flush=True)
    return reached


PARTS = {"throughput": _show_throughput, "latency": _show_latency, "wave": _show_wave, "memory": _show_memory}


if __name__ == "__main__":
    sys.exit(0 if run(sys.argv[1:]) else 1)
