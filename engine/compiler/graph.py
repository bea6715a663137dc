"""Rulesets: from a document's nodes to a typed graph in topological order.

What is written as a mapping comes out in the order of names, so that equal meaning gives equal values.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..diagnostics import Sink
from ..ir.graph import GraphNode, Ruleset
from ..ir.graph_cost import COST_LIMIT, ruleset_cost
from ..language.document import Document
from ..language.documents.ruleset import RulesetDocument
from ..nodes.lowering import field_of
from ..nodes.shape import NodeShape
from .graph_flow import Known, merge
from .graph_order import Order, order_nodes
from .node_lowering import Around, NodeLowering, Shapes, Surroundings
from .report import Report


def lower_ruleset(document: Document, around: Around, sink: Sink) -> Ruleset | None:
    """The ruleset of a document, or None with findings."""
    model = document.read_as(RulesetDocument)
    report = Report(document.resource, document.yaml.spans, sink)
    event = _event(model.event, around, report)
    order = order_nodes(model.start, model.nodes, report)
    context = tuple(field_of(name, shape) for name, shape in sorted(model.context.items()))
    output = tuple(field_of(name, shape) for name, shape in sorted(model.output.items()))
    surroundings = Surroundings(document, around, Shapes(context, output, event), order, sink)
    nodes = _lower_nodes(model.nodes, order, surroundings)
    if nodes is None or not order.sound or (model.event is not None and event is None):
        return None
    cost = ruleset_cost(nodes, {name: each.cost for name, each in around.rulesets.items()})
    if cost > COST_LIMIT:
        message = f"`{document.name}` may take {cost:,} steps for one decision; a ruleset takes at most {COST_LIMIT:,}"
        report.add("G014", ("name",), message, help=("look at long lists once, in a `set` node",))
        return None
    return Ruleset(document.name, context, output, nodes, event, cost)


def _event(name: str | None, around: Around, report: Report) -> str | None:
    if name is None or around.scope.catalogue.event(name) is not None:
        return name
    if not around.scope.has("EventType", name):
        help_ = around.scope.suggestion("EventType", name)
        report.add("G004", ("event",), f"`{name}` is not an event type of this workspace", help=help_)
    return None


def _lower_nodes(shapes: Mapping[str, NodeShape], order: Order, around: Surroundings) -> tuple[GraphNode, ...] | None:
    """Every node that is reached, in order; None when one of them has findings."""
    vars_after: dict[str, Known] = {}
    views_after: dict[str, Known] = {}
    setters: dict[str, set[str]] = {}
    nodes: list[GraphNode] = []
    for name in order.names:
        before = order.before[name]
        known = merge([vars_after[each] for each in before])
        views = merge([views_after[each] for each in before])
        lowering = NodeLowering(around, name, known, views, setters)
        lowered = around.around.nodes.lower(shapes[name], lowering)
        vars_after[name] = known.having(lowered.vars)
        views_after[name] = views.having(lowered.features)
        for made in (*(f"vars.{each}" for each in lowered.vars), *(f"features.{each}" for each in lowered.features)):
            setters.setdefault(made, set()).add(name)
        if lowered.node is not None and not lowering.failed:
            nodes.append(lowered.node)
    return tuple(nodes) if len(nodes) == len(order.names) and nodes else None
