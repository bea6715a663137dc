"""`decisor plan`: shows what a change to the workspace changes in meaning."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..ir.printable import printable
from .command import CHANGED, CLEAN, FINDINGS, CannotRunError, Command
from .facts import Complaints, open_input, read_histories
from .opening import Opened, add_now, add_workspace, instant_of, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..bundle.plan.audience import Answer, Pair
    from ..bundle.plan.change import Audience, Plan
    from ..bundle.plan.sides import Side
    from ..ir.graph import Experiment
    from ..ir.types import Catalogue
    from ..profiles.event_sorting import History
    from ..runtime.loaded import Runtime


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--against",
        metavar="REF|BUNDLE",
        help="a git revision or a bundle file (default: where HEAD branched off main or master, otherwise HEAD)",
    )
    parser.add_argument(
        "--profiles", metavar="FILE", help="JSON Lines: show which of them enter, leave or are rerouted"
    )
    parser.add_argument("--events", metavar="FILE", help="JSON Lines, the events of these profiles")
    parser.add_argument("--format", choices=("text", "md", "json"), default="text", help="default: text")
    parser.add_argument("--full", action="store_true", help="print everything, without shortening")
    parser.add_argument("--exit-code", action="store_true", help="exit with 3 if something changes in meaning")
    add_now(parser)
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..bundle.plan.assemble import plan_of
    from ..bundle.plan.sides import side_of_workspace
    from ..ir.instant import format_instant

    if options.events and not options.profiles:
        raise CannotRunError("--events needs --profiles, since events belong to profiles")
    now_ms = instant_of(options.now)
    now = format_instant(now_ms)
    opened_workspace = open_workspace(workspace_root(options.workspace))
    after = side_of_workspace(opened_workspace.workspace, sound_program(opened_workspace), "working tree")
    before, notes = _earlier(options.against, opened_workspace, after)
    plan = replace(plan_of(before, after, now, _deal), notes=notes)
    if options.profiles:
        audience, notes = _audience(plan, before, after, options, now_ms)
        plan = replace(plan, audience=audience, notes=(*plan.notes, *notes))
    print(_render(plan, options))
    if plan.audience is not None and plan.audience.refused:
        return FINDINGS
    return CHANGED if options.exit_code and plan.changes else CLEAN


def _render(plan: Plan, options: argparse.Namespace) -> str:
    if options.format == "json":
        from ..bundle.plan.data import as_data

        return json.dumps(as_data(plan), indent=2, ensure_ascii=False)
    from ..bundle.plan.text import as_markdown, as_text

    return (as_markdown if options.format == "md" else as_text)(plan, full=options.full)


def _earlier(against: str | None, now: Opened, after: Side) -> tuple[Side, tuple[str, ...]]:
    """The earlier side, and notes about it."""
    from ..language.git import RevisionError

    if against is not None and Path(against).is_file():
        return _bundle_side(Path(against)), ()
    try:
        return _revision_side(against, now, after)
    except RevisionError as problem:
        hint = "" if against is None else "; it is not a bundle file either"
        raise CannotRunError(f"{problem}{hint}") from None


def _bundle_side(file: Path) -> Side:
    from ..bundle.envelope import BundleRefusedError
    from ..bundle.plan.sides import Side
    from ..bundle.read import Acceptance, read_bundle
    from ..ir.instant import FIRST_INSTANT

    try:
        bundle = read_bundle(file, Acceptance(), FIRST_INSTANT)  # an expired bundle can still be compared
    except BundleRefusedError as problem:
        raise CannotRunError(f"`{file}`: {problem}") from None
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be read: {problem.strerror}") from None
    return Side(f"{file} ({bundle.digest[:19]})", bundle.program)


def _revision_side(ref: str | None, now: Opened, after: Side) -> tuple[Side, tuple[str, ...]]:
    from ..bundle.plan.sides import Side, side_of_workspace
    from ..ir.program import Program
    from ..ir.types import Catalogue
    from ..language.revision import base_of, write_revision

    with tempfile.TemporaryDirectory(prefix="decisor-") as name:
        folder = Path(name)
        revision = write_revision(now.root, ref or base_of(now.root), folder)
        label = f"{ref} ({revision.commit[:9]})" if ref else revision.commit[:9]
        notes = [f"`{printable(path)}` is not a regular file at {label} and was left out" for path in revision.skipped]
        if not (folder / "decisor.yaml").is_file():
            program = after.program
            catalogue = Catalogue(program.catalogue.name, program.catalogue.key, ())
            empty = Program(program.workspace, program.timezone, catalogue)
            return Side(label, empty, {}), (*notes, f"there was no workspace at {label}: everything is new")
        earlier = open_workspace(folder)
        if earlier.program is None:
            raise CannotRunError(f"the workspace at {label} has no catalogue that compiles")
        if earlier.errors:
            errors = f"{earlier.errors:,} error{'' if earlier.errors == 1 else 's'}"
            notes.append(f"the workspace at {label} has {errors}: documents that do not compile there count as new")
        return side_of_workspace(earlier.workspace, earlier.program, label), tuple(notes)


def _deal(experiment: Experiment, units: Sequence[str], now: str) -> list[str | None]:
    from ..experiments.assignment import Assigner

    assigner = Assigner(experiment)
    return [assigner.assign(unit, now).arm for unit in units]


def _audience(
    plan: Plan, before: Side, after: Side, options: argparse.Namespace, now_ms: int
) -> tuple[Audience, tuple[str, ...]]:
    """What happens to the profiles of the file, and notes on how that was determined."""
    from ..bundle.plan.audience import audience_of
    from ..experiments.assignment import NativeAssigner
    from ..ir.instant import format_instant
    from ..runtime.loaded import Runtime

    sides = [Runtime(side.program, assigner=NativeAssigner(side.program.experiments)) for side in (before, after)]
    broken, about_events = Complaints(options.profiles), Complaints(options.events or "")
    with ExitStack() as stack:
        histories = None
        if options.events:
            same = before.program.catalogue == after.program.catalogue
            found = read_histories(options.events, sides[1:] if same else sides[::-1], about_events)
            histories = found[-1], found[0]
            for history in found:
                stack.enter_context(history)
        pairs = _Pairs(sides[0], sides[1], broken, histories, now_ms)
        audience = audience_of(plan, pairs.of(options.profiles), format_instant(now_ms), lambda: broken.count)
    broken.close()
    about_events.close()
    with_context = any(ruleset.context for side in sides for ruleset in side.program.rulesets.values())
    notes = ("profiles are routed with an empty context",) if with_context else ()
    return audience, notes


class _Pairs:
    """The answers of both states for each profile of a file."""

    def __init__(
        self,
        before: Runtime,
        after: Runtime,
        broken: Complaints,
        histories: tuple[History, History] | None,
        now_ms: int,
    ) -> None:
        from ..ir.instant import format_instant

        self._sides = (before, after)
        self._broken = broken
        self._histories = histories
        self._now_ms = now_ms
        self._now = format_instant(now_ms)
        own, computed = zip(*(_names(side.program.catalogue) for side in self._sides), strict=True)
        self._foreign = [own[1] - own[0], own[0] - own[1]]  # names that only the other state knows
        if histories is not None:  # what one state computes from events may be stated for the other one, which does not
            self._foreign[0] |= (computed[0] - computed[1]) & own[1]
            self._foreign[1] |= (computed[1] - computed[0]) & own[0]

    def of(self, file: str) -> Iterator[Pair]:
        """The pairs in the order of the file; invalid profiles are reported and left out."""
        from ..runtime.lines import read_lines

        with open_input(file) as stream:
            for line in read_lines(stream):
                if line.problem is not None:
                    self._broken.tell(line.number, line.problem)
                    continue
                later = self._answer(1, line.value, line.number)
                earlier = None if later is None else self._answer(0, line.value, line.number)
                if later is not None and earlier is not None:
                    yield later[0], earlier[1], later[1]

    def _answer(self, index: int, raw: Any, number: int) -> tuple[str, Answer] | None:
        """The key and the answer of one side; None for an invalid profile, which is reported once."""
        from ..bundle.plan.audience import Answer
        from ..runtime.border import problems_text

        side = self._sides[index]
        own = raw
        if isinstance(raw, dict):
            own = {name: value for name, value in raw.items() if name not in self._foreign[index]}
        events_of = None if self._histories is None else self._histories[index].of
        profile, events, problems = side.read(own, self._now_ms, events_of)
        if profile is None:
            text = problems_text(problems)
            self._broken.tell(number, text if index else f"in the earlier state: {text}")
            return None
        key: str = profile[side.program.catalogue.key]
        segments = side.matcher.match(profile, self._now_ms, events)
        return key, Answer(segments, self._routes(side, profile, segments))

    def _routes(self, side: Runtime, profile: Mapping[str, Any], segments: Sequence[str]) -> dict[str, Any]:
        routes = {}
        for name in side.program.rulesets:
            decision = side.decider.decide(name, profile, now=self._now, decision_id="plan", membership=segments)
            routes[name] = (tuple(step["node"] for step in decision.path), decision.output)
        return routes


def _names(catalogue: Catalogue) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a profile may state, and those among them that are computed from events."""
    fields = catalogue.fields
    computed = frozenset(field.name for field in fields if field.source is not None)
    return frozenset((catalogue.key, *(field.name for field in fields))), computed


COMMAND = Command(
    "Show what changes in meaning: segments, routes, experiments, the catalogue, and the customers affected.",
    "decisor plan --against main --profiles profiles.jsonl --format md",
    _configure,
    _run,
)
