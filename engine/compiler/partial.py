"""Documents that read well only in part: the rest is checked, and only what holds in any case is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ..diagnostics import Finding, Sink
from ..language.document import Document
from ..language.documents.ruleset import RulesetDocument
from ..language.remains import Remains
from .experiments import lower_experiments
from .graph import lower_ruleset
from .node_lowering import Around
from .scope import Scope
from .segments import lower_segments

CERTAIN = frozenset({"G001", "G004", "G009", "X001", "X004", "X005", "X007"})
"""Codes that do not depend on what is missing, besides those of names and types."""


class Sieve(Sink):
    """Passes on to another sink the findings that are wanted."""

    def __init__(self, sink: Sink, wanted: Callable[[Finding], bool]) -> None:
        super().__init__()
        self._sink = sink
        self._wanted = wanted
        self._passed: set[Finding] = set()

    def add(self, finding: Finding) -> None:
        """Pass the finding on, once, if it is wanted."""
        if finding not in self._passed and self._wanted(finding):
            self._passed.add(finding)
            self._sink.add(finding)


def names_any(finding: Finding, names: frozenset[str]) -> bool:
    """Whether the thing that the finding is about, with which its message begins, is one of some names or below one."""
    thing = finding.message.removeprefix("`").partition("`")[0]
    return not names.isdisjoint(thing.split("."))


def check_remains(rest: Sequence[Remains], scope: Scope, around: Around, sink: Sink) -> None:
    """Report errors in what remains of segments, rulesets and experiments."""
    segments = [each.document for each in rest if each.document.kind == "Segment"]
    lower_segments(segments, scope, Sieve(sink, _is_certain))
    for each in rest:
        document, sieve = each.document, Sieve(sink, _certain_without(each.lost))
        if document.kind == "Ruleset":
            for part in _parts(document):
                lower_ruleset(part, replace(around, told=set()), sieve)
        elif document.kind == "Experiment":
            lower_experiments([document], around.documents.get("Layer", {}), scope, sieve)


def _parts(ruleset: Document) -> Iterator[Document]:
    """The ruleset begun at each node that no other one leads to, as the way from its start may be broken."""
    model = ruleset.read_as(RulesetDocument)
    reached = {target for shape in model.nodes.values() for target, _ in shape.ways()}
    for start in dict.fromkeys([model.start, *model.nodes]):
        if start not in reached or start == model.start:
            yield replace(ruleset, model=model.model_copy(update={"start": start}))


def _is_certain(finding: Finding) -> bool:
    return finding.severity == "error" and (finding.code[0] in "LT" or finding.code in CERTAIN)


def _certain_without(lost: frozenset[str]) -> Callable[[Finding], bool]:
    return lambda finding: _is_certain(finding) and not names_any(finding, lost)
