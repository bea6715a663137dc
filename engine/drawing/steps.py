"""A ruleset as numbered steps in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..ir.graph import Experiment, GraphNode, Ruleset, SetItem
from ..nodes.bandit.node import BanditNode
from ..nodes.cap.node import CapNode
from ..nodes.experiment.node import ExperimentNode
from ..nodes.features.node import FeaturesNode
from ..nodes.model.node import ModelNode
from ..nodes.output.node import OutputNode
from ..nodes.ruleset.node import RulesetNode
from ..nodes.set.node import SetNode
from ..nodes.switch.node import SwitchNode
from ..nodes.table.node import TableNode
from ..operators.wording import duration
from .phrases import cell_text, expression_text, value_text
from .rulesets import shares

ROWS_SHOWN = 12

_HITS = {
    "unique": "the one row that fits",
    "first": "the first row that fits",
    "priority": "the row that fits with the highest priority",
    "any": "the rows that fit, which agree,",
    "collect": "all rows that fit",
    "rule_order": "all rows that fit, in their order,",
}


def steps(ruleset: Ruleset, experiments: Mapping[str, Experiment]) -> Iterator[str]:
    """The steps in the order in which they can follow each other; ways out name the step they lead to."""
    numbers = {node.name: number for number, node in enumerate(ruleset.nodes, 1)}
    width = len(str(len(numbers)))
    for node in ruleset.nodes:
        first, *rest = _Step(numbers, experiments).lines(node)
        yield f"{numbers[node.name]:>{width}}. {node.name}: {first}"
        yield from (f"{'':{width}}    {line}" for line in rest)


class _Step:
    """Says one node."""

    def __init__(self, numbers: Mapping[str, int], experiments: Mapping[str, Experiment]) -> None:
        self._numbers = numbers
        self._experiments = experiments

    def lines(self, node: GraphNode) -> Iterator[str]:
        """What the node does, then its ways out."""
        match node:
            case SwitchNode():
                yield "go by the first that holds"
                yield from (f"{case.text or expression_text(case.when)} {self._to(case.then)}" for case in node.cases)
                yield f"otherwise {self._to(node.otherwise)}"
            case TableNode():
                yield from self._table(node)
            case SetNode():
                yield f"set {_items(node.items)}, {self._then(node.then)}"
            case OutputNode():
                yield f"decide {_items(node.items)}"
            case ExperimentNode():
                yield from self._experiment(node)
            case BanditNode():
                yield from self._bandit(node)
            case _:
                yield from self._asking(node)

    def _asking(self, node: GraphNode) -> Iterator[str]:
        match node:
            case FeaturesNode():
                views = ", ".join(f"{read.view.name} of {expression_text(read.entity)}" for read in node.reads)
                yield f"read the features {views}, {self._then(node.then)}"
            case ModelNode():
                yield f"ask the model {node.model.name} with {_items(node.inputs)} for at most {node.timeout} ms"
                yield f"its answer, or the fallback, is vars.{node.bind}, {self._then(node.then)}"
            case RulesetNode():
                context = f" with {_items(node.context)}" if node.context else ""
                yield f"call the ruleset {node.ruleset}{context}"
                yield f"its output is {self._result(node.bind, node.then)}"
            case CapNode():
                yield f"at most {node.limit:,} times in {duration(node.within)} for {expression_text(node.unit)}"
                yield f"below that {self._to(node.then)}"
                yield f"from then on {self._to(node.otherwise)}"

    def _table(self, node: TableNode) -> Iterator[str]:
        inputs = [(each.text or expression_text(each.value)).removeprefix("profile.") for each in node.inputs]
        collected = f" as {node.collect}" if node.hit == "collect" and node.collect != "list" else ""
        yield f"{_HITS[node.hit]} gives {self._result(node.bind, node.then)}{collected}"
        heading = [*inputs, *(f"→ {field.name}" for field in node.outputs)]
        rows = [
            [*(cell_text(cell) for cell in row.cells), *(value_text(value) for value in row.values)]
            for row in node.rows[:ROWS_SHOWN]
        ]
        widths = [max(len(row[at]) for row in [heading, *rows]) for at in range(len(heading))]
        for row in [heading, *rows]:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if len(node.rows) > ROWS_SHOWN:
            yield f"… {len(node.rows) - ROWS_SHOWN:,} more rows"
        if node.otherwise:
            yield f"no row fits {self._to(node.otherwise)}"

    def _experiment(self, node: ExperimentNode) -> Iterator[str]:
        share = shares(self._experiments.get(node.experiment))
        yield f"the experiment {node.experiment} assigns {expression_text(node.unit)}"
        yield from (f"{arm}{share.get(arm, '')} {self._to(target)}" for arm, target in node.arms)
        yield f"not in the test {self._to(node.otherwise)}"

    def _bandit(self, node: BanditNode) -> Iterator[str]:
        yield f"the bandit {node.bandit} picks an arm for {expression_text(node.unit)}"
        for choice in node.choices:
            if choice.when is not None:
                yield f"{choice.name} only if {expression_text(choice.when)}"
        yield from (f"{arm} {self._to(target)}" for arm, target in node.arms)
        if node.bind:
            yield f"arm and probability are vars.{node.bind}"
        if node.then:
            yield self._then(node.then)
        without = f"the fallback {node.fallback}" if node.otherwise is None else self._to(node.otherwise)
        yield f"when nobody can choose: {without}"

    def _result(self, bind: str | None, then: str | None) -> str:
        if then is None:
            return "the decision"
        return f"vars.{bind}, {self._then(then)}" if bind else self._then(then)

    def _then(self, target: str) -> str:
        return f"then {self._number(target)}"

    def _to(self, target: str) -> str:
        return f"→ {self._number(target)}"

    def _number(self, target: str) -> str:
        return f"{self._numbers[target]} {target}"


def _items(items: tuple[SetItem, ...]) -> str:
    return ", ".join(f"{item.name} = {item.text or expression_text(item.value)}" for item in items) or "nothing"
