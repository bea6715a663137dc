"""Expressions held against their types: whatever an expression meets when it runs, no operation meets a wrong value.

The compiler makes sure of this for what authors write. What comes out of a file says of every expression which type it
has; here each is held against what it is made of, and each name against what is declared or was set before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeAlias, assert_never

from .expression import (
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
    Kind,
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
    ValueType,
)
from .instant import InstantError, canonical_instant
from .value_types import ORDERED, SCALARS, member_type, stands_for

Known: TypeAlias = Callable[[Name], Iterable[ValueType] | None]
"""The types that the value of a name may have, none where it is always missing; None for a name that is not there."""

_NUMBERS: frozenset[Kind] = frozenset({"integer", "float"})
_PYTHON: Mapping[Kind, type] = {
    "string": str,
    "float": float,
    "integer": int,
    "boolean": bool,
    "datetime": str,
    "timedelta": int,
    "null": type(None),
}
_OF_TEXT = ("length", "is_empty", "as_lower", "as_upper", "starts_with", "ends_with")
_OF_DATETIMES = ("date", "year", "month", "day", "hour", "minute", "second", "millisecond", "weekday", "to_epoch")
_RESULTS: Mapping[str, Kind] = {
    **dict.fromkeys(("is_empty", "starts_with", "ends_with", "any", "all"), "boolean"),
    **dict.fromkeys(("as_lower", "as_upper", "weekday"), "string"),
    **dict.fromkeys(("to_epoch", "total_seconds"), "float"),
    "date": "datetime",
}
"""What a function yields: an integer where it is not here, the argument's own type for the four of numbers."""
_OF_OWN_TYPE = ("abs", "min", "max", "sum")
_OPERATIONS: Mapping[Kind, frozenset[str]] = {
    "string": frozenset("+"),
    "integer": frozenset({"+", "-", "*", "//", "%", "**"}),
    "float": frozenset({"+", "-", "*", "/", "//", "%", "**"}),
    "datetime": frozenset("+-"),
    "timedelta": frozenset("+-"),
}


@dataclass(frozen=True, slots=True)
class Typing:
    """What an expression may name; `elements` are those of the lists that are being gone through."""

    known: Known
    elements: Mapping[str, ValueType] = field(default_factory=dict)

    def holds(self, expression: Expression) -> bool:
        """Whether the expression, and all that it is made of, has the type that it says."""
        inside = self
        if isinstance(expression, Collect):
            inside = replace(self, elements={**self.elements, expression.local.name: expression.local.type})
            if not self.holds(expression.source):
                return False
        return all(inside.holds(each) for each in _inside(expression)) and self._fits(expression)

    def _fits(self, expression: Expression) -> bool:  # noqa: C901, PLR0911, PLR0912 - one answer for each kind of expression
        match expression:
            case Value(value, kind):
                return _is_value(value, kind)
            case Name():
                types = self.known(expression)
                return types is not None and all(stands_for(each, expression.type) for each in types)
            case Local(name, kind):
                return name in self.elements and stands_for(self.elements[name], kind)
            case Member(owner, name, kind):
                found = member_type(owner.type, [name])
                return found is not None and stands_for(found, kind)
            case Compare(op, left, right):
                return op in {"==", "!="} or _have_an_order(left.type, right.type)
            case Contains(container, item):
                text = container.type.kind == item.type.kind == "string"
                return text or (container.type.kind == "array" and item.type.kind in SCALARS)
            case Matches(item):
                return item.type.kind == "string"
            case Arithmetic():
                return _is_arithmetic(expression)
            case Minus(item):
                return item.type.kind in _NUMBERS | {"timedelta"}
            case ToFloat(item):
                return item.type.kind in _NUMBERS
            case Conditional(_, then, otherwise) | Coalesce(then, otherwise):
                return stands_for(then.type, expression.type) and stands_for(otherwise.type, expression.type)
            case ArrayOf(items, kind):
                return kind.of is not None and all(stands_for(item.type, kind.of) for item in items)
            case ItemOf(container, index):
                return _has_places(container, index)
            case SliceOf(container, start, stop):
                return _has_places(container, *(each for each in (start, stop) if each is not None))
            case Call():
                return _is_call(expression)
            case Collect(local, source, body, kind):
                element = source.type.of
                gone_through = element is not None and stands_for(element, local.type)
                return gone_through and kind.of is not None and stands_for(body.type, kind.of)
            case IsMissing() | Logic() | Negation() | InSegment() | Clock():
                return True
            case _:
                assert_never(expression)


def _inside(expression: Expression) -> Iterable[Expression]:  # noqa: PLR0911 - as above
    """The expressions directly inside, the source of a `Collect` aside: it does not see the element."""
    match expression:
        case Value() | Name() | Local() | InSegment() | Clock():
            return ()
        case Member(owner):
            return (owner,)
        case Compare(_, left, right) | Arithmetic(_, left, right) | Coalesce(left, right):
            return (left, right)
        case Logic(_, items) | ArrayOf(items) | Call(_, items):
            return items
        case IsMissing(item) | Negation(item) | Minus(item) | ToFloat(item) | Matches(item):
            return (item,)
        case Conditional(condition, then, otherwise):
            return (condition, then, otherwise)
        case Contains(container, item) | ItemOf(container, item):
            return (container, item)
        case SliceOf(container, start, stop):
            return [each for each in (container, start, stop) if each is not None]
        case Collect(_, _, body, _, condition):
            return (body,) if condition is None else (condition, body)
        case _:
            assert_never(expression)


def _is_value(value: object, kind: ValueType) -> bool:
    if type(value) is not _PYTHON.get(kind.kind):
        return False
    return kind.kind != "datetime" or is_instant(value)


@cache
def is_instant(value: object) -> bool:
    """Whether a value is a canonical instant."""
    try:
        return isinstance(value, str) and canonical_instant(value) == value
    except InstantError:
        return False


def _have_an_order(left: ValueType, right: ValueType) -> bool:
    kinds = {left.kind, right.kind}
    return kinds <= ORDERED and (len(kinds) == 1 or kinds <= _NUMBERS)


def _is_arithmetic(expression: Arithmetic) -> bool:
    kind, sides = expression.type.kind, {expression.left.type.kind, expression.right.type.kind}
    if expression.op not in _OPERATIONS.get(kind, ()):
        return False
    if kind in {"string", "integer"}:
        return sides == {kind}
    return sides <= (_NUMBERS if kind == "float" else {"datetime", "timedelta"})


def _has_places(container: Expression, *places: Expression) -> bool:
    return container.type.kind in {"array", "string"} and all(each.type.kind == "integer" for each in places)


def _is_call(call: Call) -> bool:
    name, kinds = call.function, [each.type.kind for each in call.arguments]
    if len(kinds) != (2 if name in {"starts_with", "ends_with"} else 1):
        return False
    own = call.arguments[0].type
    if name in _OF_OWN_TYPE:
        number = own if name == "abs" else own.of
        return number is not None and number.kind in _NUMBERS and call.type.kind == number.kind
    if call.type.kind != _RESULTS.get(name, "integer"):
        return False
    if name in {"any", "all"}:
        return own.of is not None and own.of.kind == "boolean"
    if name in _OF_TEXT:
        return set(kinds) == {"string"} or (name == "length" and kinds == ["array"])
    if name in _OF_DATETIMES:
        return kinds == ["datetime"]
    return kinds[0] in _NUMBERS if name in {"floor", "ceiling"} else kinds == ["timedelta"]
