"""What an expression needs: its parts, the work it may cost, and the names it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from .expression import (
    EXPRESSIONS,
    ROOTS,
    ArrayOf,
    Call,
    Clock,
    Collect,
    Compare,
    Contains,
    Expression,
    InSegment,
    Matches,
    Name,
    RootName,
    SliceOf,
    Value,
)
from .frozen import Frozen, frozen
from .types import LIST_LIMIT

TEXT_WORK = 16  # a text is looked at as a whole: as dear as some comparisons, however long it may get
PATTERN_WORK = 64
_EXPRESSIONS = frozenset(EXPRESSIONS)
_MEMBERS = {cls: tuple(field.name for field in fields(cls) if field.name != "type") for cls in EXPRESSIONS}


@frozen
class Reads(Frozen):
    """Dotted paths below each root, sorted; segments asked for; whether `now()` is."""

    profile: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    vars: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    now: bool = False


def children(expression: Expression) -> Iterator[Expression]:
    """The direct parts, in the order they are written in the class."""
    for name in _MEMBERS[type(expression)]:
        part = getattr(expression, name)
        if type(part) in _EXPRESSIONS:
            yield part
        elif isinstance(part, tuple):
            yield from (item for item in part if type(item) in _EXPRESSIONS)


def parts(expression: Expression) -> Iterator[Expression]:
    """The expression and all in it, each before its own parts."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(list(children(part))))


def cost(expression: Expression) -> int:
    """An upper bound of the steps that one evaluation takes, every list taken at its longest."""
    if isinstance(expression, Collect):
        rest = [expression.body] if expression.condition is None else [expression.body, expression.condition]
        return cost(expression.source) + LIST_LIMIT * (1 + sum(cost(part) for part in rest))
    return _own_cost(expression) + sum(cost(part) for part in children(expression))


def _own_cost(expression: Expression) -> int:
    match expression:
        case Value():
            return 0
        case Contains(container) | SliceOf(container):
            return _size(container)
        case Compare(_, left, right):
            return max(_size(left), _size(right)) if left.type.kind == "array" else 1
        case Call():
            return max(_size(argument) for argument in expression.arguments)
        case Matches():
            return PATTERN_WORK
        case Name():
            return 1
    return TEXT_WORK if expression.type.kind == "string" else 1


def _size(expression: Expression) -> int:
    if expression.type.kind == "string":
        return TEXT_WORK
    if expression.type.kind != "array":
        return 1
    return len(expression.items) if isinstance(expression, ArrayOf) else LIST_LIMIT


def reads(expression: Expression) -> Reads:
    """Every name that some evaluation may read."""
    paths: dict[RootName, set[str]] = {root: set() for root in ROOTS}
    segments: set[str] = set()
    now = False
    for part in parts(expression):
        if isinstance(part, Name):
            paths[part.root].add(".".join(part.path))
        elif isinstance(part, InSegment):
            segments.add(part.segment)
        elif isinstance(part, Clock):
            now = True
    named = {root: tuple(sorted(found)) for root, found in paths.items()}
    return Reads(
        profile=named["profile"],
        context=named["context"],
        event=named["event"],
        features=named["features"],
        vars=named["vars"],
        segments=tuple(sorted(segments)),
        now=now,
    )
