"""The reference: decides by walking a ruleset node by node. Tests compare generated code with it.

It is to rulesets what `operators/evaluate.py` is to predicates and `expressions/evaluate.py` is to expressions: plain
enough to be checked against the language by reading. Each node asks for its needs when it is reached. Requests never
run this code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir.expression import Expression
from ..ir.graph import GraphNode, Ruleset
from ..ir.program import Program
from ..nodes.bandit.node import BanditNode
from ..nodes.cap.node import CapNode
from ..nodes.experiment.node import ExperimentNode
from ..nodes.features.node import FeaturesNode
from ..nodes.model.node import ModelNode
from ..nodes.output.node import OutputNode
from ..nodes.ruleset.node import RulesetNode
from ..nodes.set.node import SetNode
from ..nodes.switch.node import SwitchNode
from ..nodes.table.meaning import holds
from ..nodes.table.node import TableNode
from .border import readers_of
from .expressions import Facts, evaluate_expression
from .needs import (
    Choose,
    CountUses,
    Got,
    Need,
    Predict,
    ReadFeatures,
    Recall,
    accept_answer,
    declared_values,
    fallback_of,
)
from .ports import Assigner

Next = str | None


@dataclass(slots=True)
class Walk:
    """One walk through one ruleset, and its results: the output, and the parts of the decision record.

    `answer` answers each need when its node asks, as a driver would; the answer is checked here.
    """

    program: Program
    facts: Facts
    answer: Callable[[Need], Got]
    assigner: Assigner
    decision_id: str
    path: list[dict[str, Any]] = field(default_factory=list)
    segments: dict[str, bool] = field(default_factory=dict)
    arms: list[tuple[str, str | None, str]] = field(default_factory=list)
    picks: list[tuple[str, str | None]] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    vars: dict[str, Any] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)
    output: dict[str, Any] | None = None

    def walk(self, ruleset: Ruleset) -> dict[str, Any]:
        """The ruleset's output."""
        nodes = {node.name: node for node in ruleset.nodes}
        at: Next = ruleset.start
        while at is not None:
            at = self._step(nodes[at])
        return {} if self.output is None else self.output

    def _value(self, expression: Expression) -> Any:
        def member(segment: str) -> bool:
            self.segments[segment] = self.facts.member(segment)
            return self.segments[segment]

        return evaluate_expression(
            expression, replace(self.facts, vars=self.vars, features=self.features, member=member)
        )

    def _record_step(self, node: GraphNode, outcome: str, **more: Any) -> None:
        self.path.append({"node": node.name, "outcome": outcome, **more})

    def _ask(self, need: Need) -> Got:
        return accept_answer(need, self.answer(need))

    def _step(self, node: GraphNode) -> Next:  # noqa: C901, PLR0911 - one case for each kind of node
        match node:
            case SwitchNode():
                return self._switch(node)
            case TableNode():
                return self._table(node)
            case SetNode():
                return self._set(node)
            case FeaturesNode():
                return self._read(node)
            case ModelNode():
                return self._score(node)
            case ExperimentNode():
                return self._split(node)
            case BanditNode():
                return self._choose(node)
            case CapNode():
                return self._cap(node)
            case RulesetNode():
                return self._call(node)
            case OutputNode():
                return self._finish(node)
            case _:
                raise TypeError(f"a node of the kind `{node.kind}` has no reference")

    def _switch(self, node: SwitchNode) -> Next:
        target = next((case.then for case in node.cases if self._value(case.when) is True), node.otherwise)
        self._record_step(node, target)
        return target

    def _table(self, node: TableNode) -> Next:
        hit = rows_hit(node, [self._value(item.value) for item in node.inputs])
        several = node.hit in {"collect", "rule_order"}
        rows = [node.rows[index].values for index in hit]
        found: dict[str, Any] = {}
        for place, column in enumerate(node.outputs):
            said = [values[place] for values in rows if values[place] is not None]
            if node.hit == "collect" and node.collect == "count":
                found[column.name] = len(rows)
            else:
                found[column.name] = _aggregate(node, column.type, said) if several else next(iter(said), None)
        noun = "rows" if len(hit) > 1 else "row"
        self._record_step(node, f"{noun} {', '.join(str(index + 1) for index in hit)}" if hit else "no row")
        if not hit and node.otherwise is not None:
            return node.otherwise
        return self._end(node, {name: value for name, value in found.items() if value is not None})

    def _end(self, node: TableNode | RulesetNode, found: dict[str, Any]) -> Next:
        if node.then is None:
            self.output = found
            return None
        self.vars[str(node.bind)] = found
        return node.then

    def _set(self, node: SetNode) -> Next:
        for item in node.items:
            self.vars[item.name] = self._value(item.value)
        self._record_step(node, "set")
        return node.then

    def _read(self, node: FeaturesNode) -> Next:
        outcome = "ok"
        for each in node.reads:
            view, entity = each.view, self._value(each.entity)
            got = Got({}, "fallback")
            if entity is not None:
                need = ReadFeatures(
                    view.name, view.entity, entity, view.defaults, view.timeout, readers_of(view.features)
                )
                got = self._ask(need)
            self.features[view.name] = {**declared_values(view.defaults), **got.value}
            outcome = got.status if got.status != "ok" else outcome
        self._record_step(node, outcome)
        return node.then

    def _score(self, node: ModelNode) -> Next:
        inputs = tuple((item.name, self._value(item.value)) for item in node.inputs)
        model, outputs = node.model, tuple(each.name for each in node.model.outputs)
        readers = readers_of(model.outputs)
        need = Predict(model.name, model.version, inputs, outputs, model.fallback, node.timeout, readers)
        got = fallback_of(need, "fallback") if None in [value for _, value in inputs] else self._ask(need)
        self.vars[node.bind] = got.value
        self._record_step(node, got.status)
        return node.then

    def _split(self, node: ExperimentNode) -> Next:
        experiment = self.program.experiments[node.experiment]
        unit = self._value(node.unit)
        kept = self._ask(Recall(node.experiment, experiment.unit, unit)).value if experiment.sticky and unit else None
        arm, reason, _ = self.assigner.assign(node.experiment, unit, self.facts.now, kept)
        self.arms.append((node.experiment, arm, reason))
        if node.bind:
            self.vars[node.bind] = arm
        self._record_step(node, arm or reason)
        return dict(node.arms).get(arm or "", node.otherwise)

    def _choose(self, node: BanditNode) -> Next:
        unit = self._value(node.unit)
        features = tuple((item.name, self._value(item.value)) for item in node.features)
        able = tuple(each.name for each in node.choices if each.when is None or self._value(each.when) is True)
        first = able[0] if able else None
        fallback = None if node.otherwise else node.fallback if node.fallback in able else first
        need = Choose(node.bandit, node.unit_type, unit or "", able, features, self.decision_id, fallback, node.timeout)
        got = self._ask(need) if unit and able else fallback_of(need, "fallback")
        arm = got.value["arm"] if got.value else None
        self.picks.append((node.bandit, arm))
        self.vars[str(node.bind)] = {key: got.value[key] for key in ("arm", "probability")} if got.value else None
        self._record_step(node, arm or got.status)
        if arm is None:  # the last way that is mentioned first takes those whom no other way takes
            return node.otherwise or node.then or list(dict.fromkeys(way for _, way in node.arms))[-1]
        return node.then or dict(node.arms)[arm]

    def _cap(self, node: CapNode) -> Next:
        key, unit = self._value(node.key), self._value(node.unit)
        below = key is not None and unit is not None
        if below:
            used = self._ask(CountUses(key, unit, node.within)).value + self.used.count((key, unit))
            below = used < node.limit
            self.used += [(key, unit)] if below else []
        self._record_step(node, "below" if below else "reached")
        return node.then if below else node.otherwise

    def _call(self, node: RulesetNode) -> Next:
        items = ((item.name, self._value(item.value)) for item in node.context)
        context = {name: value for name, value in items if value is not None}
        facts = replace(self.facts, context=context)
        inner = Walk(self.program, facts, self.answer, self.assigner, self.decision_id)
        inner.segments, inner.arms, inner.picks, inner.used = self.segments, self.arms, self.picks, self.used
        found = inner.walk(self.program.rulesets[node.ruleset])
        self._record_step(node, node.ruleset, path=inner.path)
        return self._end(node, found)

    def _finish(self, node: OutputNode) -> Next:
        items = ((item.name, self._value(item.value)) for item in node.items)
        self.output = {name: value for name, value in items if value is not None}
        self._record_step(node, "output")
        return None


def rows_hit(table: TableNode, values: list[Any]) -> list[int]:
    """The rows that are hit, in the order in which they count."""
    hit = [
        index
        for index, row in enumerate(table.rows)
        if all(holds(cell, value) for cell, value in zip(row.cells, values, strict=True))
    ]
    if table.hit in {"collect", "rule_order"}:
        return hit
    if table.hit == "priority":
        hit.sort(key=lambda index: -table.rows[index].priority)
    return hit[:1]


def _aggregate(node: TableNode, kind: str, said: list[Any]) -> Any:
    collect = node.collect if node.hit == "collect" else "list"
    if collect == "sum":
        return sum(said) if kind == "integer" else float(sum(said))
    if not said:
        return None
    return said if collect == "list" else min(said) if collect == "min" else max(said)
