"""What a workspace's tests cover: conditions seen true and false, ways out of nodes taken, table rows hit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..compiler.targets.english import to_english
from ..ir.graph import GraphNode, Ruleset
from ..ir.predicate import AllOf, AnyOf, Not, Predicate
from ..ir.program import Program
from ..nodes.bandit.node import BanditNode
from ..nodes.cap.node import CapNode
from ..nodes.experiment.node import ExperimentNode
from ..nodes.switch.node import SwitchNode
from ..nodes.table.node import TableNode
from ..operators.evaluate import Subject, evaluate

Item = tuple[str, str, str]  # resource, node or condition, outcome


@dataclass(slots=True)
class Coverage:
    """Everything that could be seen, in order, and what was."""

    possible: dict[Item, None] = field(default_factory=dict)
    seen: set[Item] = field(default_factory=set)
    conditions: dict[str, tuple[tuple[str, Predicate], ...]] = field(default_factory=dict)

    def observe(self, segment: str, subject: Subject, now_ms: int) -> None:
        """Note the verdict of every condition of a segment that a case asks about."""
        for text, condition in self.conditions.get(segment, ()):
            verdict = "true" if evaluate(condition, subject, now_ms) else "false"
            self.seen.add((f"segment/{segment}", text, verdict))

    def passed(self, ruleset: str, trace: list[Mapping[str, Any]]) -> None:
        """Note the ways that a decision took out of its nodes and of those of the rulesets it called."""
        for step in trace:
            for way in _taken(step):
                self.seen.add((f"ruleset/{ruleset}", step["node"], way))
            if step["kind"] == "ruleset":
                self.passed(step["outcome"], step["trace"])

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


def coverage_of(program: Program) -> Coverage:
    """An empty coverage of everything the program's tests could see."""
    coverage = Coverage()
    for name, predicate in program.segments.items():
        conditions = tuple((" ".join(to_english(item).split()), item) for item in dict.fromkeys(atoms(predicate)))
        coverage.conditions[name] = conditions
        for text, _condition in conditions:
            for verdict in ("true", "false"):
                coverage.possible[f"segment/{name}", text, verdict] = None
    for name, ruleset in program.rulesets.items():
        for node, outcome in outcomes(ruleset):
            coverage.possible[f"ruleset/{name}", node, outcome] = None
    return coverage


def atoms(predicate: Predicate) -> Iterator[Predicate]:
    """The conditions that are no groups, in order."""
    if isinstance(predicate, AllOf | AnyOf):
        for item in predicate.items:
            yield from atoms(item)
    elif isinstance(predicate, Not):
        yield from atoms(predicate.item)
    else:
        yield predicate


def outcomes(ruleset: Ruleset) -> Iterator[tuple[str, str]]:
    """Every way out of every node that has several."""
    for node in ruleset.nodes:
        for way in dict.fromkeys(_ways(node)):
            yield node.name, way


def _ways(node: GraphNode) -> Iterator[str]:
    """The arms of an experiment or bandit count, whether or not they lead to nodes of their own."""
    if isinstance(node, SwitchNode):
        yield from (f"case {index + 1}" for index in range(len(node.cases)))
        yield "otherwise"
    elif isinstance(node, TableNode):
        yield from (f"row {index + 1}" for index in range(len(node.rows)))
        if node.otherwise is not None:
            yield "no row"
    elif isinstance(node, ExperimentNode):
        yield from (f"arm {arm}" for arm, _target in node.arms)
        if node.otherwise not in dict(node.arms).values():
            yield "outside"
    elif isinstance(node, BanditNode):
        yield from (f"arm {choice.name}" for choice in node.choices)
        if node.otherwise is not None:
            yield "no arm"
    elif isinstance(node, CapNode):
        yield from ("below", "reached")


def _taken(step: Mapping[str, Any]) -> Iterator[str]:
    """The ways in a node's entry of a trace."""
    kind, outcome = step["kind"], step["outcome"]
    if kind == "switch":
        yield f"case {step['case']}" if step["case"] else "otherwise"
    elif kind == "table":
        hit = step["rows"] if "rows" in step else [step["row"]]
        yield from (f"row {number}" for number in hit if number is not None)
        if not hit or hit == [None]:
            yield "no row"
    elif kind == "experiment":
        yield f"arm {outcome}" if step["reason"] in ASSIGNED else "outside"
    elif kind == "bandit":
        yield f"arm {outcome}" if step["choice"] else "no arm"
    elif kind == "cap":
        yield outcome


ASSIGNED = frozenset({"assigned", "sticky", "forced"})
"""Why a unit has an arm; for any other reason it is outside the experiment."""
