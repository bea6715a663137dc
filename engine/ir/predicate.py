"""Predicates: what a segment means, once names are resolved and constants are canonical.

A predicate is two-valued: a positive leaf on a missing value is false and `Not` is plain complement. Surface operators
are lowered to the few core operators of `Leaf`; see `engine.operators`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from .frozen import Frozen, frozen
from .types import AggregateName, FieldType


@frozen
class Now(Frozen):
    """An instant relative to the evaluation's `now`, bound when a predicate is evaluated.

    unit "ms": `amount` milliseconds after now (negative: before).
    unit "days", "months": the start of the local day in `zone` that lies `amount` days or months from today.
    """

    amount: int = 0
    unit: Literal["ms", "days", "months"] = "ms"
    zone: str = "UTC"


@frozen
class Bounds(Frozen):
    """A range; an absent side is unbounded. Dates are canonical instants or `Now`."""

    lower: int | float | str | Now | None = None
    upper: int | float | str | Now | None = None
    lower_inclusive: bool = True
    upper_inclusive: bool = True


@frozen
class Anniversary(Frozen):
    """Today to `days` ahead in `zone`, compared by month and day; 29 February counts on 28 in common years."""

    days: int
    zone: str = "UTC"


@frozen
class Circle(Frozen):
    """All points within `metres` of a centre, by haversine on a sphere of radius 6,371,008.7714 m."""

    lat: float
    lon: float
    metres: float


Scalar: TypeAlias = str | int | float | bool
LeafValue: TypeAlias = "Scalar | tuple[Scalar, ...] | Now | Bounds | Anniversary | Circle | None"
CoreName: TypeAlias = Literal[
    "equals",
    "in",
    "range",
    "contains",
    "contains_all",
    "contains_phrase",
    "starts_with",
    "ends_with",
    "substring",
    "like",
    "matches",
    "exists",
    "anniversary_within",
    "within_distance",
]


@frozen
class Leaf(Frozen):
    """A core operator on one field: a dotted path, relative inside `Element` and `Events`; `many` says it is a list."""

    field: str
    op: CoreName
    value: LeafValue = None
    type: FieldType = "keyword"
    many: bool = False


@frozen
class Constant(Frozen):
    """Always or never."""

    value: bool


@frozen
class AllOf(Frozen):
    """Every item holds."""

    items: tuple[Predicate, ...]


@frozen
class AnyOf(Frozen):
    """Some item holds."""

    items: tuple[Predicate, ...]


@frozen
class Not(Frozen):
    """The complement."""

    item: Predicate


@frozen
class Element(Frozen):
    """Some element of the list of objects `of` satisfies `item`, whose fields are relative to the element."""

    of: str
    item: Predicate


@frozen
class InList(Frozen):
    """The profile's key is a member of the MemberList `list`."""

    list: str


@frozen
class Events(Frozen):
    """An aggregate over the customer's events satisfies `test`, a predicate over the one pseudo field `value`.

    Events count when they are of `type`, satisfy `where` (fields relative to the event's data), are not after now and,
    with `within`, not before that bound. Of no events, count, sum and distinct are 0; the other aggregates are missing.
    """

    type: str
    aggregate: AggregateName
    test: Predicate
    field: str | None = None
    where: Predicate | None = None
    within: Now | None = None


@frozen
class Step(Frozen):
    """One step of a sequence: an event of `type` satisfying `where`, at most `within` ms after the previous step's."""

    type: str
    where: Predicate | None = None
    within: int | None = None


@frozen
class EventSequence(Frozen):
    """Events matching the steps in order (each strictly later in event order), all inside the window `within`."""

    steps: tuple[Step, ...]
    within: Now | None = None


Predicate: TypeAlias = Constant | AllOf | AnyOf | Not | Leaf | Element | InList | Events | EventSequence
