"""The reference interpreter: walks a ruleset node by node, as the language describes it, without any generated code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.experiments import assign
from engine.ir.expression import Expression
from engine.ir.graph import (
    BanditNode,
    CapNode,
    ExperimentNode,
    FeaturesNode,
    GraphNode,
    ModelNode,
    OutputNode,
    Ruleset,
    RulesetNode,
    SetNode,
    SwitchNode,
    TableNode,
)
from engine.ir.program import Program
from engine.nodes.table.meaning import holds
from engine.runtime.expressions import Facts, evaluate_expression
from engine.runtime.needs import Choose, CountUses, Got, Need, Predict, ReadFeatures, Recall, accepted, fallback_of

Next = str | None


def pick(table: TableNode, values: list[Any]) -> list[int]:
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


@dataclass(slots=True)
class Walker:
    """One walk through one ruleset."""

    program: Program
    facts: Facts
    answer: Callable[[Need], Got]
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
        """The output."""
        nodes = {node.name: node for node in ruleset.nodes}
        at: Next = ruleset.start
        while at is not None:
            at = self._step(nodes[at])
        assert self.output is not None
        return self.output

    def _value(self, expression: Expression) -> Any:
        def member(segment: str) -> bool:
            self.segments[segment] = self.facts.member(segment)
            return self.segments[segment]

        return evaluate_expression(
            expression, replace(self.facts, vars=self.vars, features=self.features, member=member)
        )

    def _went(self, node: GraphNode, outcome: str, **more: Any) -> None:
        self.path.append({"node": node.name, "outcome": outcome, **more})

    def _ask(self, need: Need) -> Got:
        return accepted(need, self.answer(need))

    def _step(self, node: GraphNode) -> Next:
        return _STEPS[type(node)](self, node)

    def switch(self, node: SwitchNode) -> Next:
        target = next((case.then for case in node.cases if self._value(case.when) is True), node.otherwise)
        self._went(node, target)
        return target

    def table(self, node: TableNode) -> Next:
        hit = pick(node, [self._value(item.value) for item in node.inputs])
        several = node.hit in {"collect", "rule_order"}
        rows = [node.rows[index].values for index in hit]
        found: dict[str, Any] = {}
        for place, column in enumerate(node.outputs):
            said = [values[place] for values in rows if values[place] is not None]
            if node.hit == "collect" and node.collect == "count":
                found[column.name] = len(rows)
            else:
                found[column.name] = _folded(node, column.type, said) if several else next(iter(said), None)
        noun = "rows" if len(hit) > 1 else "row"
        self._went(node, f"{noun} {', '.join(str(index + 1) for index in hit)}" if hit else "no row")
        if not hit and node.otherwise is not None:
            return node.otherwise
        return self._end(node, {name: value for name, value in found.items() if value is not None})

    def _end(self, node: TableNode | RulesetNode, found: dict[str, Any]) -> Next:
        if node.then is None:
            self.output = found
            return None
        self.vars[str(node.bind)] = found
        return node.then

    def set(self, node: SetNode) -> Next:
        for item in node.items:
            self.vars[item.name] = self._value(item.value)
        self._went(node, "set")
        return node.then

    def read(self, node: FeaturesNode) -> Next:
        outcome = "ok"
        for each in node.reads:
            view, entity = each.view, self._value(each.entity)
            got = Got({}, "fallback")
            if entity is not None:
                need = ReadFeatures(view.name, view.entity, entity, view.defaults, view.timeout)
                got = self._ask(need)
                if not all(type(value) is int for value in got.value.values()) or not set(got.value) <= {"visits"}:
                    got = fallback_of(need, "error")
            self.features[view.name] = {**dict(view.defaults), **got.value}
            outcome = got.status if got.status != "ok" else outcome
        self._went(node, outcome)
        return node.then

    def score(self, node: ModelNode) -> Next:
        inputs = tuple((item.name, self._value(item.value)) for item in node.inputs)
        need = Predict(node.model.name, node.model.version, inputs, ("score",), node.model.fallback, node.timeout)
        got = fallback_of(need, "fallback") if (None in [value for _, value in inputs]) else self._ask(need)
        if type(got.value.get("score")) is not float or set(got.value) != {"score"}:
            got = fallback_of(need, "error")
        self.vars[node.bind] = got.value
        self._went(node, got.status)
        return node.then

    def split(self, node: ExperimentNode) -> Next:
        experiment = self.program.experiments[node.experiment]
        unit = self._value(node.unit)
        kept = self._ask(Recall(node.experiment, experiment.unit, unit)).value if experiment.sticky and unit else None
        arm, reason, _ = assign(experiment, unit, self.facts.now, kept)
        self.arms.append((node.experiment, arm, reason))
        if node.bind:
            self.vars[node.bind] = arm
        self._went(node, arm or reason)
        return dict(node.arms).get(arm or "", node.otherwise)

    def choose(self, node: BanditNode) -> Next:
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
        self._went(node, arm or got.status)
        if arm is None:  # the last way that is mentioned first takes those whom no other way takes
            return node.otherwise or node.then or list(dict.fromkeys(way for _, way in node.arms))[-1]
        return node.then or dict(node.arms)[arm]

    def cap(self, node: CapNode) -> Next:
        key, unit = self._value(node.key), self._value(node.unit)
        below = key is not None and unit is not None
        if below:
            used = self._ask(CountUses(key, unit, node.within)).value + self.used.count((key, unit))
            below = used < node.limit
            self.used += [(key, unit)] if below else []
        self._went(node, "below" if below else "reached")
        return node.then if below else node.otherwise

    def call(self, node: RulesetNode) -> Next:
        items = ((item.name, self._value(item.value)) for item in node.context)
        context = {name: value for name, value in items if value is not None}
        inner = Walker(self.program, replace(self.facts, context=context), self.answer, self.decision_id)
        inner.segments, inner.arms, inner.picks, inner.used = self.segments, self.arms, self.picks, self.used
        found = inner.walk(self.program.rulesets[node.ruleset])
        self._went(node, node.ruleset, path=inner.path)
        return self._end(node, found)

    def finish(self, node: OutputNode) -> Next:
        items = ((item.name, self._value(item.value)) for item in node.items)
        self.output = {name: value for name, value in items if value is not None}
        self._went(node, "output")
        return None


def _folded(node: TableNode, kind: str, said: list[Any]) -> Any:
    collect = node.collect if node.hit == "collect" else "list"
    if collect == "sum":
        return sum(said) if kind == "integer" else float(sum(said))
    if not said:
        return None
    return said if collect == "list" else min(said) if collect == "min" else max(said)


_STEPS: Mapping[type, Callable[[Walker, Any], Next]] = {
    SwitchNode: Walker.switch,
    TableNode: Walker.table,
    SetNode: Walker.set,
    FeaturesNode: Walker.read,
    ModelNode: Walker.score,
    ExperimentNode: Walker.split,
    BanditNode: Walker.choose,
    RulesetNode: Walker.call,
    CapNode: Walker.cap,
    OutputNode: Walker.finish,
}
