"""Expressions: what the text of a `when`, a cell's column or a `set` means, typed and with canonical constants.

A value that is missing is None on every path. Strings are NFC, datetimes are canonical instants (text that orders like
time), timedeltas are milliseconds, floats are finite doubles, integers have 64 bits. Every node answers `type`.
`docs/expressions.md` says what each of them yields; `engine.runtime.expressions` evaluates and emits them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from .frozen import Frozen, frozen

Kind: TypeAlias = Literal[
    "string", "float", "integer", "boolean", "datetime", "timedelta", "array", "object", "null", "any"
]
RootName: TypeAlias = Literal["profile", "context", "event", "features", "vars"]
ROOTS: tuple[RootName, ...] = ("profile", "context", "event", "features", "vars")
CompareName: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]
ArithmeticName: TypeAlias = Literal["+", "-", "*", "/", "//", "%", "**"]
FunctionName: TypeAlias = Literal[
    "length",
    "is_empty",
    "as_lower",
    "as_upper",
    "starts_with",
    "ends_with",
    "floor",
    "ceiling",
    "date",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "millisecond",
    "weekday",
    "to_epoch",
    "days",
    "total_seconds",
    "abs",
    "min",
    "max",
    "sum",
    "any",
    "all",
]


@frozen
class ValueType(Frozen):
    """The type of a value: `of` for the elements of an array, `members` (name, type) for an object.

    `normalize` and `values` are those of the declared field; `sealed` says that the field is encrypted, and how it
    may be searched. A type of kind "any" is not known when compiling.
    """

    kind: Kind
    of: ValueType | None = None
    members: tuple[tuple[str, ValueType], ...] = ()
    normalize: Literal["lowercase"] | None = None
    values: tuple[str, ...] = ()
    sealed: Literal["none", "equality"] | None = None

    def member(self, name: str) -> ValueType | None:
        """The type of an object's member, or None when it has no such member."""
        return next((member for key, member in self.members if key == name), None)

    @property
    def is_number(self) -> bool:
        """Whether it is an integer or a float."""
        return self.kind in {"integer", "float"}

    def __str__(self) -> str:
        return f"array of {self.of}" if self.of is not None else _WORDS[self.kind]


_WORDS: dict[str, str] = {
    "string": "text",
    "float": "number",
    "integer": "integer",
    "boolean": "boolean",
    "datetime": "datetime",
    "timedelta": "timedelta",
    "array": "array",
    "object": "object",
    "null": "null",
    "any": "any type",
}

STRING = ValueType("string")
FLOAT = ValueType("float")
INTEGER = ValueType("integer")
BOOLEAN = ValueType("boolean")
DATETIME = ValueType("datetime")
TIMEDELTA = ValueType("timedelta")
NULL = ValueType("null")
ANY = ValueType("any")


@frozen
class Value(Frozen):
    """A constant; None is the literal `null`."""

    value: str | int | float | bool | None
    type: ValueType


@frozen
class Name(Frozen):
    """What stands at a path below a root, for instance (`profile`, (`home`, `lat`))."""

    root: RootName
    path: tuple[str, ...]
    type: ValueType


@frozen
class Local(Frozen):
    """The element that the enclosing `Collect` looks at."""

    name: str
    type: ValueType


@frozen
class Member(Frozen):
    """A member of an object that is not reached by a path alone, for instance `profile.orders[0].sku`."""

    object: Expression
    name: str
    type: ValueType


@frozen
class Compare(Frozen):
    """Never missing: false when a side is."""

    op: CompareName
    left: Expression
    right: Expression

    @property
    def type(self) -> ValueType:
        """Always a boolean."""
        return BOOLEAN


@frozen
class IsMissing(Frozen):
    """Whether the item is missing (`x == null`)."""

    item: Expression

    @property
    def type(self) -> ValueType:
        """Always a boolean."""
        return BOOLEAN


@frozen
class Logic(Frozen):
    """Every item or some item holds; a missing item does not hold."""

    op: Literal["and", "or"]
    items: tuple[Expression, ...]

    @property
    def type(self) -> ValueType:
        """Always a boolean."""
        return BOOLEAN


@frozen
class Negation(Frozen):
    """The complement: true when the item is false or missing."""

    item: Expression

    @property
    def type(self) -> ValueType:
        """Always a boolean."""
        return BOOLEAN


@frozen
class Arithmetic(Frozen):
    """Missing when a side is, when an integer leaves 64 bits, a float its range, a datetime the years 1 to 9999."""

    op: ArithmeticName
    left: Expression
    right: Expression
    type: ValueType


@frozen
class Minus(Frozen):
    """The negative of a number or timedelta."""

    item: Expression

    @property
    def type(self) -> ValueType:
        """The item's."""
        return self.item.type


@frozen
class ToFloat(Frozen):
    """The nearest double of an integer."""

    item: Expression

    @property
    def type(self) -> ValueType:
        """Always a float."""
        return FLOAT


@frozen
class Conditional(Frozen):
    """`then` when the condition holds, else (a missing condition included) `otherwise`; both have the same type."""

    condition: Expression
    then: Expression
    otherwise: Expression
    type: ValueType


@frozen
class Coalesce(Frozen):
    """The first side unless it is missing, then the other."""

    left: Expression
    right: Expression
    type: ValueType


@frozen
class ArrayOf(Frozen):
    """A list of what its items yield; missing items are left out, and without any it is missing."""

    items: tuple[Expression, ...]
    type: ValueType


@frozen
class Contains(Frozen):
    """An element of the array equals the item, or the item is a part of the text; false when a side is missing."""

    container: Expression
    item: Expression

    @property
    def type(self) -> ValueType:
        """Always a boolean."""
        return BOOLEAN


@frozen
class Matches(Frozen):
    """The whole text has the pattern (see `engine.operators.patterns`); false when it is missing."""

    item: Expression
    pattern: str

    @property
    def type(self) -> ValueType:
        """Always a boolean."""
        return BOOLEAN


@frozen
class ItemOf(Frozen):
    """The element or character at an index (negative: from the end); missing beyond them."""

    container: Expression
    index: Expression

    @property
    def type(self) -> ValueType:
        """The elements' type; text for text."""
        return self.container.type.of or STRING


@frozen
class SliceOf(Frozen):
    """The elements or characters from `start` up to `stop`; an array without elements is missing."""

    container: Expression
    start: Expression | None = None
    stop: Expression | None = None

    @property
    def type(self) -> ValueType:
        """The container's."""
        return self.container.type


@frozen
class Call(Frozen):
    """A function or attribute of the fixed set; missing when an argument is."""

    function: FunctionName
    arguments: tuple[Expression, ...]
    type: ValueType


@frozen
class Collect(Frozen):
    """What `body` yields for each element of `source` that satisfies `condition`; bounded by the length of a list."""

    local: Local
    source: Expression
    body: Expression
    type: ValueType
    condition: Expression | None = None


@frozen
class InSegment(Frozen):
    """Whether the customer is a member."""

    segment: str

    @property
    def type(self) -> ValueType:
        """Always a boolean."""
        return BOOLEAN


@frozen
class Clock(Frozen):
    """The evaluation's `now()`."""

    @property
    def type(self) -> ValueType:
        """Always a datetime."""
        return DATETIME


Expression: TypeAlias = (
    Value
    | Name
    | Local
    | Member
    | Compare
    | IsMissing
    | Logic
    | Negation
    | Arithmetic
    | Minus
    | ToFloat
    | Conditional
    | Coalesce
    | ArrayOf
    | Contains
    | Matches
    | ItemOf
    | SliceOf
    | Call
    | Collect
    | InSegment
    | Clock
)
EXPRESSIONS: tuple[type, ...] = (
    Value,
    Name,
    Local,
    Member,
    Compare,
    IsMissing,
    Logic,
    Negation,
    Arithmetic,
    Minus,
    ToFloat,
    Conditional,
    Coalesce,
    ArrayOf,
    Contains,
    Matches,
    ItemOf,
    SliceOf,
    Call,
    Collect,
    InSegment,
    Clock,
)
