"""Reading membership and profiles for a decision, beside the bare commands of Redis in the same run."""

from __future__ import annotations

import sys

from engine.ir.instant import format_instant
from engine.profiles.serving import ProfileReader, pack
from engine.storage import keys

from .platform import platform
from .timing import Goal, Result, Work, show, timed
from .workload import profiles

CUSTOMERS = 10_000
HELD = 30  # segments of one customer
ASKED = 200
NOW_MS = 1_783_000_000_000


def run() -> bool:
    """Print the table; whether every goal is reached."""
    with platform() as servers:
        client = servers.client()
        _fill(client)
        reader = ProfileReader(client)
        names = [f"c-{number * 37 % CUSTOMERS}" for number in range(ASKED)]
        checks: dict[str, Work] = {
            "ours": lambda: [reader.is_member(name, "segment_7") for name in names],
            "bare SISMEMBER": lambda: [client.sismember("segment:segment_7", name) for name in names],
        }
        segments: dict[str, Work] = {
            "ours": lambda: [reader.segments(name) for name in names],
            "bare SMEMBERS": lambda: [client.smembers(keys.segments_of(name)) for name in names],
        }
        whole: dict[str, Work] = {
            "ours": lambda: [reader.read(name, NOW_MS) for name in names],
            "bare SMEMBERS": lambda: [client.smembers(keys.segments_of(name)) for name in names],
        }
        results = [
            Result("is a customer in a segment", timed(checks, units=ASKED, rounds=20), [Goal(0.5, "bare SISMEMBER")]),
            Result("all segments of a customer", timed(segments, units=ASKED, rounds=20), [Goal(0.5, "bare SMEMBERS")]),
            Result("profile and all segments", timed(whole, units=ASKED, rounds=20), [Goal(0.25, "bare SMEMBERS")]),
        ]
    return show(f"Reading a customer of {HELD} segments, one round trip each", results)


def _fill(client: object) -> None:
    pipeline = client.pipeline(transaction=False)  # type: ignore[attr-defined]
    for number, profile in enumerate(profiles(CUSTOMERS)):
        name = f"c-{number}"
        value = {**profile, "customer_id": name, "last_order_at": format_instant(NOW_MS)}
        pipeline.set(keys.profile(name), pack(1, NOW_MS, value))
        held = [f"segment_{(number + step) % 100}" for step in range(HELD)]
        pipeline.sadd(keys.segments_of(name), *held)
        for segment in held:
            pipeline.sadd(keys.members(segment), name)
        if number % 500 == 499:
            pipeline.execute()
    pipeline.execute()


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
