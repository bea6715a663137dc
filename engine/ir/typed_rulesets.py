"""Rulesets held against their types: what each node reads was declared or set before, and is of the type it says.

So a ruleset that came out of a file decides, whatever facts that fit the catalogue it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from .codec import DecodeError
from .expression import Name, ValueType
from .expression_reads import cost
from .graph import GraphNode, Makes, Ruleset
from .graph_cost import COST_LIMIT, EXPRESSION_COST_LIMIT, ruleset_cost
from .program import Program
from .typed import Typing
from .value_types import event_type, member_type, object_type, profile_type, stands_for

Types: TypeAlias = dict[str, dict[ValueType, None]]
"""By name, the types that its value may have."""


def check_types(program: Program) -> None:
    """Nothing for a program whose rulesets are sound. Raises DecodeError."""
    costs: dict[str, int] = {}
    for name in _in_calling_order(program):
        ruleset = program.rulesets[name]
        _Ruleset(program, ruleset).check()
        costs[name] = ruleset_cost(ruleset.nodes, costs)
        if costs[name] > COST_LIMIT:
            raise DecodeError(f"ruleset `{name}` is damaged: one decision may take more steps than any may")


def _in_calling_order(program: Program) -> list[str]:
    """The rulesets, each behind those that it calls. Raises DecodeError where they call in a ring, or nobody."""
    found: dict[str, None] = {}
    open_names: list[str] = []

    def visit(name: str, caller: str) -> None:
        if name in open_names:
            raise DecodeError(f"ruleset `{name}` is damaged: it calls itself")
        if name not in program.rulesets:
            raise DecodeError(f"ruleset `{caller}` is damaged: it calls `{name}`, which is not there")
        if name in found:
            return
        open_names.append(name)
        for node in program.rulesets[name].nodes:
            if (call := node.call()) is not None:
                visit(call.ruleset, name)
        open_names.pop()
        found[name] = None

    for name in program.rulesets:
        visit(name, name)
    return list(found)


class _Ruleset:
    """One ruleset, gone through in the order of its nodes, with what every way to a node may have set."""

    def __init__(self, program: Program, ruleset: Ruleset) -> None:
        self._program = program
        self._ruleset = ruleset
        self._output = object_type(ruleset.output)
        self._facts: dict[str, ValueType] = {
            "profile": profile_type(program.catalogue),
            "context": object_type(ruleset.context),
        }
        self._vars: dict[str, Types] = {node.name: {} for node in ruleset.nodes}
        self._views: dict[str, Types] = {node.name: {} for node in ruleset.nodes}

    def check(self) -> None:
        """Nothing for a sound ruleset. Raises DecodeError."""
        if self._ruleset.event is not None:
            event = self._program.catalogue.event(self._ruleset.event)
            if event is None:
                raise self._damage("the event that it decides about is not declared")
            self._facts["event"] = event_type(self._program.catalogue, event)
        for node in self._ruleset.nodes:
            self._node(node)

    def _node(self, node: GraphNode) -> None:
        makes = node.makes(lambda name: object_type(self._program.rulesets[name].output))
        seen = _join(self._vars[node.name], makes.vars)
        views = _join(self._views[node.name], makes.features)

        def known(name: Name) -> Iterable[ValueType] | None:
            if name.root in {"vars", "features"}:
                return _below(seen if name.root == "vars" else views, name.path)
            root = self._facts.get(name.root)
            found = None if root is None else member_type(root, name.path)
            return None if found is None else [found]

        typing = Typing(known)
        for expression in node.expressions():
            if not typing.holds(expression):
                raise self._damage(f"an expression of `{node.name}` is not of the type that it says")
            if cost(expression) > EXPRESSION_COST_LIMIT:
                raise self._damage(f"an expression of `{node.name}` may take more steps than any may")
        self._check_call(node)
        self._check_decision(node, makes)
        for way in node.ways():
            _spread(seen, self._vars[way])
            _spread(views, self._views[way])

    def _check_call(self, node: GraphNode) -> None:
        call = node.call()
        if call is None:
            return
        other = self._program.rulesets[call.ruleset]
        wanted = dict(object_type(other.context).members)
        if other.event not in {None, self._ruleset.event}:
            raise self._damage(f"`{node.name}` calls a ruleset that decides about another event")
        if not all(item.name in wanted and stands_for(item.value.type, wanted[item.name]) for item in call.context):
            raise self._damage(f"`{node.name}` hands over a context of another type")

    def _check_decision(self, node: GraphNode, makes: Makes) -> None:
        wanted = dict(self._output.members)
        for name, kind in (makes.decision or {}).items():
            if name not in wanted or not stands_for(kind, wanted[name]):
                raise self._damage(f"`{node.name}` decides a field that is not an output, or has another type")

    def _damage(self, what: str) -> DecodeError:
        return DecodeError(f"ruleset `{self._ruleset.name}` is damaged: {what}")


def _join(known: Types, made: Mapping[str, ValueType]) -> Types:
    """What is known behind a node; the node's own expressions may meet either."""
    return {**known, **{name: {**known.get(name, {}), kind: None} for name, kind in made.items()}}


def _spread(known: Types, there: Types) -> None:
    """Add what is known behind a node to what is known at one that it leads to."""
    for name, kinds in known.items():
        there[name] = {**there.get(name, {}), **kinds}


def _below(known: Types, path: tuple[str, ...]) -> list[ValueType] | None:
    """The types that the value at a path may have; None where one of them has nothing there."""
    if not path:
        return None
    found = [member_type(kind, path[1:]) for kind in known.get(path[0], {})]
    sure = [kind for kind in found if kind is not None]
    return sure if len(sure) == len(found) else None
