"""Names in workspaces' own tests: what a case gives and expects must be there to be given and found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..diagnostics import Path, Sink
from ..language.document import Document
from ..language.documents.experiment import ExperimentDocument
from ..language.documents.ruleset import RulesetDocument
from ..language.documents.test import Answers, CaseShape, Event, TestDocument
from ..operators.wording import with_article
from .report import Report
from .scope import Scope, suggestion

NOUNS = {
    "Ruleset": "ruleset",
    "Experiment": "experiment",
    "Model": "model",
    "Bandit": "bandit",
    "FeatureView": "feature view",
}


def check_cases(
    tests: Sequence[Document], named: Mapping[str, Mapping[str, Document]], scope: Scope, sink: Sink
) -> None:
    """Report names in tests that nothing declares; `named` are the sound documents by kind and name."""
    for document in tests:
        report = Report(document.resource, document.yaml.spans, sink)
        test = document.read_as(TestDocument)
        checks = _Checks(scope, named, report)
        if test.ruleset is not None:
            checks.document("Ruleset", test.ruleset, ("ruleset",))
        for index, case in enumerate(test.cases):
            checks.case(case, test.ruleset, ("cases", index))


@dataclass(frozen=True, slots=True)
class _Checks:
    """The names of one test."""

    scope: Scope
    named: Mapping[str, Mapping[str, Document]]
    report: Report

    def case(self, case: CaseShape, ruleset: str | None, path: Path) -> None:
        """All names of a case; `ruleset` is the test's."""
        if case.ruleset is not None:
            ruleset = case.ruleset
            self.document("Ruleset", case.ruleset, (*path, "ruleset"))
        self._facts(case, path)
        if case.answers is not None:
            self._answers(case.answers, (*path, "answers"))
        self._segments(case.membership, (*path, "membership"))
        expect, at = case.expect, (*path, "expect")
        self._segments(expect.segments, (*at, "segments"))
        self._segments(expect.in_segments, (*at, "in_segments"))
        self._segments(expect.not_segments, (*at, "not_segments"))
        self._arms(expect.experiments, (*at, "experiments"))
        decided = self.named.get("Ruleset", {}).get(ruleset or "")
        if decided is not None:
            self._check_decision(decided, case, path)

    def document(self, kind: str, name: str, path: Path, *, key: bool = False) -> None:
        """A document that is named, by a value or by a key."""
        if not self.scope.has(kind, name):
            tell = self.report.at_key if key else self.report.add
            help_ = self.scope.suggestion(kind, name)
            tell("L009", path, f"`{name}` is not {with_article(NOUNS[kind])} of this workspace", help=help_)

    def _facts(self, case: CaseShape, path: Path) -> None:
        catalogue = self.scope.catalogue
        fields = [catalogue.key, *(field.name for field in catalogue.fields)]
        self._keys("L001", case.profile, fields, "is not a field of the catalogue", (*path, "profile"))
        for event, at in _events(case, path):
            declared = catalogue.event(event.type)
            if declared is not None:
                names = [field.name for field in declared.fields]
                told = f"is not a field of event type `{declared.name}`"
                self._keys("L001", event.data, names, told, (*at, "data"))
            elif not self.scope.has("EventType", event.type):
                help_ = self.scope.suggestion("EventType", event.type)
                self.report.add(
                    "L004", (*at, "type"), f"`{event.type}` is not an event type of this workspace", help=help_
                )

    def _keys(self, code: str, given: Mapping[str, Any] | None, names: Sequence[str], told: str, path: Path) -> None:
        for name in given or {}:
            if name not in names:
                help_ = suggestion(name, list(names), "names")
                self.report.at_key(code, (*path, name), f"`{name}` {told}", help=help_)

    def _answers(self, answers: Answers, path: Path) -> None:
        named: tuple[tuple[str, str, Mapping[str, object]], ...] = (
            ("models", "Model", answers.models),
            ("features", "FeatureView", answers.features),
            ("bandits", "Bandit", answers.bandits),
            ("sticky", "Experiment", answers.sticky),
            ("forced", "Experiment", answers.forced),
        )
        for key, kind, names in named:
            for name in names:
                self.document(kind, name, (*path, key, name), key=True)
        self._arms(answers.sticky, (*path, "sticky"), known=True)
        self._arms(answers.forced, (*path, "forced"), known=True)

    def _arms(self, arms: Mapping[str, str] | None, path: Path, *, known: bool = False) -> None:
        """Arms by experiment; `known` where the experiments themselves were looked at before."""
        for name, arm in (arms or {}).items():
            if not known:
                self.document("Experiment", name, (*path, name), key=True)
            document = self.named.get("Experiment", {}).get(name)
            declared = [] if document is None else list(document.read_as(ExperimentDocument).arms)
            if document is not None and arm not in declared:
                help_ = suggestion(arm, declared, "arms")
                self.report.add("L009", (*path, name), f"`{arm}` is not an arm of experiment `{name}`", help=help_)

    def _segments(self, names: Sequence[str] | None, path: Path) -> None:
        for index, name in enumerate(names or ()):
            if not self.scope.has("Segment", name):
                help_ = self.scope.suggestion("Segment", name)
                self.report.add("L005", (*path, index), f"`{name}` is not a segment of this workspace", help=help_)

    def _check_decision(self, document: Document, case: CaseShape, path: Path) -> None:
        """What a case says to the ruleset, and what it expects of it."""
        ruleset, of = document.read_as(RulesetDocument), f"ruleset `{document.name}`"
        expect, at = case.expect, (*path, "expect")
        told = f"is not in the context of {of}"
        self._keys("L009", case.context, list(ruleset.context), told, (*path, "context"))
        self._keys("L009", expect.output, list(ruleset.output), f"is not an output of {of}", (*at, "output"))
        for index, name in enumerate(expect.path or ()):
            if name not in ruleset.nodes:
                help_ = suggestion(name, list(ruleset.nodes), "nodes")
                self.report.add("L009", (*at, "path", index), f"`{name}` is not a node of {of}", help=help_)


def _events(case: CaseShape, path: Path) -> Iterator[tuple[Event, Path]]:
    for index, event in enumerate(case.events):
        yield event, (*path, "events", index)
    if case.event is not None:
        yield case.event, (*path, "event")
