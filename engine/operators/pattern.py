"""Parts and shapes of keywords: `starts_with`, `ends_with`, `substring`, `like`; see `expression` for `matches`."""

from __future__ import annotations

from typing import Any, ClassVar

from ..ir.predicate import CoreName, Leaf, Predicate
from ..ir.types import FieldType
from . import wording
from .core import CoreOperator, Query, SqlPlace
from .patterns import MAX_LENGTH, PatternRefusedError, escape_wildcard, parse_like
from .surface import Lowering, Operand, Operator, Refused, text_of

KEYWORD: tuple[FieldType, ...] = ("keyword",)

_LIKE_TO_WILDCARD = str.maketrans({"\\": "\\\\"})
_LIKE_TO_SQL = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%", "?": "_"})


class StartsWith(CoreOperator):
    """The value begins with the constant."""

    name: ClassVar[CoreName] = "starts_with"
    types: ClassVar[tuple[FieldType, ...]] = KEYWORD

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the value begins with the constant."""
        return str(value).startswith(str(leaf.value))

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`prefix`."""
        return {"prefix": {field: leaf.value}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """`starts_with` in both dialects."""
        part = place.bind_text(str(leaf.value))
        return place.some(lambda value: f"starts_with({value}, {part})")

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`starts with ki`."""
        return _phrase(leaf, "starts with", "start with", positive=positive)


class EndsWith(CoreOperator):
    """The value ends with the constant."""

    name: ClassVar[CoreName] = "ends_with"
    types: ClassVar[tuple[FieldType, ...]] = KEYWORD

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the value ends with the constant."""
        return str(value).endswith(str(leaf.value))

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`wildcard` with the constant escaped."""
        return {"wildcard": {field: "*" + escape_wildcard(str(leaf.value))}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """`ends_with`, or a comparison of the last characters."""
        part = place.bind_text(str(leaf.value))
        if place.dialect == "duckdb":
            return place.some(lambda value: f"suffix({value}, {part})")
        return place.some(lambda value: f"right({value}, length({part})) = {part}")

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`ends with .com`."""
        return _phrase(leaf, "ends with", "end with", positive=positive)


class Substring(CoreOperator):
    """The constant is a part of the value."""

    name: ClassVar[CoreName] = "substring"
    types: ClassVar[tuple[FieldType, ...]] = KEYWORD

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the constant is a part of the value."""
        return str(leaf.value) in str(value)

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`wildcard` with the constant escaped."""
        text = escape_wildcard(str(leaf.value))
        return {"wildcard": {field: f"*{text}*" if text else "*"}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """`contains`, or a position."""
        part = place.bind_text(str(leaf.value))
        if place.dialect == "duckdb":
            return place.some(lambda value: f"contains({value}, {part})")
        return place.some(lambda value: f"strpos({value}, {part}) > 0")

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`contains the text @example`."""
        return _phrase(leaf, "contains the text", "contain the text", positive=positive)


class Like(CoreOperator):
    """The whole value fits the constant, in which `*` stands for any characters and `?` for one."""

    name: ClassVar[CoreName] = "like"
    types: ClassVar[tuple[FieldType, ...]] = KEYWORD

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the whole value fits."""
        return parse_like(str(leaf.value)).matches(str(value))

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`wildcard`, where only the backslash needs escaping."""
        return {"wildcard": {field: str(leaf.value).translate(_LIKE_TO_WILDCARD)}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        r"""`LIKE` with its own signs, the backslash escaping."""
        shape = place.bind_text(str(leaf.value).translate(_LIKE_TO_SQL))
        return place.some(lambda value: rf"{value} LIKE {shape} ESCAPE '\'")

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`looks like k*i`."""
        return _phrase(leaf, "looks like", "look like", positive=positive)


def _phrase(leaf: Leaf, verb: str, plain: str, *, positive: bool) -> str:
    quoted = wording.constant(str(leaf.value))
    if leaf.many:
        return f"has {'a' if positive else 'no'} value that {verb} {quoted}"
    return f"{verb} {quoted}" if positive else f"does not {plain} {quoted}"


def _lowering(op: CoreName) -> Lowering:
    def lower(operand: Operand, value: Any) -> Predicate | Refused:
        text = text_of(operand, value, MAX_LENGTH)
        if isinstance(text, Refused):
            return text
        if op == "like":
            try:
                parse_like(text)
            except PatternRefusedError as problem:
                return Refused(f"`value` of `{operand.path}`: {problem}")
        return operand.leaf(op, text)

    return lower


def _operator(name: CoreName, summary: str, value: str, hint: str) -> Operator:
    return Operator(
        name=name,
        family="pattern",
        applies={"keyword": "both"},
        value_schema={"type": "string", "maxLength": MAX_LENGTH},
        summary=summary,
        missing="does not hold",
        example=f"{{field: city, operator: {name}, value: {value}}}",
        lowering=_lowering(name),
        hint=hint,
    )


_WORDS_HINT = "text is compared by words: use `contains`, `contains_all` or `contains_phrase`"

CORE = (StartsWith(), EndsWith(), Substring(), Like())
SURFACE = (
    _operator("starts_with", "The value begins with the constant", "San", _WORDS_HINT),
    _operator("ends_with", "The value ends with the constant", "burg", _WORDS_HINT),
    _operator("substring", "The constant is a part of the value", "York", _WORDS_HINT),
    _operator(
        "like", "The whole value fits; `*` stands for any characters, `?` for one", '"S* Francisco"', _WORDS_HINT
    ),
)
