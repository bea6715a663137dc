"""One profile against many segments: the matcher, zen-engine's collect table, and one generated function."""

from __future__ import annotations

import sys
from collections.abc import Callable

from engine.runtime.matcher import Matcher

from . import generated_peer, segments_ir, zen_peer
from .timing import Goal, Result, Work, show, timed
from .workload import NOW_MS, Profile, matching, profiles, segments

SIZES = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000)
ZEN_GOALS = {1_000: 10.0, 10_000: 40.0, 100_000: 80.0}
ZEN_SIZES = (10, 100, *ZEN_GOALS)
SUBJECTS = 200

Match = Callable[[Profile], list[str]]


def run(sizes: tuple[int, ...] = SIZES) -> bool:
    """Print the table; whether every goal is reached."""
    results = []
    for size in sizes:
        print(f"matching {size:,} segments …", file=sys.stderr)
        results.append(_measured(size))
    return show("Matching one profile against S segments", results)


def _measured(size: int) -> Result:
    wanted, subjects = segments(size), profiles(SUBJECTS)
    few = subjects[: max(3, min(len(subjects), 1_000_000 // size))]
    match = Matcher(segments_ir.named(wanted), {}, "customer_id").match
    generated = generated_peer.segment_matcher(wanted)
    numbered = [zen_peer.numbered(subject) for subject in subjects]
    zen = zen_peer.segment_matcher(wanted) if size in ZEN_SIZES else None
    for subject, as_numbers in zip(few, numbered, strict=False):
        expected = matching(wanted, subject)
        assert match(subject, NOW_MS) == expected
        assert generated(subject) == expected
        assert zen is None or zen(as_numbers) == expected
    count = SUBJECTS if size <= 10_000 else 20  # profiles a round
    ways: dict[str, Work] = {
        "ours": lambda: [match(subject, NOW_MS) for subject in subjects[:count]],
        "generated function": lambda: [generated(subject) for subject in subjects[:count]],
    }
    goals = [Goal(1.0, "generated function")]
    if zen is not None:
        ways["zen"] = lambda: [zen(subject) for subject in numbered[:count]]
        goals += [Goal(ZEN_GOALS[size], "zen")] if size in ZEN_GOALS else []
    times = timed(ways, units=count) if size < 5_000 else timed(ways, units=count, rounds=15, least=0.02)
    return Result(f"{size:,}", times, goals)


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
