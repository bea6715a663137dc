"""Words in text and elements in lists: `contains`, `contains_all`, `contains_phrase`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from ..ir.predicate import AllOf, CoreName, Leaf, Predicate
from ..ir.types import FieldType
from . import wording
from .core import CoreOperator, Query, SqlPlace
from .equality import same, scalar
from .membership import constants_of
from .surface import Operand, Operator, Refused, constant_of
from .text import MAX_QUERY_TOKENS, contains_phrase, token_set, tokens

MENTIONED_LIMIT: Final = 256  # values of one `contains_all` on a list


class Contains(CoreOperator):
    """Text: some token of the constant is a token of the value. A list of keywords: an element is the constant."""

    name: ClassVar[CoreName] = "contains"
    types: ClassVar[tuple[FieldType, ...]] = ("text", "keyword")

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the texts share a token, or the element is the constant."""
        if leaf.type == "keyword":
            return same(value, leaf.value)
        return not token_set(value).isdisjoint(token_set(str(leaf.value)))

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`match` in its short form."""
        return {"match": {field: leaf.value}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """An overlap with the tokens, or a look into the array."""
        if leaf.type == "keyword":
            return place.one_of((scalar(leaf),))
        return place.any_word(_tokens(leaf))

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`includes vip`, `mentions one of jazz, blues`."""
        if leaf.type == "keyword":
            return f"{'includes' if positive else 'does not include'} {wording.constant(scalar(leaf))}"
        words = _tokens(leaf)
        if len(words) == 1:
            return f"{'mentions' if positive else 'does not mention'} {wording.constant(words[0])}"
        return f"mentions {'one' if positive else 'none'} of {wording.one_of(words)}"


class ContainsAll(CoreOperator):
    """Every token of the constant is a token of the value."""

    name: ClassVar[CoreName] = "contains_all"
    types: ClassVar[tuple[FieldType, ...]] = ("text",)

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the value has all tokens of the constant."""
        return token_set(str(leaf.value)) <= token_set(value)

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`match` with `operator: and`."""
        return {"match": {field: {"query": leaf.value, "operator": "and"}}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """Containment in the tokens."""
        return place.every_word(_tokens(leaf))

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`mentions all of jazz, blues`."""
        words = _tokens(leaf)
        if len(words) == 1:
            return f"{'mentions' if positive else 'does not mention'} {wording.constant(words[0])}"
        return f"{'mentions' if positive else 'does not mention'} all of {wording.one_of(words)}"


class ContainsPhrase(CoreOperator):
    """The constant's tokens stand next to each other, in their order, among the value's."""

    name: ClassVar[CoreName] = "contains_phrase"
    types: ClassVar[tuple[FieldType, ...]] = ("text",)

    def holds(self, leaf: Leaf, value: Any, now_ms: int) -> bool:  # noqa: ARG002 - one signature for all
        """Whether the value has the constant's tokens in a row."""
        return contains_phrase(tokens(value), tokens(str(leaf.value)))

    def elasticsearch(self, leaf: Leaf, field: str) -> Query:
        """`match_phrase`."""
        return {"match_phrase": {field: leaf.value}}

    def sql(self, leaf: Leaf, place: SqlPlace) -> str:
        """A look for the joined tokens among the joined tokens; no token holds a blank."""
        words = place.bind_text(f" {' '.join(tokens(str(leaf.value)))} ")
        joined = f"(' ' || array_to_string({place.tokens()}, ' ') || ' ')"
        return f"contains({joined}, {words})" if place.dialect == "duckdb" else f"strpos({joined}, {words}) > 0"

    def english(self, leaf: Leaf, *, positive: bool) -> str:
        """`mentions the phrase “free jazz”`."""
        return f"{'mentions' if positive else 'does not mention'} the phrase {wording.quotation(str(leaf.value))}"


def _tokens(leaf: Leaf) -> tuple[str, ...]:
    """The constant's tokens in the order written, each once."""
    return tuple(dict.fromkeys(tokens(str(leaf.value))))


def _analyse(operand: Operand, value: Any) -> str | Refused:
    constant = constant_of(operand, value)
    if isinstance(constant, Refused):
        return constant
    text = str(constant)
    count = len(tokens(text))
    if count == 0:
        return Refused(f"`value` of `{operand.path}` has no words, expected text with at least one letter or digit")
    if count > MAX_QUERY_TOKENS:
        return Refused(f"`value` of `{operand.path}` has {count:,} words, expected at most {MAX_QUERY_TOKENS}")
    return text


def _contains(operand: Operand, value: Any) -> Predicate | Refused:
    constant = constant_of(operand, value) if operand.field.type == "keyword" else _analyse(operand, value)
    return constant if isinstance(constant, Refused) else operand.leaf("contains", constant)


def _contains_all(operand: Operand, value: Any) -> Predicate | Refused:
    if operand.field.type == "text":
        text = _analyse(operand, value)
        return text if isinstance(text, Refused) else operand.leaf("contains_all", text)
    constants = constants_of(operand, value)
    if isinstance(constants, Refused):
        return constants
    if len(constants) > MENTIONED_LIMIT:
        message = f"`value` of `{operand.path}` has {len(constants):,} values, expected at most {MENTIONED_LIMIT}"
        return Refused(message)
    leaves = tuple(operand.leaf("equals", constant) for constant in constants)
    return leaves[0] if len(leaves) == 1 else AllOf(leaves)


def _contains_phrase(operand: Operand, value: Any) -> Predicate | Refused:
    text = _analyse(operand, value)
    return text if isinstance(text, Refused) else operand.leaf("contains_phrase", text)


CORE = (Contains(), ContainsAll(), ContainsPhrase())
SURFACE = (
    Operator(
        name="contains",
        family="text_match",
        applies={"text": "both", "keyword": "list"},
        value_schema={"type": "string"},
        summary="Text: some word of the constant is a word of the value. A list: an element is the constant",
        missing="does not hold",
        example="{field: tags, operator: contains, value: vip}",
        lowering=_contains,
        hint="a keyword is compared whole: use `equals`, or `substring` for a part of it",
    ),
    Operator(
        name="contains_all",
        family="text_match",
        applies={"text": "scalar", "keyword": "list"},
        value_schema={
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MENTIONED_LIMIT},
            ]
        },
        summary="Text: every word of the constant is a word of the value. A list: each constant is an element",
        missing="does not hold",
        example="{field: tags, operator: contains_all, value: [vip, beta]}",
        lowering=_contains_all,
        hint="it applies to text that is not a list and to lists of keywords",
    ),
    Operator(
        name="contains_phrase",
        family="text_match",
        applies={"text": "scalar"},
        value_schema={"type": "string"},
        summary="The words of the constant stand next to each other, in this order, in the value",
        missing="does not hold",
        example="{field: bio, operator: contains_phrase, value: free jazz}",
        lowering=_contains_phrase,
        hint="it applies to text that is not a list; use `substring` on a keyword",
    ),
)
