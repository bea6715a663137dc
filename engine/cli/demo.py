"""`decisor demo`: the main job on real purchases, from files in git to decisions."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .opening import open_workspace, sound_program, workspace_root
from .progress import progress
from .purchases import PURCHASES, purchases
from .telling import told

if TYPE_CHECKING:
    from ..profiles.history import History
    from ..runtime.loaded import Runtime

NOW = "1998-07-01T00:00:00.000Z"
RULESET = "next_offer"
FILE = Path("examples", "cdnow", "CDNOW_master.txt.gz")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-C", "--workspace", type=Path, metavar="DIR", help="decisor's own checkout")


class _Clock:
    """Takes the time of each step."""

    def __init__(self) -> None:
        self.started = time.perf_counter()

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Run a step; what it appends is printed behind its title and time."""
        before = time.perf_counter()
        said: list[str] = []
        yield said
        print(f"{title:<10} {time.perf_counter() - before:5.1f} s  {said[0] if said else ''}", flush=True)
        for line in said[1:]:
            print(f"{'':19}{line}")


def _run(options: argparse.Namespace) -> int:
    root = workspace_root(options.workspace)
    if not (root / FILE).is_file():
        raise CannotRunError(f"`{root / FILE}` is missing; the demo runs in decisor's own checkout")
    clock = _Clock()
    runtime, failed = _prepared(root, clock)
    with clock.step("ingest") as said:
        history, events = _ingest(root / FILE, runtime)
        said.append(f"{events:,} purchases, real ones of 1997 and 1998, from {FILE.as_posix()}")
    with clock.step("profiles") as said:
        profiles = _profiles(history, runtime)
        said.append(f"{len(profiles):,} profiles as of {NOW[:10]}")
    with clock.step("match") as said:
        sizes = _matched(profiles, runtime)
        said.append(f"every customer against {len(sizes)} segments")
    with clock.step("decide") as said:
        routes, arms, example = _decided(profiles, runtime)
        said.append(f"every customer through `{RULESET}`")
    _show(sizes, routes, arms, len(profiles))
    print("\n".join(["", "One decision, explained", *told(example, runtime.program.catalogue.key)]))
    print(f"\nbundle {runtime.digest}\n{time.perf_counter() - clock.started:.1f} s in all")
    return FINDINGS if failed else CLEAN


def _prepared(root: Path, clock: _Clock) -> tuple[Runtime, int]:
    """The checked, tested and built workspace, opened from its bundle; and how many tests failed."""
    from ..bundle.content import bundle_content
    from ..bundle.envelope import About, seal
    from ..bundle.read import Acceptance, open_bundle
    from ..experiments.assignment import NativeAssigner
    from ..runtime.loaded import Runtime
    from ..testing.run import run_tests

    with clock.step("check") as said:
        opened = open_workspace(root)
        program = sound_program(opened)
        said.append(f"{len(opened.workspace.documents)} documents, {opened.warnings} warnings")
    with clock.step("test") as said:
        tests = [document for document in opened.workspace.documents if document.kind == "Test"]
        run = run_tests(tests, program)
        said.append(
            f"{len(run.results) - run.failed} passed, {run.failed} failed, {run.coverage.percent:.0f} % covered"
        )
    with clock.step("build") as said:
        raw = seal(bundle_content(program), About(program.workspace)).file_bytes()
        bundle = open_bundle(raw, Acceptance(), NOW)
        said.append(f"one bundle of {len(raw):,} bytes")
    return Runtime(bundle.program, bundle.digest, assigner=NativeAssigner(bundle.program.experiments)), run.failed


def _ingest(file: Path, runtime: Runtime) -> tuple[History, int]:
    from ..profiles.history import History

    history = History(runtime.program.catalogue.key)
    count = 0
    for raw in progress(purchases(file), PURCHASES, "ingest"):
        event, problems = runtime.border.event(raw)
        if event is None:
            raise CannotRunError(f"purchase {raw['id']}: {problems[0].path} {problems[0].message}")
        count += history.add(event) == "kept"
    return history, count


def _profiles(history: History, runtime: Runtime) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each customer's profile with the history it was made of."""
    from ..ir.instant import parse_instant
    from ..profiles.fold import fold

    now_ms = parse_instant(NOW)
    catalogue = runtime.program.catalogue
    with history:
        customers = progress(history.customers(), PURCHASES // 3, "profiles")
        return [(fold(catalogue, customer, events, now_ms), events) for customer, events in customers]


def _matched(profiles: list[tuple[dict[str, Any], list[dict[str, Any]]]], runtime: Runtime) -> Counter[str]:
    from ..ir.instant import parse_instant

    now_ms = parse_instant(NOW)
    sizes: Counter[str] = Counter(dict.fromkeys(runtime.program.segments, 0))
    matcher = runtime.matcher
    for profile, events in progress(profiles, len(profiles), "match"):
        sizes.update(matcher.match(profile, now_ms, events))
    return sizes


def _decided(
    profiles: list[tuple[dict[str, Any], list[dict[str, Any]]]], runtime: Runtime
) -> tuple[Counter[str], Counter[str], Mapping[str, Any]]:
    """How many get each offer, how many each arm, and one decision with its trace."""
    routes: Counter[str] = Counter()
    arms: Counter[str] = Counter()
    example: Mapping[str, Any] | None = None
    for profile, _events in progress(profiles, len(profiles), "decide"):
        decision = runtime.decider.decide(RULESET, profile, {"channel": "web"}, now=NOW)
        routes[decision["output"]["offer"]] += 1
        arms.update(f"{each['experiment']}: {each['arm']}" for each in decision["experiments"])
        if example is None and decision["output"]["offer"] == "voucher_10":
            key = decision["decision_id"]
            example = runtime.decider.decide(RULESET, profile, {"channel": "web"}, now=NOW, decision_id=key, trace=True)
    if example is None:
        raise CannotRunError("no customer is offered a voucher; the example was changed")
    return routes, arms, example


def _show(sizes: Counter[str], routes: Counter[str], arms: Counter[str], customers: int) -> None:
    for title, counts in (("Segments", sizes), ("Offers", routes), ("Arms", arms)):
        print(f"\n{title}")
        widest = max(len(name) for name in counts)
        most = max(counts.values())
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            bar = "█" * round(24 * count / most) if most else ""
            print(f"  {name:<{widest}}  {count:>6,}  {count / customers:6.1%}  {bar}")


COMMAND = Command(
    "Run the example on 69,659 real purchases: check, test, build, ingest, match, decide, explain.",
    "decisor demo",
    _configure,
    _run,
)
