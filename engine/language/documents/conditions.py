"""Conditions: leaves, groups, references, same-element groups and behaviour, told apart by the key they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from ...ir.types import AggregateName
from ...operators.registry import OPERATORS
from ...shapes.base import Maybe, Shape, Some, Value, at_most_one, exactly_one
from ...shapes.choice import by_key, by_kind
from ...shapes.forms import Duration, FieldPath, Name, Word

OPERATOR_WORDS = {name: f"{operator.summary}." for name, operator in OPERATORS.items()}

FOREIGN = {
    "==": "equals",
    "=": "equals",
    "eq": "equals",
    "is": "equals",
    "!=": "not_equals",
    "<>": "not_equals",
    "ne": "not_equals",
    "neq": "not_equals",
    "is_not": "not_equals",
    ">": "greater_than",
    "gt": "greater_than",
    "greater": "greater_than",
    "more_than": "greater_than",
    "bigger_than": "greater_than",
    "after": "greater_than",
    ">=": "greater_or_equal",
    "at_least": "greater_or_equal",
    "gte": "greater_or_equal",
    "ge": "greater_or_equal",
    "<": "less_than",
    "lt": "less_than",
    "less": "less_than",
    "smaller_than": "less_than",
    "before": "less_than",
    "<=": "less_or_equal",
    "at_most": "less_or_equal",
    "lte": "less_or_equal",
    "le": "less_or_equal",
    "nin": "not_in",
    "one_of": "in",
    "range": "between",
    "regex": "matches",
    "regexp": "matches",
    "wildcard": "like",
    "glob": "like",
    "prefix": "starts_with",
    "suffix": "ends_with",
    "includes": "contains",
    "has": "contains",
    "is_null": "missing",
    "is_empty": "missing",
    "is_set": "exists",
    "not_null": "exists",
    "in_last": "within_last",
    "near": "within_distance",
}
"""What other languages call an operator, for the suggestion alone."""

INCLUSIVE = {"lower": "The lower bound is in, the upper is not.", "both": "Both bounds are in."}


class Comparison(Shape):
    """An operator and what it compares with."""

    operator: Annotated[str, Word(OPERATOR_WORDS, FOREIGN)] = Field(
        description="How it compares.", examples=["greater_than"]
    )
    value: Maybe[Value] = Field(
        default=None, description="What it compares with; `exists` and `missing` have none.", examples=[1000]
    )
    inclusive: Maybe[Annotated[str, Word(INCLUSIVE)]] = Field(default=None, description="The bounds of `between`.")
    timezone: Maybe[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default=None, description="For calendar units: whose days are meant; by default the workspace's."
    )


class OfProfileField(Shape):
    """The field that a leaf is about."""

    field: FieldPath = Field(description="The profile field, dotted within an object.", examples=["lifetime_value"])


class OfEventField(Shape):
    """The field that an aggregate is of."""

    field: FieldPath = Field(description="The event field, or `time`.", examples=["amount"])


class Leaf(Comparison, OfProfileField):
    """One test of one profile field."""


class FieldComparison(Comparison, OfEventField):
    """An operator on an aggregate of one event field."""


class AllOf(Shape):
    """Every condition holds."""

    items: Some[Condition] = Field(alias="all", description="Conditions that must all hold.")


class AnyOf(Shape):
    """At least one condition holds."""

    items: Some[Condition] = Field(alias="any", description="Conditions of which one must hold.")


class NotOf(Shape):
    """The condition does not hold."""

    item: Condition = Field(alias="not", description="The condition that must not hold.")


class SegmentReference(Shape):
    """What another segment says."""

    segment: Name = Field(description="The name of a segment; its conditions are meant.")


class ListReference(Shape):
    """Being a member of a list."""

    list: Name = Field(description="The name of a `MemberList`.")


class ElementGroup(Shape):
    """Conditions that one element of a list of objects must meet together."""

    rules: ClassVar[Mapping[str, Any]] = exactly_one("all", "any", "not")

    of: FieldPath = Field(description="The list of objects.", examples=["orders"])
    all: Maybe[Some[Condition]] = Field(default=None, description="All hold for one element; fields are its own.")
    any: Maybe[Some[Condition]] = Field(default=None, description="One of them holds for some element.")
    not_: Maybe[Condition] = Field(default=None, alias="not", description="It does not hold for some element.")

    @model_validator(mode="after")
    def _one_group(self) -> ElementGroup:
        given = [key for key, value in (("all", self.all), ("any", self.any), ("not", self.not_)) if value is not None]
        if len(given) != 1:
            raise _not_one(given, ("all", "any", "not"), least=1)
        return self

    @property
    def items(self) -> tuple[Condition, ...]:
        """The conditions of the group, whichever it is."""
        alone = () if self.not_ is None else (self.not_,)
        return self.all or self.any or alone


class ElementCondition(Shape):
    """Some element of a list of objects meets conditions together."""

    element: ElementGroup = Field(description="The list, and what one element must meet.")


class SequenceStep(Shape):
    """One event in a sequence."""

    type: Name = Field(description="The event type.")
    where: Maybe[Conditions] = Field(default=None, description="What the event's fields must meet.")
    within: Maybe[Duration] = Field(default=None, description="At most this long after the step before.")


MEASURES = ("count", "sum", "min", "max", "avg", "first", "last", "distinct", "did_not", "sequence")
"""The keys of `events`, of which at most one may be given; without any, one such event is enough."""


class EventsGroup(Shape):
    """What must be true of a customer's events; without a measure, that there is at least one."""

    rules: ClassVar[Mapping[str, Any]] = {
        **at_most_one(MEASURES),
        "if": {"required": ["sequence"]},
        "then": {"properties": {"type": False, "where": False}},
        "else": {"required": ["type"]},
    }

    type: Maybe[Name] = Field(default=None, description="The event type.", examples=["purchase"])
    where: Maybe[Conditions] = Field(default=None, description="Which events count, by their own fields.")
    within: Maybe[Duration] = Field(default=None, description="Only events of this much time up to now.")
    count: Maybe[Comparison] = Field(
        default=None, description="How many there are.", examples=[{"operator": "greater_or_equal", "value": 3}]
    )
    sum: Maybe[FieldComparison] = Field(
        default=None,
        description="The sum of a field.",
        examples=[{"field": "amount", "operator": "greater_than", "value": 100}],
    )
    min: Maybe[FieldComparison] = Field(default=None, description="The smallest value of a field.")
    max: Maybe[FieldComparison] = Field(default=None, description="The largest value of a field.")
    avg: Maybe[FieldComparison] = Field(default=None, description="The mean of a field.")
    first: Maybe[FieldComparison] = Field(default=None, description="The field of the earliest event that has it.")
    last: Maybe[FieldComparison] = Field(default=None, description="The field of the latest event that has it.")
    distinct: Maybe[FieldComparison] = Field(default=None, description="How many different values a field has.")
    did_not: Maybe[Literal[True]] = Field(default=None, description="`true`: there is no such event.")
    sequence: Maybe[Annotated[Some[SequenceStep], Field(min_length=2, max_length=16)]] = Field(
        default=None, description="Events that happened in this order; instead of `type` and `where`."
    )

    @property
    def measure(self) -> str | None:
        """The key that says what is measured, or None: at least one event."""
        return next(iter(self._given_keys()), None)

    @property
    def aggregate(self) -> tuple[AggregateName, Comparison] | tuple[None, None]:
        """The aggregate that is compared, by name and with its comparison; twice None where there is none."""
        comparisons: dict[AggregateName, Comparison | None] = {
            "count": self.count,
            "sum": self.sum,
            "min": self.min,
            "max": self.max,
            "avg": self.avg,
            "first": self.first,
            "last": self.last,
            "distinct": self.distinct,
        }
        return next(((name, each) for name, each in comparisons.items() if each is not None), (None, None))

    def _given_keys(self) -> Iterator[str]:
        return (key for key in MEASURES if getattr(self, key) is not None)

    @model_validator(mode="after")
    def _one_measure(self) -> EventsGroup:
        given = list(self._given_keys())
        if len(given) > 1:
            raise _not_one(given, MEASURES, least=0)
        if self.sequence is None and self.type is None:
            raise PydanticCustomError("missing", "`type` is missing", {"key": "type"})
        if self.sequence is not None and (self.type is not None or self.where is not None):
            extra = "type" if self.type is not None else "where"
            raise _not_one([extra, "sequence"], (extra, "sequence"), least=0)
        return self


class EventsCondition(Shape):
    """Something about what a customer did."""

    events: EventsGroup = Field(description="The events, and what must be true of them.")


_KEYS = {
    "field": "<leaf>",
    "operator": "<leaf>",
    "all": "<all>",
    "any": "<any>",
    "not": "<not>",
    "segment": "<segment>",
    "list": "<list>",
    "element": "<element>",
    "events": "<events>",
}

Condition: TypeAlias = Annotated[
    Annotated[Leaf, Tag("<leaf>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[NotOf, Tag("<not>")]
    | Annotated[SegmentReference, Tag("<segment>")]
    | Annotated[ListReference, Tag("<list>")]
    | Annotated[ElementCondition, Tag("<element>")]
    | Annotated[EventsCondition, Tag("<events>")],
    by_key("Condition", _KEYS, "a condition, as {field: …, operator: …}"),
]


Conditions: TypeAlias = Annotated[
    Annotated[Some[Condition], Tag("<conditions>")] | Annotated[Condition, Tag("<condition>")],
    by_kind("Conditions", "a list of conditions, or one condition", many="<conditions>", mapping="<condition>"),
]
"""A list, of which all must hold, or one condition."""


def _not_one(given: list[str], keys: tuple[str, ...], *, least: int) -> PydanticCustomError:
    context = {"given": ", ".join(given), "keys": ", ".join(keys), "least": least}
    return PydanticCustomError("not_one", "one of {keys}", context)


for _shape in (AllOf, AnyOf, NotOf, ElementGroup, ElementCondition, SequenceStep, EventsGroup, EventsCondition):
    _shape.model_rebuild()
