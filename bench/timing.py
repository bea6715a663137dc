"""Timing of ways that do the same: interleaved in one process, the least of several rounds, ratios to the first way."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Goal:
    """How many times as long as ours another way must take at least (below 1: how much longer ours may take)."""

    ratio: float
    against: str


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds per unit by way; ours is the first."""

    title: str
    seconds: Mapping[str, float]
    goals: Sequence[Goal] = ()

    @property
    def reached(self) -> bool:
        """Whether every goal is."""
        return all(self.ratio(goal.against) >= goal.ratio for goal in self.goals)

    def ratio(self, way: str) -> float:
        """How many times as long as ours it took."""
        ours = next(iter(self.seconds.values()))
        return self.seconds[way] / ours


def timed(ways: Mapping[str, Work], *, units: int, rounds: int = 40, least: float = 0.004) -> dict[str, float]:
    """Seconds per unit of each way: the least of the rounds, each of which runs all ways one after the other.

    A way shorter than `least` seconds is repeated within its round until it has taken about that long.
    """
    repeats = {name: max(1, round(least / max(1e-9, _once(work, 1)))) for name, work in ways.items()}
    best = dict.fromkeys(ways, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, work in ways.items():
                best[name] = min(best[name], _once(work, repeats[name]) / repeats[name])
    finally:
        gc.enable()
    return {name: seconds / units for name, seconds in best.items()}


def _once(work: Work, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return time.perf_counter() - start


def show(heading: str, results: Sequence[Result], *, unit: str = "µs") -> bool:
    """Print a Markdown table of times and ratios; whether every goal is reached."""
    ways = list(dict.fromkeys(way for result in results for way in result.seconds))
    scale = {"µs": 1e6, "ms": 1e3, "s": 1.0}[unit]
    print(f"\n## {heading}\n")
    heads = [*(f"{way}, {unit}" for way in ways), *(f"{way} ÷ ours" for way in ways[1:])]
    print(f"| | {' | '.join(heads)} | goal |")
    print("|---|" + "---:|" * (2 * len(ways) - 1) + "---|")
    for result in results:
        times = [_number(result.seconds[way] * scale) if way in result.seconds else "" for way in ways]
        ratios = [f"{result.ratio(way):.2f}" if way in result.seconds else "" for way in ways[1:]]
        goals = "; ".join(f"{goal.against} ≥ {goal.ratio:.3g}" for goal in result.goals)
        mark = ("reached" if result.reached else "MISSED") if result.goals else ""
        print(f"| {result.title} | {' | '.join(times)} | {' | '.join(ratios)} | {goals} {mark} |")
    sys.stdout.flush()
    return all(result.reached for result in results)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
