"""How the nodes of a ruleset hang together: names that lead nowhere, circles, nodes that nothing leads to, an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..diagnostics import Path
from ..nodes.shape import NodeShape, Way
from .report import Report
from .scope import suggestion

NODE_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Order:
    """Nodes that are reached, each before those it leads to; and for each the nodes it is reached from."""

    names: tuple[str, ...]
    before: Mapping[str, tuple[str, ...]]
    sound: bool


def order_nodes(start: str, nodes: Mapping[str, NodeShape], report: Report) -> Order:
    """The order of evaluation; what is wrong with the names is reported."""
    names = sorted(nodes)
    sound = len(nodes) <= NODE_LIMIT
    if not sound:
        message = f"`nodes` has {len(nodes):,} nodes; a ruleset has at most {NODE_LIMIT:,}"
        report.at_key("G015", ("nodes",), message, help=("move a part into a ruleset of its own",))
    edges: dict[str, list[Way]] = {}
    for name, shape in nodes.items():
        edges[name] = []
        for target, path in shape.ways():
            if target in nodes:
                edges[name].append((target, path))
            else:
                sound = False
                help_ = suggestion(target, names, "nodes")
                report.add("G001", ("nodes", name, *path), f"`{target}` is not a node of this ruleset", help=help_)
    if start not in nodes:
        report.add(
            "G001", ("start",), f"`{start}` is not a node of this ruleset", help=suggestion(start, names, "nodes")
        )
        return Order((), {}, sound=False)
    finished, circles = _finishing_order(start, edges)
    for name, path, circle in circles:
        shown = circle if len(circle) < 10 else [*circle[:4], "…", *circle[-4:]]
        way = " → ".join(f"`{each}`" for each in shown)
        report.add("G002", ("nodes", name, *path), f"`{name}` leads back to itself: {way}", label="closes the circle")
    reached = tuple(reversed(finished))
    for name in nodes:
        if name not in reached:
            help_ = ("delete it, or lead to it from a node that is reached",)
            report.at_key("G003", ("nodes", name), f"`{name}` is never reached from `{start}`", help=help_)
    return Order(reached, _before(reached, edges), sound and not circles)


def _finishing_order(
    start: str, edges: Mapping[str, Sequence[Way]]
) -> tuple[list[str], list[tuple[str, Path, list[str]]]]:
    """Nodes in the order in which a depth-first walk leaves them, and the edges that close a circle."""
    finished: list[str] = []
    circles: list[tuple[str, Path, list[str]]] = []
    entered: dict[str, None] = {start: None}
    open_nodes: dict[str, None] = {start: None}
    stack = [(start, iter(reversed(edges[start])))]
    while stack:
        name, pending = stack[-1]
        way = next(pending, None)
        if way is None:
            stack.pop()
            del open_nodes[name]
            finished.append(name)
            continue
        target, path = way
        if target in open_nodes:
            chain = list(open_nodes)
            circles.append((name, path, [*chain[chain.index(target) :], target]))
        elif target not in entered:
            entered[target] = open_nodes[target] = None
            stack.append((target, iter(reversed(edges[target]))))
    return finished, circles


def _before(reached: Sequence[str], edges: Mapping[str, Sequence[Way]]) -> dict[str, tuple[str, ...]]:
    places = {name: place for place, name in enumerate(reached)}
    before: dict[str, dict[str, None]] = {name: {} for name in reached}
    for name in reached:
        for target, _ in edges[name]:
            if places[name] < places[target]:
                before[target][name] = None
    return {name: tuple(each) for name, each in before.items()}


def way_without(target: str, order: Order, setters: frozenset[str]) -> list[str] | None:
    """A way from the start to a node that passes none of some nodes; None when every way passes one."""
    cleared: dict[str, list[str]] = {}
    for name in order.names:
        if not order.before[name]:
            cleared[name] = [name]
        else:
            earlier = next((each for each in order.before[name] if each in cleared and each not in setters), None)
            if earlier is not None:
                cleared[name] = [*cleared[earlier], name]
        if name == target:
            return cleared.get(name)
    return None
