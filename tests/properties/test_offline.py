"""The same events give the same profiles and segments through the queue and a worker as when they are handed in."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.cli.app import main
from engine.ir.instant import format_instant, parse_instant
from engine.ir.program import Program
from engine.operators.evaluate import Subject, evaluate
from engine.profiles.serving import ProfileReader
from engine.runtime.loaded import Runtime
from tests.live_world import DAY, World, random_events, workspace_text, written

CUSTOMERS = [f"c-{number}" for number in range(8)]
STRANGERS = ["c-90", "c-91"]  # they never send an event
PAUSES = [1, 60_000, 3_600_000, DAY, 3 * DAY + 1]
AHEAD = 300_000  # beyond which an event is a dead letter

Answers = dict[str, list[str]]
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Offline:
    """The shop's workspace in a folder, and the files that commands read there."""

    folder: Path
    program: Program
    capsys: pytest.CaptureFixture[str]

    def match(self, stated: Iterable[Mapping[str, Any]], events: Iterable[Event], now_ms: int, form: str) -> Answers:
        """The segments of each customer by `decisor match --events`, the profiles in a file of this form."""
        file, profiles = self.folder / f"profiles.{form}", list(stated)
        if form == "parquet":
            schema = pa.schema([("customer_id", pa.string()), ("country", pa.string())])
            parquet.write_table(pa.Table.from_pylist(profiles, schema=schema), file)
        else:
            file.write_text("".join(json.dumps(each) + "\n" for each in profiles), "utf-8")
        history = self.folder / "events.jsonl"
        history.write_text("".join(json.dumps(each) + "\n" for each in events), "utf-8")
        self.capsys.readouterr()
        files = ["--profiles", str(file), "--events", str(history)]
        main(["match", "-C", str(self.folder), *files, "--now", format_instant(now_ms)])
        found = map(json.loads, self.capsys.readouterr().out.splitlines())
        return {each["customer_id"]: each["segments"] for each in found}

    def segments(self, stated: Iterable[Mapping[str, Any]], events: Sequence[Event], now_ms: int) -> Answers:
        """The segments of each customer by the Python API."""
        runtime, now, found = Runtime(self.program), format_instant(now_ms), {}
        for profile in stated:
            own = [each for each in events if each["customer_id"] == profile["customer_id"]]
            found[profile["customer_id"]] = runtime.segments(profile, own, now=now)
        return found


@pytest.fixture
def offline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Offline:
    return Offline(tmp_path, written(tmp_path, workspace_text()).program, capsys)


def profile_by_hand(stated: Mapping[str, Any], events: Iterable[Event], now_ms: int) -> dict[str, Any]:
    """A customer's profile of the shop, computed without any code of the engine's fold."""
    known = by_hand(stated["customer_id"], events, now_ms)
    profile = dict(stated)
    for event in known:
        if event["type"] == "purchase":
            profile |= {name: value for name, value in event["data"].items() if name == "country" and value}
            profile["last_at"] = event["time"]
        elif event["type"] == "$set":
            profile |= event["data"]
    bought = [each for each in known if each["type"] == "purchase"]
    amounts = [(parse_instant(each["time"]), each["data"].get("amount")) for each in bought]
    week = [amount for at, amount in amounts if amount is not None and at >= now_ms - 7 * DAY]
    profile["orders"] = len(bought)
    profile["orders_10d"] = sum(at >= now_ms - 10 * DAY for at, _ in amounts)
    profile["spend"] = math.fsum(amount for _, amount in amounts if amount is not None)
    profile["best_7d"] = max(week, default=None)
    return {name: value for name, value in profile.items() if value not in (None, [])}


def by_hand(customer: str, events: Iterable[Event], now_ms: int) -> list[Event]:
    """The customer's events up to now by their time, exact repetitions once."""
    own: list[Event] = []
    for event in events:
        if event["customer_id"] == customer and parse_instant(event["time"]) <= now_ms and event not in own:
            own.append(event)
    return sorted(own, key=lambda event: str(event["time"]))


def answers_by_hand(
    program: Program, stated: Iterable[Mapping[str, Any]], events: Sequence[Event], now_ms: int
) -> Answers:
    """The segments of each customer, by the reference evaluation over profiles made by hand."""
    lists = {name: frozenset(members) for name, members in program.lists.items()}
    found: Answers = {}
    for profile in stated:
        own = by_hand(profile["customer_id"], events, now_ms)
        subject = Subject(profile_by_hand(profile, events, now_ms), own, lists)
        held = (name for name, predicate in program.segments.items() if evaluate(predicate, subject, now_ms))
        found[profile["customer_id"]] = sorted(held)
    return found


def live_answers(world: World, customers: Iterable[str], runtime: Runtime) -> tuple[Answers, dict[str, Any]]:
    """The segments and the profile of each customer as they are served."""
    reader = ProfileReader(world.redis, newcomer=runtime.newcomer)
    served = {customer: reader.read(customer, world.now_ms) for customer in customers}
    segments = {customer: sorted(each.segments) for customer, each in served.items()}
    return segments, {customer: each.profile for customer, each in served.items()}


def histories(world: World, random_: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Profiles to state, and events; both are told to the live world, what is stated as set long ago."""
    stated: list[dict[str, Any]] = [{"customer_id": customer} for customer in (*CUSTOMERS, *STRANGERS)]
    long_ago = format_instant(world.now_ms - 40 * DAY)
    for profile in stated[:4]:
        profile["country"] = random_.choice(["DE", "FR"])
        event = {"id": f"base-{profile['customer_id']}", "type": "$set", "customer_id": profile["customer_id"]}
        world.put([{**event, "time": long_ago, "data": {"country": profile["country"]}}])
    events = random_events(random_, world.now_ms, CUSTOMERS, random_.randrange(10, 70))
    world.put(events)
    return stated, events


def compare(world: World, offline: Offline, random_: random.Random) -> None:
    """Whether all ways agree, now and as time passes."""
    stated, events = histories(world, random_)
    taken = [event for event in events if parse_instant(event["time"]) <= world.now_ms + AHEAD]
    for pause in (0, *random_.sample(PAUSES, 2)):
        world.pass_time(pause)
        runtime, now_ms = Runtime(world.program), world.now_ms
        wanted, profiles = live_answers(world, [each["customer_id"] for each in stated], runtime)
        assert profiles == {each["customer_id"]: profile_by_hand(each, taken, now_ms) for each in stated}
        assert answers_by_hand(world.program, stated, taken, now_ms) == wanted
        told = taken if pause else events  # what lies too far ahead does not count yet
        assert offline.match(stated, told, now_ms, "jsonl") == wanted
        assert offline.match(stated, told, now_ms, "parquet") == wanted
        assert offline.segments(stated, told, now_ms) == wanted
        assert all("small_week" in wanted[each] for each in STRANGERS)


@pytest.mark.parametrize("seed", range(8))
def test_events_in_a_file_give_what_a_worker_makes_of_them(seed: int, live_world: World, offline: Offline) -> None:
    compare(live_world, offline, random.Random(seed))


def test_they_do_on_every_server(live_world_anywhere: World, offline: Offline) -> None:
    compare(live_world_anywhere, offline, random.Random(77))


@pytest.mark.parametrize("seed", range(2))
def test_they_give_what_the_index_finds(seed: int, searched_world: World, offline: Offline) -> None:
    world = searched_world
    stated, events = histories(world, random.Random(seed + 500))
    world.drain()
    found = offline.match(stated, events, world.now_ms, "jsonl")
    for name in world.program.segments:
        known = {customer for customer, names in found.items() if name in names and customer in world.oracle.events}
        assert world.found(name) == known, name
