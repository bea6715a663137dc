"""One case of a workspace's tests, run: the differences between what it expects and what comes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..diagnostics.suggest import nearest
from ..experiments.assignment import NativeAssigner
from ..ir.instant import canonical_instant, parse_instant
from ..ir.program import Program
from ..language.documents.test import Answers, CaseShape, Expectation, TestDocument
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from ..operators.evaluate import Subject
from ..runtime.border import Border, Refusal
from ..runtime.decide import Decider, InputRefusedError
from ..runtime.decision import Decision
from ..runtime.intake import Event, FactsRefusedError, Intake
from ..runtime.needs import NEEDS, Got, Need
from ..runtime.ports import Ports
from .answers import ReferenceMatcher, Script
from .coverage import Coverage
from .differences import decision_differences
from .explanation import explain, explain_trace

Written = Mapping[str, Any]


class Stage:
    """One decider for all cases; which customer it matches and what the outside answers is the case's."""

    blocks = False

    def __init__(self, program: Program, kinds: NodeKinds = NODE_KINDS) -> None:
        self.program = program
        self.kinds = kinds
        self.intake = Intake(Border(program.catalogue))
        self.lists = {name: frozenset(members) for name, members in program.lists.items()}
        self._matcher = ReferenceMatcher(program.segments, Subject({}))
        self._script = Script(Answers())
        ports = Ports(dict.fromkeys(NEEDS, self), clock=lambda: 0.0)
        assigner = NativeAssigner(program.experiments)
        self.decider = Decider(program, matcher=self, assigner=assigner, ports=ports, kinds=kinds)

    def set(self, matcher: ReferenceMatcher, script: Script) -> None:
        """What holds from now on."""
        self._matcher, self._script = matcher, script

    def holds(self, segment: str, profile: Written, now: str) -> bool:
        """Whether the case's customer is in one segment."""
        return self._matcher.holds(segment, profile, now)

    def match(self, profile: Written, now: str) -> Collection[str]:
        """All segments that the case's customer is in."""
        return self._matcher.match(profile, now)

    def answer(self, needs: Sequence[Need], _deadline: float) -> list[Got]:
        """What the case answers to each need."""
        return [self._script.answer(need) for need in needs]


class CaseRun:
    """One case being run; `differences` is to be asked once."""

    def __init__(self, stage: Stage, coverage: Coverage, test: TestDocument, case: CaseShape) -> None:
        self._stage = stage
        self._program = stage.program
        self._coverage = coverage
        self._case = case
        self._ruleset = case.ruleset or test.ruleset
        self._seed = test.seed if case.seed is None else case.seed
        self._now = canonical_instant(case.now or test.now or "")  # one of them is there, or the test is refused
        self._now_ms = parse_instant(self._now)

    def differences(self) -> Iterator[str]:
        """What did not come out as the case says, line by line; nothing when all did."""
        key, intake = self._program.catalogue.key, self._stage.intake
        try:
            written = enumerate(self._case.events, 1)
            events = [{"id": f"event {number}", **each.as_data()} for number, each in written]
            profile, history = intake.subject({key: "someone", **self._case.profile}, events, self._now)
        except FactsRefusedError as refused:
            yield from _refusal_lines(refused.problems)
            return
        subject = Subject(profile, history, self._stage.lists, key)
        expect = self._case.expect
        yield from self._segments(expect, subject)
        if self._ruleset is not None:
            yield from self._decision(self._ruleset, expect, subject)

    def _segments(self, expect: Expectation, subject: Subject) -> Iterator[str]:
        wanted = {*(expect.segments or ()), *(expect.in_segments or ())}
        unwanted = set(expect.not_segments or ())
        asked = wanted | unwanted
        if expect.segments is not None:
            unwanted |= self._program.segments.keys() - set(expect.segments)
            asked = asked | self._program.segments.keys()
        matcher = ReferenceMatcher(self._program.segments, subject)
        for name in sorted(asked):
            if name not in self._program.segments:
                yield _unknown("segments", name, "segment", self._program.segments)
                continue
            self._coverage.observe(name, subject, self._now_ms)
            held = matcher.holds(name, subject.profile, self._now)
            if held is not (name in wanted):
                yield f"segments: expected {'' if name in wanted else 'not '}in `{name}`, is{'' if held else ' not'}:"
                yield from explain(self._program.segments[name], subject, self._now_ms).lines("  ")

    def _decision(self, ruleset: str, expect: Expectation, subject: Subject) -> Iterator[str]:
        if ruleset not in self._program.rulesets:
            yield _unknown("ruleset", ruleset, "ruleset", self._program.rulesets)
            return
        script = Script(self._case.answers or Answers())
        self._stage.set(ReferenceMatcher(self._program.segments, subject), script)
        try:
            decision = self._decide(ruleset, subject, script)
        except (FactsRefusedError, InputRefusedError) as refused:
            yield from _refusal_lines(refused.problems)
            return
        self._note(ruleset, decision, subject)
        found = [*decision_differences(expect, decision), *script.refusals(decision.tape)]
        yield from found
        if found:
            yield from _way_taken(decision, self._stage.kinds)

    def _decide(self, ruleset: str, subject: Subject, script: Script) -> Decision:
        written, membership = self._case.event, self._case.membership
        event: Event | None = None
        if written is not None:
            event = self._stage.intake.event({"id": "event", **written.as_data()}, subject.profile[subject.key_field])
        return self._stage.decider.decide(
            ruleset,
            subject.profile,
            self._case.context,
            event=event,
            now=self._now,
            decision_id=f"test:{self._seed}",
            membership=None if membership is None else list(membership),
            forced=script.answers.forced,
            trace=True,
        )

    def _note(self, ruleset: str, decision: Decision, subject: Subject) -> None:
        """What the decision covers: its nodes, and the segments it had to be matched against."""
        self._coverage.note_passed(ruleset, decision.trace)
        if decision.membership == "matched":
            for name in decision.segments:
                self._coverage.observe(name, subject, self._now_ms)


def _way_taken(decision: Decision, kinds: NodeKinds) -> Iterator[str]:
    yield "path taken: " + " → ".join(f"{step['node']} ({step['outcome']})" for step in decision.path)
    yield from explain_trace(decision.trace, kinds, "  ")


def _unknown(what: str, name: str, noun: str, names: Collection[str]) -> str:
    near = nearest(name, sorted(names))
    hint = f"; did you mean `{near}`?" if near else ""
    return f"{what}: `{name}` is no {noun} of this workspace{hint}"


def _refusal_lines(problems: Sequence[Refusal]) -> list[str]:
    return [f"{problem.path}: {problem.message}" for problem in problems]
