"""Rulesets that decide differently: nodes, cases, rows and shapes that were added, removed or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ...ir.graph import GraphNode, Ruleset
from ...nodes.kind import NodeKinds
from ...nodes.kinds import NODE_KINDS
from .catalogue import field_differences
from .change import Change, Detail
from .nodes import node_differences
from .sameness import find_renames, meaning, with_names


def ruleset_changes(
    before: Mapping[str, Ruleset], after: Mapping[str, Ruleset], kinds: NodeKinds = NODE_KINDS
) -> Iterator[Change]:
    """A change for each ruleset that is added, removed, renamed or decides differently."""
    names = find_renames(*({name: _meaning(ruleset) for name, ruleset in side.items()} for side in (before, after)))
    calls = {"ruleset": {was: name for name, was in names.items()}}
    before = {name: with_names(ruleset, calls) for name, ruleset in before.items()}
    old = {name: _meaning(ruleset) for name, ruleset in before.items()}
    new = {name: _meaning(ruleset) for name, ruleset in after.items()}
    for name, was in names.items():
        yield Change("routes", "renamed", f"ruleset/{name}", was=was)
    for name in sorted(new.keys() - old.keys() - names.keys()):
        yield Change("routes", "added", f"ruleset/{name}", tuple(_nodes(after[name], "+")))
    for name in sorted(old.keys() - new.keys() - set(names.values())):
        yield Change("routes", "removed", f"ruleset/{name}", tuple(_nodes(before[name], "-")))
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            details = tuple(ruleset_differences(before[name], after[name], kinds))
            yield Change("routes", "changed", f"ruleset/{name}", details)


def _meaning(ruleset: Ruleset) -> bytes:
    """The meaning of a ruleset, without its name, its derived cost and the order of its nodes."""
    nodes = ruleset.nodes[:1] + tuple(sorted(ruleset.nodes[1:], key=lambda node: node.name))
    return meaning(replace(ruleset, name="", cost=0, nodes=nodes))


def _nodes(ruleset: Ruleset, sign: str) -> Iterator[Detail]:
    for node in ruleset.nodes:
        yield Detail("+" if sign == "+" else "-", _node(node))


def _node(node: GraphNode) -> str:
    return f"{node.kind} {node.name}"


def ruleset_differences(before: Ruleset, after: Ruleset, kinds: NodeKinds = NODE_KINDS) -> Iterator[Detail]:
    """The differences between two rulesets of the same name."""
    if before.event != after.event:
        yield Detail("~", f"event {before.event or 'none'} → {after.event or 'none'}")
    for what, old, new in (("context", before.context, after.context), ("output", before.output, after.output)):
        yield from (Detail(each.sign, f"{what}.{each.text}") for each in field_differences(old, new))
    if before.start != after.start:
        yield Detail("~", f"start {before.start} → {after.start}")
    gone = {node.name: node for node in before.nodes}
    for node in after.nodes:
        was = gone.pop(node.name, None)
        if was is None:
            yield Detail("+", _node(node))
        elif meaning(was) != meaning(node):
            yield from node_differences(was, node, kinds)
    yield from (Detail("-", _node(node)) for node in gone.values())
