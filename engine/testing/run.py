"""Running a workspace's tests: every case on its own, with its own clock, and what differed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..diagnostics import Span
from ..experiments.assignment import NativeAssigner
from ..ir.instant import canonical_instant, parse_instant
from ..ir.program import Program
from ..language.workspace import Document
from ..operators.evaluate import Subject
from ..profiles.fold import event_order
from ..runtime.border import Border, Problem
from ..runtime.decide import Decider, InputRefusedError
from .answers import ReferenceMatcher, script_of
from .coverage import Coverage, coverage_of
from .explanation import explain


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: where it stands, whether it came out as it says, and if not, the differences line by line."""

    test: str
    case: str
    span: Span
    passed: bool
    differences: tuple[str, ...] = ()
    todo: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TestRun:
    """All results in order, and what they cover."""

    __test__ = False  # pytest takes a class of this name for a test

    results: tuple[CaseResult, ...]
    coverage: Coverage

    @property
    def failed(self) -> int:
        """How many cases did not come out as they say."""
        return sum(not result.passed for result in self.results)


def run_tests(
    documents: Sequence[Document], program: Program, wanted: Callable[[str, str], bool] = lambda _test, _case: True
) -> TestRun:
    """Run every case of the Test documents whose (test, case) names are wanted."""
    coverage = coverage_of(program)
    border = Border(program.catalogue)
    results: list[CaseResult] = []
    for document in documents:
        for index, case in enumerate(document.yaml.value["cases"]):
            if wanted(document.name, case["name"]):
                runner = _Case(program, border, coverage, document.yaml.value, case)
                started = time.perf_counter()
                differences = tuple(runner.differences())
                seconds = time.perf_counter() - started
                span = document.yaml.spans.value(("cases", index, "name"))
                results.append(_result(document.name, case, span, differences, seconds))
    return TestRun(tuple(results), coverage)


def _result(test: str, case: Mapping[str, Any], span: Span, differences: tuple[str, ...], seconds: float) -> CaseResult:
    todo = case.get("todo")
    if todo is None:
        return CaseResult(test, case["name"], span, not differences, differences, None, seconds)
    if differences:
        return CaseResult(test, case["name"], span, passed=True, todo=todo, seconds=seconds)
    told = ("passes, and is still marked `todo`; take the mark out",)
    return CaseResult(test, case["name"], span, passed=False, differences=told, todo=todo, seconds=seconds)


class _Case:
    """One case being run."""

    def __init__(
        self,
        program: Program,
        border: Border,
        coverage: Coverage,
        test: Mapping[str, Any],
        case: Mapping[str, Any],
    ) -> None:
        self._program = program
        self._border = border
        self._coverage = coverage
        self._test = test
        self._case = case
        self._now = canonical_instant(case.get("now") or test["now"])
        self._now_ms = parse_instant(self._now)

    def differences(self) -> Iterator[str]:
        """What did not come out as the case says; nothing when all did."""
        key = self._program.catalogue.key
        written = self._case.get("profile") or {}
        profile, problems = self._border.profile({key: "someone", **written})
        if profile is None:
            yield from _refused("profile", problems)
            return
        events, refused = self._events(profile[key])
        if refused:
            yield from refused
            return
        subject = Subject(profile, event_order(events), self._lists(), key)
        self._coverage.observe(subject, self._now_ms)
        expect = self._case["expect"]
        yield from self._segments(expect, subject)
        if self._case.get("ruleset") or self._test.get("ruleset"):
            yield from self._decision(expect, subject)

    def _lists(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(members) for name, members in self._program.lists.items()}

    def _events(self, customer: str) -> tuple[list[dict[str, Any]], list[str]]:
        events: list[dict[str, Any]] = []
        refused: list[str] = []
        for index, written in enumerate(self._case.get("events") or ()):
            event, problems = self._border.event({self._program.catalogue.key: customer, **written})
            if event is None:
                refused.extend(_refused(f"events[{index}]", problems))
            else:
                events.append(event)
        return events, refused

    def _segments(self, expect: Mapping[str, Any], subject: Subject) -> Iterator[str]:
        if all(expect.get(key) is None for key in ("segments", "in_segments", "not_segments")):
            return
        matcher = ReferenceMatcher(self._program.segments, subject)
        found = set(matcher.match(subject.profile, self._now))
        wanted = set(expect.get("segments") or ()) | set(expect.get("in_segments") or ())
        unwanted = set(expect.get("not_segments") or ())
        if expect.get("segments") is not None:
            unwanted |= found - set(expect["segments"])
        for name in sorted((wanted | unwanted) - self._program.segments.keys()):
            yield f"segments: `{name}` is no segment of this workspace"
        for name in sorted((wanted - found) & self._program.segments.keys()):
            yield f"segments: expected in `{name}`, is not:"
            yield from self._why(name, subject)
        for name in sorted(unwanted & found):
            yield f"segments: expected not in `{name}`, is:"
            yield from self._why(name, subject)

    def _why(self, segment: str, subject: Subject) -> Iterator[str]:
        return explain(self._program.segments[segment], subject, self._now_ms).lines("  ")

    def _decision(self, expect: Mapping[str, Any], subject: Subject) -> Iterator[str]:
        ruleset = self._case.get("ruleset") or self._test["ruleset"]
        if ruleset not in self._program.rulesets:
            yield f"ruleset: `{ruleset}` is no ruleset of this workspace"
            return
        script = script_of(self._case.get("answers"))
        matcher = ReferenceMatcher(self._program.segments, subject)
        decider = Decider(
            self._program, matcher=matcher, assigner=NativeAssigner(self._program.experiments), ports=script.ports()
        )
        event = self._case.get("event")
        if event is not None:
            read, problems = self._border.event({self._program.catalogue.key: self._customer(subject), **event})
            if read is None:
                yield from _refused("event", problems)
                return
            event = read
        try:
            decision = decider.decide(
                ruleset,
                subject.profile,
                self._case.get("context") or {},
                event=event,
                now=self._now,
                decision_id=f"test:{self._case.get('seed', self._test.get('seed', 0))}",
                membership=self._case.get("membership"),
                trace=True,
            )
        except InputRefusedError as refused:
            yield from _refused("context", list(refused.problems))
            return
        for step in decision["trace"]:
            self._coverage.passed(ruleset, step)
        yield from _compared(expect, decision)

    @staticmethod
    def _customer(subject: Subject) -> Any:
        return subject.profile[subject.key_field]


def _compared(expect: Mapping[str, Any], decision: Mapping[str, Any]) -> Iterator[str]:
    """Differences between what is expected of a decision and what it is, and then the path it took."""
    told: list[str] = []
    for name, value in (expect.get("output") or {}).items():
        found = decision["output"].get(name)
        if found != value or isinstance(found, bool) is not isinstance(value, bool):
            told.append(f"output.{name}: expected {_shown(value)}, found {_shown(found)}")
    if expect.get("path") is not None:
        passed = [step["node"] for step in decision["path"]]
        if passed != list(expect["path"]):
            told.append(f"path: expected {' → '.join(expect['path'])}")
    arms = {each["experiment"]: each["arm"] for each in decision["experiments"]}
    for name, arm in (expect.get("experiments") or {}).items():
        if arms.get(name) != arm:
            told.append(f"experiments.{name}: expected arm {_shown(arm)}, found {_shown(arms.get(name))}")
    yield from told
    if told:
        yield "path taken: " + " → ".join(f"{step['node']} ({step['outcome']})" for step in decision["path"])


def _refused(what: str, problems: Sequence[Problem]) -> list[str]:
    return [f"{what}{'.' if problem.path else ''}{problem.path}: {problem.message}" for problem in problems]


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
