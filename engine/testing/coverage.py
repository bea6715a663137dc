"""What a workspace's tests cover: conditions seen true and false, ways out of nodes taken, table rows hit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..compiler.targets.english import to_english
from ..ir.graph import BanditNode, CapNode, ExperimentNode, GraphNode, Ruleset, SwitchNode, TableNode
from ..ir.predicate import All, Any, Not, Predicate
from ..ir.program import Program
from ..operators.evaluate import Subject, evaluate

Item = tuple[str, str, str]  # resource, node or condition, outcome


@dataclass(slots=True)
class Coverage:
    """Everything that could be seen, in order, and what was."""

    possible: dict[Item, None] = field(default_factory=dict)
    seen: set[Item] = field(default_factory=set)
    conditions: dict[str, tuple[tuple[str, Predicate], ...]] = field(default_factory=dict)

    def observe(self, subject: Subject, now_ms: int) -> None:
        """Note the verdict of every condition of every segment for one subject."""
        for name, conditions in self.conditions.items():
            for text, condition in conditions:
                verdict = "true" if evaluate(condition, subject, now_ms) else "false"
                self.seen.add((f"segment/{name}", text, verdict))

    def passed(self, ruleset: str, node: str, outcome: str) -> None:
        """Note the way that a decision took out of a node."""
        self.seen.add((f"ruleset/{ruleset}", node, outcome))

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
    if isinstance(predicate, All | Any):
        for item in predicate.items:
            yield from atoms(item)
    elif isinstance(predicate, Not):
        yield from atoms(predicate.item)
    else:
        yield predicate


def outcomes(ruleset: Ruleset) -> Iterator[tuple[str, str]]:
    """Every way out of every node, as decisions record them."""
    for node in ruleset.nodes:
        for outcome in _ways(node, ruleset):
            yield node.name, outcome


def _ways(node: GraphNode, _ruleset: Ruleset) -> Mapping[str, None]:
    if isinstance(node, SwitchNode):
        return dict.fromkeys([*(str(index + 1) for index in range(len(node.cases))), "otherwise"])
    if isinstance(node, TableNode):
        return dict.fromkeys(str(index + 1) for index in range(len(node.rows)))
    if isinstance(node, ExperimentNode):
        return dict.fromkeys(arm for arm, _target in node.arms)
    if isinstance(node, BanditNode):
        return dict.fromkeys(arm for arm, _target in node.arms)
    if isinstance(node, CapNode):
        return dict.fromkeys(("then", "otherwise"))
    return {"reached": None}
