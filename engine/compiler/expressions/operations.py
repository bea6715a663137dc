"""Operators: comparison, logic, arithmetic, membership and patterns."""

from __future__ import annotations

from ...ir.expression import (
    DATETIME,
    FLOAT,
    INTEGER,
    STRING,
    TIMEDELTA,
    Arithmetic,
    ArithmeticName,
    ArrayOf,
    Compare,
    CompareName,
    Contains,
    Expression,
    IsMissing,
    Logic,
    Matches,
    Minus,
    Negation,
    Value,
    ValueType,
)
from ...ir.value_types import ORDERED
from ...operators.patterns import PatternRefusedError, parse
from ..scope import suggestion
from . import literals
from .agreement import as_float, beside, comparable, hint
from .calls import constant_text
from .place import Stretch
from .tree import Node
from .walk import Walk, type_words

_COMPARE: dict[str, CompareName] = {"EQ": "==", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_ARITHMETIC: dict[str, ArithmeticName] = {
    "ADD": "+",
    "SUB": "-",
    "MUL": "*",
    "TDIV": "/",
    "FDIV": "//",
    "MOD": "%",
    "POW": "**",
}


def compare(walk: Walk, node: Node) -> Expression | None:
    """`==`, `!=` and the four that order; with `null` the question whether a value is missing."""
    name, left_node, right_node = node.arguments
    op = _COMPARE[name]
    left, right = walk.lower(left_node), walk.lower(right_node)
    if left is None or right is None:
        return None
    if left.type.kind == "null" or right.type.kind == "null":
        return _null_test(walk, node, op, left, right)
    if op not in {"==", "!="} and (left.type.sealed or right.type.sealed):
        for side_node, side in ((left_node, left), (right_node, right)):
            walk.refuse_sealed(side_node, side)
        return None
    if walk.refuse_unsearchable(left_node, left) or walk.refuse_unsearchable(right_node, right):
        return None
    if not comparable(left.type, right.type):
        _mismatch(walk, node, left, right)
        return None
    if op not in {"==", "!="} and left.type.kind not in ORDERED:
        walk.note(
            "T104", node, f"orders {type_words(left.type)}; only numbers, text, datetimes and timedeltas have an order"
        )
        return None
    left, right = beside(left, right.type), beside(right, left.type)
    if op in {"==", "!="}:
        _never_equal(walk, right_node, right, left_node, left.type)
        _never_equal(walk, left_node, left, right_node, right.type)
    return walk.fold(Compare(op, left, right), node)


def _null_test(walk: Walk, node: Node, op: CompareName, left: Expression, right: Expression) -> Expression | None:
    if op not in {"==", "!="}:
        help_ = ("`x == null` asks whether `x` is missing",)
        walk.note("T104", node, "orders `null`, which has no order", help=help_)
        return None
    item = IsMissing(left if right.type.kind == "null" else right)
    return walk.fold(item if op == "==" else Negation(item), node)


def _mismatch(walk: Walk, node: Node, left: Expression, right: Expression) -> None:
    left_node, right_node = node.arguments[1], node.arguments[2]
    help_ = hint(left, right, walk.source(left_node), walk.source(right_node))
    if not help_ and node.arguments[1].kind == "CoalesceExpression":
        help_ = ("`??` binds weaker than comparisons: write `(a ?? b) == c`",)
    if left.type.kind in {"object", "any"} or right.type.kind in {"object", "any"}:
        odd = left if left.type.kind in {"object", "any"} else right
        odd_node = left_node if odd is left else right_node
        walk.note("T104", odd_node, f"is {type_words(odd.type)}, which is not compared; name one of its members")
        return
    message = f"compares {type_words(left.type)} with {type_words(right.type)}; both sides need one type"
    walk.note("T104", node, message, help=help_)


def _never_equal(walk: Walk, node: Node, constant: Expression, other: Node, declared: ValueType) -> None:
    """A warning where a constant is not a declared value, or not a whole number where an integer is expected."""
    if not isinstance(constant, Value):
        return
    if declared.values and constant.value not in declared.values:
        help_ = suggestion(str(constant.value), sorted(declared.values), "values")
        walk.note(
            "T109", node, f"is none of the values of `{walk.source(other)}`, so the two are never equal", help=help_
        )
    elif declared.kind == "integer" and isinstance(constant.value, float) and not constant.value.is_integer():
        walk.note("T109", node, f"is not a whole number and `{walk.source(other)}` is, so the two are never equal")


def logic(walk: Walk, node: Node) -> Expression | None:
    """`and` and `or`; a chain of one of them is one node."""
    op = "and" if node.arguments[0] == "AND" else "or"
    links = [node]
    while isinstance(left := links[-1].arguments[1], Node) and _continues(left, node):
        links.append(left)
    sides = [links[-1].arguments[1], *(link.arguments[2] for link in reversed(links))]
    items = [walk.condition(side) for side in sides]
    kept: list[Expression] = []
    for item in items:
        if item is None:
            return None
        kept.extend(item.items if isinstance(item, Logic) and item.op == op else (item,))
    return walk.fold(Logic("and" if op == "and" else "or", tuple(kept)), node)


def _continues(left: Node, node: Node) -> bool:
    return left.kind == "LogicExpression" and left.arguments[0] == node.arguments[0]


def unary(walk: Walk, node: Node) -> Expression | None:
    """`not` and the minus sign."""
    name, item_node = node.arguments
    if name == "NOT":
        item = walk.condition(item_node)
        return None if item is None else walk.fold(Negation(item), node)
    if item_node.kind == "FloatExpression":
        return walk.constant(node, lambda: literals.number(item_node.arguments[0], negative=True))
    found = walk.value(item_node)
    if found is None:
        return None
    if not found.type.is_number and found.type.kind != "timedelta":
        walk.note("T104", item_node, f"is {type_words(found.type)}; a minus sign takes a number or a timedelta")
        return None
    return walk.fold(Minus(found), node)


def arithmetic(walk: Walk, node: Node) -> Expression | None:
    """`+ - * / // % **` on numbers, `+` on text, `+ -` on datetimes and timedeltas."""
    name, left_node, right_node = node.arguments
    op = _ARITHMETIC[name]
    left, right = walk.value(left_node), walk.value(right_node)
    if left is None or right is None:
        return None
    result = _result(op, left, right)
    if result is None:
        message = f"applies `{op}` to {type_words(left.type)} and {type_words(right.type)}"
        walk.note("T104", node, message, help=_arithmetic_hint(op, left, right))
        return None
    if result == FLOAT and op != "/":
        left = as_float(left) if isinstance(left, Value) else left
        right = as_float(right) if isinstance(right, Value) else right
    return walk.fold(Arithmetic(op, left, right, result), node)


def _result(op: ArithmeticName, left: Expression, right: Expression) -> ValueType | None:
    kinds = (left.type.kind, right.type.kind)
    if left.type.is_number and right.type.is_number:
        whole = kinds == ("integer", "integer") and op != "/"
        if op == "**" and not (isinstance(right, Value) and isinstance(right.value, int) and right.value >= 0):
            whole = False  # a negative exponent leaves the integers
        return INTEGER if whole else FLOAT
    return _RESULTS.get((op, *kinds))


_RESULTS: dict[tuple[str, ...], ValueType] = {
    ("+", "string", "string"): STRING,
    ("+", "datetime", "timedelta"): DATETIME,
    ("+", "timedelta", "datetime"): DATETIME,
    ("+", "timedelta", "timedelta"): TIMEDELTA,
    ("-", "datetime", "datetime"): TIMEDELTA,
    ("-", "datetime", "timedelta"): DATETIME,
    ("-", "timedelta", "timedelta"): TIMEDELTA,
}


def _arithmetic_hint(op: str, left: Expression, right: Expression) -> tuple[str, ...]:
    kinds = {left.type.kind, right.type.kind}
    if "datetime" in kinds and kinds & {"integer", "float"} and op in {"+", "-"}:
        return ('a stretch of time is written `t"P30D"` or `t"PT12H"`',)
    return ()


def contains(walk: Walk, node: Node) -> Expression | None:
    """`in`: an element of an array, or a part of a text."""
    container_node, item_node = node.arguments
    if container_node.kind == "ArrayExpression" and container_node.arguments[0]:
        return _one_of(walk, container_node, item_node)
    container, item = walk.value(container_node), walk.value(item_node)
    if container is None or item is None:
        return None
    element = STRING if container.type.kind == "string" else container.type.of
    if element is None:
        walk.note("T104", container_node, f"is {type_words(container.type)}; `in` looks into an array or a text")
        return None
    if not comparable(element, item.type):
        walk.note("T104", item_node, f"is {type_words(item.type)}, and `{walk.source(container_node)}` holds {element}")
        return None
    declared = container.type if container.type.kind == "string" else element
    item = beside(item, declared)
    if container.type.kind == "array":
        _never_equal(walk, item_node, item, container_node, declared)
    return walk.fold(Contains(container, item), node)


def _one_of(walk: Walk, node: Node, item_node: Node) -> Expression | None:
    """`in` a written list: its constants take the form of the item, each for itself."""
    item = walk.lower(item_node)
    found = [walk.value(element_node) for element_node in node.arguments[0]]
    if item is None or walk.refuse_unsearchable(item_node, item):
        return None
    elements: list[Expression] = []
    for element_node, element in zip(node.arguments[0], found, strict=True):
        if element is None:
            return None
        if not comparable(element.type, item.type):
            message = f"is {type_words(element.type)}, and `{walk.source(item_node)}` is {type_words(item.type)}"
            walk.note("T104", element_node, message)
            return None
        elements.append(beside(element, item.type))
        _never_equal(walk, element_node, elements[-1], item_node, item.type)
    return Contains(ArrayOf(tuple(elements), ValueType("array", of=ValueType(item.type.kind))), item)


def matches(walk: Walk, node: Node) -> Expression | None:
    """`=~` and `!~`: the whole text has the pattern, or has it not; both are false for a missing text."""
    name, item_node, pattern_node = node.arguments
    item = walk.value(item_node)
    pattern = walk.lower(pattern_node)
    if item is None or pattern is None:
        return None
    if item.type.kind != "string":
        walk.note("T104", item_node, f"is {type_words(item.type)}; patterns are for text")
        return None
    text = constant_text(pattern)
    if text is None:
        walk.note("T107", pattern_node, "is not a constant; a pattern is written out, so that it can be checked")
        return None
    try:
        parse(text)
    except PatternRefusedError as problem:
        walk.note(
            "T107", _inside(walk, pattern_node, text, problem.position), f"is not a pattern of `matches`: {problem}"
        )
        return None
    found = Matches(item, text)
    if name == "EQ_FZM":
        return walk.fold(found, node)
    if isinstance(item, Value):
        return walk.fold(Negation(found), node)
    return Logic("and", (Negation(IsMissing(item)), Negation(found)))


def _inside(walk: Walk, node: Node, text: str, position: int) -> Stretch:
    """The character of a pattern that is refused; the whole pattern where escapes or prefixes hide it."""
    if walk.text[node.start + 1 : node.end - 1] != text or position >= len(text):
        return Stretch(node.start, node.end)
    return Stretch(node.start + 1 + position, node.start + 2 + position)
