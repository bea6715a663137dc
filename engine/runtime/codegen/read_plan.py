"""The read plan: which answers a ruleset may need that the request alone determines, so that they are read at once.

A need is planned when its key comes from the profile, the context, the event or the clock. One whose key comes from
features, vars or segments is requested when its node is reached, which costs another trip; so are models and bandits,
whose answers cost more than a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ...ir.expression import Expression
from ...ir.expression_reads import reads
from ...ir.graph import Experiment, Ruleset
from ...nodes.kind import NodeKinds
from ...nodes.kinds import NODE_KINDS
from .writer import RulesetWriter


class PlannedRead(NamedTuple):
    """One answer that a ruleset may need, at which node (`call/node` inside another ruleset); whether it is planned."""

    node: str
    kind: str
    name: str
    planned: bool


def is_known(expression: Expression) -> bool:
    """Whether the request alone determines the value."""
    read = reads(expression)
    return not (read.features or read.vars or read.segments)


def planned_reads(
    ruleset: Ruleset,
    rulesets: Mapping[str, Ruleset],
    experiments: Mapping[str, Experiment],
    kinds: NodeKinds = NODE_KINDS,
) -> Iterator[PlannedRead]:
    """Every look-up of a ruleset and of those it calls, as `explain` shows them."""
    for node in ruleset.nodes:
        for look_up in kinds.of(node).look_ups(node, experiments):
            yield PlannedRead(node.name, look_up.kind, look_up.name, _are_known(look_up.keys))
        call = node.call()
        if call is not None:
            known = _are_known(item.value for item in call.context)
            for inner in planned_reads(rulesets[call.ruleset], rulesets, experiments, kinds):
                yield inner._replace(node=f"{node.name}/{inner.node}", planned=inner.planned and known)


def _are_known(expressions: Iterable[Expression]) -> bool:
    return all(is_known(expression) for expression in expressions)


def write_plan(writer: RulesetWriter, callee: Callable[[str], str | None]) -> list[str]:
    """The body of a function `(p, c, e, now)` that gives the planned needs; `callee` names another ruleset's plan."""
    writer.line("needs = []")
    before = len(writer.lines)
    for node in writer.ruleset.nodes:
        for look_up in writer.kinds.of(node).look_ups(node, writer.experiments):
            if _are_known(look_up.keys):
                writer.line(f"needs.append({look_up.source(writer)})")
        call = node.call()
        if call is not None and _are_known(item.value for item in call.context):
            plan = callee(call.ruleset)
            if plan is not None:
                context = writer.object((item.name, item.value) for item in call.context)
                writer.line(f"needs += {plan}(p, {context}, e, now)")
    if len(writer.lines) == before:
        return []
    writer.line("return needs")
    return writer.lines
