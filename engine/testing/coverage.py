"""What a workspace's tests cover: conditions seen true and false, ways out of nodes taken, table rows hit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from ..compiler.targets.english import to_english
from ..ir.predicate import AllOf, AnyOf, Constant, Element, Events, EventSequence, InList, Leaf, Not, Predicate
from ..ir.program import Program
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from ..operators.evaluate import Subject, evaluate

Item = tuple[str, str, str]  # resource, node or condition, outcome


@dataclass(slots=True)
class Coverage:
    """Everything that could be seen, in order, and what was."""

    kinds: NodeKinds = NODE_KINDS
    possible: dict[Item, None] = field(default_factory=dict)
    seen: set[Item] = field(default_factory=set)
    conditions: dict[str, tuple[tuple[str, Predicate], ...]] = field(default_factory=dict)

    def observe(self, segment: str, subject: Subject, now_ms: int) -> None:
        """Note the verdict of every condition of a segment that a case asks about."""
        for text, condition in self.conditions.get(segment, ()):
            verdict = "true" if evaluate(condition, subject, now_ms) else "false"
            self.seen.add((f"segment/{segment}", text, verdict))

    def note_passed(self, ruleset: str, trace: Sequence[Mapping[str, Any]]) -> None:
        """Note the ways that a decision took out of its nodes and of those of the rulesets it called."""
        for step in trace:
            kind = self.kinds.find(step["kind"])
            for outcome in () if kind is None else kind.authoring().outcomes_seen(step):
                self.seen.add((f"ruleset/{ruleset}", step["node"], outcome))
            if "trace" in step:
                self.note_passed(step["outcome"], step["trace"])

    @property
    def covered(self) -> int:
        """How many of the possible items were seen."""
        return len(self.seen & self.possible.keys())

    @property
    def percent(self) -> float:
        """100 when there is nothing to cover."""
        return 100.0 * self.covered / len(self.possible) if self.possible else 100.0

    def missing(self) -> list[Item]:
        """What no case has seen."""
        return [item for item in self.possible if item not in self.seen]


def coverage_of(program: Program, kinds: NodeKinds = NODE_KINDS) -> Coverage:
    """An empty coverage of everything the program's tests could see."""
    coverage = Coverage(kinds)
    for name, predicate in program.segments.items():
        conditions = tuple((" ".join(to_english(item).split()), item) for item in dict.fromkeys(atoms(predicate)))
        coverage.conditions[name] = conditions
        for text, _condition in conditions:
            for verdict in ("true", "false"):
                coverage.possible[f"segment/{name}", text, verdict] = None
    for name, ruleset in program.rulesets.items():
        for node in ruleset.nodes:
            for outcome in kinds.of(node).authoring().outcomes(node):
                coverage.possible[f"ruleset/{name}", node.name, outcome] = None
    return coverage


def atoms(predicate: Predicate) -> Iterator[Predicate]:
    """The conditions that are no groups, in order."""
    match predicate:
        case AllOf(items) | AnyOf(items):
            for item in items:
                yield from atoms(item)
        case Not(item):
            yield from atoms(item)
        case Leaf() | Element() | InList() | Events() | EventSequence() | Constant():
            yield predicate
        case _:
            assert_never(predicate)
