"""Constants, lists and what is taken from them, and the choice between values."""

from __future__ import annotations

from ...ir.expression import (
    BOOLEAN,
    FLOAT,
    NULL,
    ROOTS,
    ArrayOf,
    Coalesce,
    Collect,
    Conditional,
    Expression,
    ItemOf,
    Local,
    SliceOf,
    Value,
    ValueType,
)
from ...ir.value_types import SCALARS
from . import literals
from .agreement import as_float, unify
from .scope import FUNCTIONS
from .tree import Node
from .walk import Walk, type_words


def number(walk: Walk, node: Node) -> Expression | None:
    """A number."""
    return walk.constant(node, lambda: literals.number(node.arguments[0]))


def string(walk: Walk, node: Node) -> Expression | None:
    """A text."""
    return walk.constant(node, lambda: literals.string(node.arguments[0]))


def instant(walk: Walk, node: Node) -> Expression | None:
    """A datetime."""
    return walk.constant(node, lambda: literals.instant(node.arguments[0]))


def span(walk: Walk, node: Node) -> Expression | None:
    """A timedelta."""
    return walk.constant(node, lambda: literals.span(node.arguments[0]))


def boolean(_walk: Walk, node: Node) -> Expression | None:
    """`true` or `false`."""
    return Value(node.arguments[0] is True, BOOLEAN)


def null(_walk: Walk, _node: Node) -> Expression | None:
    """`null`."""
    return Value(None, NULL)


def array(walk: Walk, node: Node) -> Expression | None:
    """A list of values of one type."""
    item_nodes: tuple[Node, ...] = node.arguments[0]
    if not item_nodes:
        help_ = ("`x == null` asks whether a list is empty or missing",)
        walk.note("T104", node, "holds nothing, and an empty list is missing", help=help_)
        return None
    found = [walk.value(item_node) for item_node in item_nodes]
    items: list[Expression] = []
    for item_node, item in zip(item_nodes, found, strict=True):
        if item is None:
            return None
        if item.type.kind not in SCALARS:
            walk.note("T104", item_node, f"is {type_words(item.type)}; a list holds plain values")
            return None
        if items and unify(items[0], item) is None:
            message = f"is {type_words(item.type)}, and the list begins with {type_words(items[0].type)}"
            walk.note("T104", item_node, message)
            return None
        items.append(item)
    if any(item.type.kind == "float" for item in items):
        return ArrayOf(tuple(as_float(item) for item in items), ValueType("array", of=FLOAT))
    return ArrayOf(tuple(items), ValueType("array", of=ValueType(items[0].type.kind)))


def item_of(walk: Walk, node: Node) -> Expression | None:
    """`x[0]`."""
    container_node, index_node = node.arguments
    container, index = _container(walk, container_node), walk.value(index_node)
    if container is None or index is None or not _whole(walk, index_node, index):
        return None
    return walk.fold(ItemOf(container, index), node) if isinstance(container, Value) else ItemOf(container, index)


def slice_of(walk: Walk, node: Node) -> Expression | None:
    """`x[0:2]`, either side optional."""
    container_node, start_node, stop_node = node.arguments
    container = _container(walk, container_node)
    sides: list[Expression | None] = []
    failed = container is None
    for side_node in (start_node, stop_node):
        side = None if side_node is None else walk.value(side_node)
        failed = failed or (side_node is not None and (side is None or not _whole(walk, side_node, side)))
        sides.append(side)
    return None if failed or container is None else SliceOf(container, *sides)


def _container(walk: Walk, node: Node) -> Expression | None:
    found = walk.value(node)
    if found is not None and found.type.kind not in {"array", "string"}:
        walk.note("T104", node, f"is {type_words(found.type)}; only an array or a text has elements")
        return None
    return found


def _whole(walk: Walk, node: Node, index: Expression) -> bool:
    if index.type.kind == "integer":
        return True
    walk.note("T104", node, f"is {type_words(index.type)}; an index is an integer")
    return False


def conditional(walk: Walk, node: Node) -> Expression | None:
    """`condition ? then : otherwise`."""
    condition_node, then_node, otherwise_node = node.arguments
    condition = walk.condition(condition_node)
    then, otherwise = walk.value(then_node), walk.value(otherwise_node)
    if condition is None or then is None or otherwise is None:
        return None
    both = unify(then, otherwise)
    if both is None:
        message = f"chooses between {type_words(then.type)} and {type_words(otherwise.type)}; both need one type"
        walk.note("T104", node, message)
        return None
    return walk.fold(Conditional(condition, *both), node)


def coalesce(walk: Walk, node: Node) -> Expression | None:
    """`x ?? y`."""
    left_node, right_node = node.arguments
    left, right = walk.value(left_node), walk.value(right_node)
    if left is None or right is None:
        return None
    both = unify(left, right)
    if both is None:
        help_: tuple[str, ...] = ()
        if right_node.kind in {"ComparisonExpression", "ArithmeticComparisonExpression", "ContainsExpression"}:
            help_ = ("`??` binds weaker than comparisons: write `(a ?? b) == c`",)
        message = f"falls back from {type_words(left.type)} to {type_words(right.type)}; both need one type"
        walk.note("T104", node, message, help=help_)
        return None
    return walk.fold(Coalesce(*both), node)


def comprehension(walk: Walk, node: Node) -> Expression | None:
    """`[body for name in source if condition]`, not inside another one."""
    body_node, name, source_node = node.arguments[:3]
    if walk.locals:
        walk.note("T106", node, "stands inside another `for`; lists are gone through once, so that the work is bounded")
        return None
    if name in ROOTS or name in FUNCTIONS:
        walk.note("T106", node, f"gives the name `{name}` to an element, which hides the one there is")
        return None
    source = walk.value(source_node)
    if source is None:
        return None
    if source.type.of is None:
        walk.note("T104", source_node, f"is {type_words(source.type)}; `for` goes through an array")
        return None
    local = Local(name, source.type.of)
    walk.locals[name] = local
    body = walk.value(body_node)
    condition = walk.condition(node.arguments[3]) if len(node.arguments) > 3 else None
    del walk.locals[name]
    if body is None or (len(node.arguments) > 3 and condition is None):
        return None
    if body.type.kind not in SCALARS:
        walk.note("T104", body_node, f"is {type_words(body.type)}; a list holds plain values")
        return None
    return Collect(local, source, body, ValueType("array", of=body.type), condition)
