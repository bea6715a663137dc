"""`matches`: regular expressions of the small published grammar of `patterns`, read alike by every engine."""

from __future__ import annotations

from typing import Any, ClassVar

from ..ir.predicate import CoreName, Leaf, Predicate
from ..ir.types import FieldType
from .core import CoreOperator, Query, SqlPlace, Unsupported
from .equality import scalar
from .pattern import KEYWORD
from .patterns import MAX_LENGTH, PatternRefusedError, parse
from .postgres_pattern import postgres
from .surface import Operand, Operator, Refused, text_of


class Matches(CoreOperator):
    """The whole value matches the regular expression."""

    name: ClassVar[CoreName] = "matches"
    types: ClassVar[tuple[FieldType, ...]] = KEYWORD

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the whole value matches."""
        return parse(str(scalar(leaf))).matches(str(value))

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`regexp` without optional syntax."""
        return {"regexp": {field: {"value": parse(str(scalar(leaf))).lucene(), "flags": "NONE"}}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str | Unsupported:
        """DuckDB's RE2, where the dot matches a line break; PostgreSQL's own expressions."""
        pattern = parse(str(scalar(leaf)))
        if place.dialect == "duckdb":
            text = place.bind_text(pattern.re2())
            return place.some(lambda value: f"regexp_full_match({value}, {text}, 's')")
        own = postgres(pattern.tree)
        if isinstance(own, Unsupported):
            return own
        text = place.bind_text(own)
        return place.some(lambda value: f"{value} ~ {text}")

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`matches the pattern [A-Z]{2}`."""
        quoted = f"the pattern {leaf.value}"
        if leaf.many:
            return f"has {'a' if positive else 'no'} value that matches {quoted}"
        return f"matches {quoted}" if positive else f"does not match {quoted}"


def _matches(operand: Operand, value: Any) -> Predicate | Refused:
    text = text_of(operand, value, MAX_LENGTH)
    if isinstance(text, Refused):
        return text
    try:
        parse(text)
    except PatternRefusedError as problem:
        return Refused(f"`value` of `{operand.path}`: {problem}")
    return operand.leaf("matches", text)


CORE = (Matches(),)
SURFACE = (
    Operator(
        name="matches",
        family="expression",
        applies={"keyword": "both"},
        value_schema={"type": "string", "maxLength": MAX_LENGTH},
        summary="The whole value matches the regular expression, of a small grammar that all engines read alike",
        missing="does not hold",
        example='{field: sku, operator: matches, value: "[A-Z]{2}[0-9]+"}',
        lowering=_matches,
        hint="text is compared by words: use `contains`, `contains_all` or `contains_phrase`",
    ),
)
