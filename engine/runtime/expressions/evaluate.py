"""The reference: evaluates an expression by walking it. Tests compare generated code with it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from ...ir.expression import (
    Arithmetic,
    ArrayOf,
    Call,
    Clock,
    Coalesce,
    Collect,
    Compare,
    Conditional,
    Contains,
    Expression,
    InSegment,
    IsMissing,
    ItemOf,
    Local,
    Logic,
    Matches,
    Member,
    Minus,
    Name,
    Negation,
    SliceOf,
    ToFloat,
    Value,
)
from . import instants, texts
from .facts import Facts
from .functions import SPANS, function_of, number_operation
from .numbers import negate_number, to_float

END = 2**63 - 1  # beyond the end of every list and text
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Locals = Mapping[str, Any]


def evaluate_expression(expression: Expression, facts: Facts) -> Any:
    """The value over these facts; None when it is missing."""
    return _evaluate(expression, facts, {})


def _evaluate(expression: Expression, facts: Facts, local: Locals) -> Any:
    return _RULES[type(expression)](expression, facts, local)


def _value(expression: Value, _facts: Facts, _local: Locals) -> Any:
    return expression.value


def _name(expression: Name, facts: Facts, _local: Locals) -> Any:
    found: Any = getattr(facts, expression.root)
    for step in expression.path:
        found = None if found is None else found.get(step)
    return found


def _local(expression: Local, _facts: Facts, local: Locals) -> Any:
    return local[expression.name]


def _member(expression: Member, facts: Facts, local: Locals) -> Any:
    found = _evaluate(expression.object, facts, local)
    return None if found is None else found.get(expression.name)


def _compare(expression: Compare, facts: Facts, local: Locals) -> bool:
    left, right = (_evaluate(side, facts, local) for side in (expression.left, expression.right))
    return left is not None and right is not None and _COMPARE[expression.op](left, right)


def _is_missing(expression: IsMissing, facts: Facts, local: Locals) -> bool:
    return _evaluate(expression.item, facts, local) is None


def _logic(expression: Logic, facts: Facts, local: Locals) -> bool:
    held = (_evaluate(item, facts, local) is True for item in expression.items)
    return all(held) if expression.op == "and" else any(held)


def _negation(expression: Negation, facts: Facts, local: Locals) -> bool:
    return _evaluate(expression.item, facts, local) is not True


def _arithmetic(expression: Arithmetic, facts: Facts, local: Locals) -> Any:
    left, right = (_evaluate(side, facts, local) for side in (expression.left, expression.right))
    kind = expression.type.kind
    if kind == "string":
        return texts.join(left, right)
    if kind in {"integer", "float"}:
        return number_operation(expression)(left, right)
    left = instants.milliseconds(left) if expression.left.type.kind == "datetime" else left
    right = instants.milliseconds(right) if expression.right.type.kind == "datetime" else right
    span = SPANS[expression.op](left, right)
    return instants.instant_of(span) if kind == "datetime" else span


def _minus(expression: Minus, facts: Facts, local: Locals) -> Any:
    item = _evaluate(expression.item, facts, local)
    return instants.negate_span(item) if expression.type.kind == "timedelta" else negate_number(item)


def _to_float(expression: ToFloat, facts: Facts, local: Locals) -> Any:
    return to_float(_evaluate(expression.item, facts, local))


def _conditional(expression: Conditional, facts: Facts, local: Locals) -> Any:
    held = _evaluate(expression.condition, facts, local) is True
    return _evaluate(expression.then if held else expression.otherwise, facts, local)


def _coalesce(expression: Coalesce, facts: Facts, local: Locals) -> Any:
    left = _evaluate(expression.left, facts, local)
    return _evaluate(expression.right, facts, local) if left is None else left


def _array_of(expression: ArrayOf, facts: Facts, local: Locals) -> Any:
    return texts.array_of(*(_evaluate(item, facts, local) for item in expression.items))


def _contains(expression: Contains, facts: Facts, local: Locals) -> bool:
    container, item = (_evaluate(side, facts, local) for side in (expression.container, expression.item))
    return container is not None and item is not None and item in container


def _matches(expression: Matches, facts: Facts, local: Locals) -> bool:
    item = _evaluate(expression.item, facts, local)
    return item is not None and texts.matcher(expression.pattern)(item)


def _item_of(expression: ItemOf, facts: Facts, local: Locals) -> Any:
    return texts.item_of(*(_evaluate(side, facts, local) for side in (expression.container, expression.index)))


def _slice_of(expression: SliceOf, facts: Facts, local: Locals) -> Any:
    start = 0 if expression.start is None else _evaluate(expression.start, facts, local)
    stop = END if expression.stop is None else _evaluate(expression.stop, facts, local)
    return texts.slice_of(_evaluate(expression.container, facts, local), start, stop)


def _call(expression: Call, facts: Facts, local: Locals) -> Any:
    return function_of(expression)(*(_evaluate(argument, facts, local) for argument in expression.arguments))


def _collect(expression: Collect, facts: Facts, local: Locals) -> Any:
    found = []
    for element in _evaluate(expression.source, facts, local) or ():
        inner = {**local, expression.local.name: element}
        if expression.condition is None or _evaluate(expression.condition, facts, inner) is True:
            found.append(_evaluate(expression.body, facts, inner))
    return texts.array_of(*found)


def _in_segment(expression: InSegment, facts: Facts, _local: Locals) -> bool:
    return facts.member(expression.segment)


def _clock(_expression: Clock, facts: Facts, _local: Locals) -> str:
    return facts.now


_RULES: dict[type, Callable[..., Any]] = {
    Value: _value,
    Name: _name,
    Local: _local,
    Member: _member,
    Compare: _compare,
    IsMissing: _is_missing,
    Logic: _logic,
    Negation: _negation,
    Arithmetic: _arithmetic,
    Minus: _minus,
    ToFloat: _to_float,
    Conditional: _conditional,
    Coalesce: _coalesce,
    ArrayOf: _array_of,
    Contains: _contains,
    Matches: _matches,
    ItemOf: _item_of,
    SliceOf: _slice_of,
    Call: _call,
    Collect: _collect,
    InSegment: _in_segment,
    Clock: _clock,
}
