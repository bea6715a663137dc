"""The picture of a ruleset: a box for each node, an arrow for each way out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..ir.graph import PPM, Experiment, GraphNode, Ruleset, SetItem
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
from .picture import Arrow, Box, Grid, Kind, Picture, joined

ROWS_SHOWN = 8
LINES_SHOWN = 8

KINDS: Mapping[type, Kind] = {
    SwitchNode: "switch",
    TableNode: "table",
    SetNode: "set",
    FeaturesNode: "features",
    ModelNode: "model",
    ExperimentNode: "experiment",
    BanditNode: "bandit",
    RulesetNode: "ruleset",
    CapNode: "cap",
    OutputNode: "output",
}


def ruleset_picture(ruleset: Ruleset, experiments: Mapping[str, Experiment] | None = None) -> Picture:
    """The picture of a ruleset, its start first; with the experiments, arms show their shares."""
    boxes = tuple(_box(node) for node in ruleset.nodes)
    arrows = joined(arrow for node in ruleset.nodes for arrow in _arrows(node, experiments or {}))
    return Picture(ruleset.name, boxes, arrows, ruleset.start, "start")


def _box(node: GraphNode) -> Box:
    lines = tuple(_lines(node))
    if len(lines) > LINES_SHOWN:
        lines = (*lines[: LINES_SHOWN - 1], f"… {len(lines) - LINES_SHOWN + 1} more")
    return Box(node.name, KINDS[type(node)], node.name, lines, _grid(node) if isinstance(node, TableNode) else None)


def _lines(node: GraphNode) -> Iterator[str]:
    match node:
        case TableNode():
            how = f"{node.hit} {node.collect}" if node.hit == "collect" else node.hit
            yield f"{_counted(len(node.rows), 'row')}, {how}{_bound(node.bind)}"
        case SetNode(_, items) | OutputNode(_, items):
            yield from _items(items)
        case FeaturesNode(_, reads):
            yield from (f"{read.view.name} by {expression_text(read.entity)}" for read in reads)
        case ModelNode():
            yield f"{node.model.name}{_bound(node.bind)}"
            yield from _items(node.inputs)
        case ExperimentNode():
            yield f"{node.experiment} by {expression_text(node.unit)}{_bound(node.bind)}"
        case BanditNode():
            yield f"{node.bandit} by {expression_text(node.unit)}{_bound(node.bind)}"
            yield from _items(node.features)
            yield from (f"{arm.name} if {expression_text(arm.when)}" for arm in node.choices if arm.when is not None)
        case RulesetNode():
            yield f"{node.ruleset}{_bound(node.bind)}"
            yield from _items(node.context)
        case CapNode():
            yield f"at most {node.limit:,} in {duration(node.within)}"
            yield f"of {expression_text(node.key)} for {expression_text(node.unit)}"


def _bound(name: str | None) -> str:
    return f", as vars.{name}" if name else ""


def _items(items: Iterable[SetItem]) -> Iterator[str]:
    for item in items:
        yield f"{item.name} = {item.text or expression_text(item.value)}"


def _grid(table: TableNode) -> Grid:
    inputs = [each.text or expression_text(each.value) for each in table.inputs]
    names = tuple(text.removeprefix("profile.") for text in inputs)
    rows = [
        (*(cell_text(cell) for cell in row.cells), *(value_text(value) for value in row.values))
        for row in table.rows[:ROWS_SHOWN]
    ]
    outputs = tuple(field.name for field in table.outputs)
    return Grid(names, outputs, tuple(rows), max(0, len(table.rows) - ROWS_SHOWN))


def _arrows(node: GraphNode, experiments: Mapping[str, Experiment]) -> Iterator[Arrow]:
    match node:
        case SwitchNode():
            yield from _switch_arrows(node)
        case TableNode():
            if node.then:
                yield Arrow(node.name, node.then, ("a row fits",) if node.otherwise else ())
            yield from _last(node.name, node.otherwise, "no row fits")
        case ExperimentNode():
            share = shares(experiments.get(node.experiment))
            yield from (Arrow(node.name, target, (arm + share.get(arm, ""),)) for arm, target in node.arms)
            yield from _last(node.name, node.otherwise, "not in the test")
        case BanditNode():
            yield from (Arrow(node.name, target, (arm,)) for arm, target in node.arms)
            if node.then:
                yield Arrow(node.name, node.then)
            yield from _last(node.name, node.otherwise, "nobody can choose")
        case CapNode():
            yield Arrow(node.name, node.then, ("below the cap",))
            yield from _last(node.name, node.otherwise, "cap reached")
        case SetNode() | FeaturesNode() | ModelNode() | RulesetNode():
            if node.then:
                yield Arrow(node.name, node.then)


def _last(source: str, target: str | None, label: str) -> Iterator[Arrow]:
    if target is not None:
        yield Arrow(source, target, (label,), last=True)


def _switch_arrows(node: SwitchNode) -> Iterator[Arrow]:
    for number, case in enumerate(node.cases, 1):
        text = case.text or expression_text(case.when)
        yield Arrow(node.name, case.then, (text if len(node.cases) == 1 else f"{number}. {text}",))
    yield from _last(node.name, node.otherwise, "otherwise")


def shares(experiment: Experiment | None) -> dict[str, str]:
    """The share of each arm in the latest phase, as ` 50 %`."""
    if experiment is None:
        return {}
    total = sum(arm.weight for arm in experiment.phases[-1].arms) or 1
    return {arm.name: f" {percent(arm.weight / total)}" for arm in experiment.phases[-1].arms}


def percent(share: float) -> str:
    """A share as `50 %`, `0.5 %`; never 0 or 100 for what is not quite so."""
    text = f"{share * 100:.1f}".removesuffix(".0")
    if text == "0" and share > 0:
        return "< 0.1 %"
    if text == "100" and share < 1:
        return "> 99.9 %"
    return f"{text} %"


def ppm_percent(parts: int) -> str:
    """Parts per million as a percentage."""
    return percent(parts / PPM)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
