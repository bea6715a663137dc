"""Cells of decision tables as authors write them, lowered to tests.

`"*"`, `-` or nothing: any value. A constant: equals. A list: one of. `">= 10"`, `"!= x"`. `"[10..20)"`. `missing` and
`exists`. `not` before any of these. Text that looks like one of these forms is written in quotes of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ...diagnostics import Finding, Sink, Span
from ...ir.cells import AnyValue, CellConstant, CellTest, Equals, Missing, Negated, OneOf, Range
from ...ir.expression import ValueType
from ...operators.values import kind_of
from ..scope import suggestion
from .cell_constants import constant_of, parse_constant
from .literals import ConstantRefusedError
from .place import DocumentValue
from .syntax import shorten

VALUES_LIMIT = 65_536  # constants of one cell, as of one `in`
ANY_VALUE = {"*", "-", ""}
PLAIN = {"string", "integer", "float", "boolean", "datetime"}
RANGED = {"integer", "float", "datetime"}

_COMPARISON = re.compile(r"(>=|<=|==|!=|<>|=>|=<|>|<|=)\s*", re.ASCII)
_OURS = {"<>": "!=", "=>": ">=", "=<": "<="}
_NOT = re.compile(r"not(\s+|(?=\[))", re.ASCII)
_ODD = re.compile(r"[<>=!~*\[\]()|&'\"]|\.\.|^not\b|\band [<>=!]")
_FORMS = (
    'write `"*"`, a constant, a list, `">= 10"`, `"[10..20)"`, `missing`, `exists`, or `not` before one of these',
    "text that looks like one of these forms stands in quotes of its own, such as `\"'> me'\"`",
)


def lower_cell(value: Any, column: ValueType, at: DocumentValue, sink: Sink) -> CellTest | None:
    """The test of a cell, or None with findings; `column` is the type of the input's expression."""
    element = column.of if column.of is not None else column
    lowering = _Lowering(element, at, sink)
    if element.kind not in PLAIN:
        lowering.refuse("T120", _value_words(value), f"is held against {column}, and columns hold plain values")
        return None
    test = lowering.list_test(value) if isinstance(value, list | tuple) else lowering.scalar(value)
    if test is None or column.sealed is None or _fits_sealed(test, column.sealed):
        return test
    allowed = "`missing` and `exists`" if column.sealed == "none" else "constants, lists, `missing` and `exists`"
    lowering.refuse("T112", _value_words(value), f"asks more of an encrypted field than it answers; it takes {allowed}")
    return None


def _fits_sealed(test: CellTest, sealed: str) -> bool:
    while isinstance(test, Negated):
        test = test.test
    return isinstance(test, AnyValue | Missing) or (sealed == "equality" and not isinstance(test, Range))


def _value_words(value: Any) -> str:
    return value if isinstance(value, str) else kind_of(value)


@dataclass(frozen=True, slots=True)
class _Text:
    """A part of the cell's text, from `start` on."""

    text: str
    start: int

    def part(self, begin: int, end: int | None = None) -> _Text:
        """Some of it, without the spaces around."""
        text = self.text[begin:end]
        return _Text(text.strip(), self.start + begin + len(text) - len(text.lstrip()))


@dataclass(frozen=True, slots=True)
class _Lowering:
    column: ValueType
    at: DocumentValue
    sink: Sink

    def refuse(self, code: str, shown: str, message: str, *help_: str, span: Span | None = None) -> None:
        """A finding that begins with a part of the cell."""
        said = f"`{shorten(shown)}` {message}"
        where = span or self.at.whole
        self.sink.add(Finding(code, said, where, help=help_, resource=self.at.resource, path=self.at.path))

    def refuse_text(self, code: str, text: _Text, message: str, *help_: str) -> None:
        """A finding about a part of the cell's text."""
        span = self.at.span(text.start, text.start + len(text.text))
        self.refuse(code, text.text, message, *help_, span=span)

    def scalar(self, value: Any) -> CellTest | None:
        """The test of a cell that is not a list."""
        if value is None:
            return AnyValue()
        if isinstance(value, str):
            text = _Text(value, 0).part(0)
            return AnyValue() if text.text in ANY_VALUE else self.text(text)
        if not isinstance(value, bool | int | float):
            self.refuse("T120", _value_words(value), "is not a cell", *_FORMS[:1])
            return None
        constant = self.constant(lambda: constant_of(value, self.column), value, self.at)
        return None if constant is None else Equals(constant)

    def list_test(self, values: list[Any] | tuple[Any, ...]) -> CellTest | None:
        """The test of a list."""
        if not values:
            self.refuse("T120", "[]", "holds no constant, so that no value would do", *_FORMS[:1])
            return None
        if len(values) > VALUES_LIMIT:
            self.refuse("T120", "a list", f"holds {len(values):,} constants; a cell holds at most {VALUES_LIMIT:,}")
            return None
        found = [_Lowering(self.column, self.at.at(index), self.sink).item(item) for index, item in enumerate(values)]
        return _one_of(found)

    def item(self, value: Any) -> CellConstant | None:
        """One constant of a list."""
        if isinstance(value, str):
            return self.word(_Text(value, 0).part(0))
        if isinstance(value, bool | int | float):
            return self.constant(lambda: constant_of(value, self.column), value, self.at)
        self.refuse("T120", _value_words(value), "is not a constant; a list in a cell holds constants")
        return None

    def text(self, text: _Text) -> CellTest | None:
        """The test that a text says."""
        if text.text in {"missing", "exists"}:
            return Missing() if text.text == "missing" else Negated(Missing())
        if negation := _NOT.match(text.text):
            return self.negated_test(text, text.part(negation.end()))
        bare = _without_quoted(text.text)
        if ".." in bare:
            return self.range(text, bare)
        if text.text.startswith("[") and text.text.endswith("]"):
            return self.bracketed_test(text, bare)
        if comparison := _COMPARISON.match(text.text):
            return self.comparison(text, comparison[1], text.part(comparison.end()))
        constant = self.word(text)
        return None if constant is None else Equals(constant)

    def negated_test(self, text: _Text, rest: _Text) -> CellTest | None:
        """The complement of what follows `not`."""
        if rest.text in ANY_VALUE:
            self.refuse_text("T120", text, "excludes every value, so that the row is never hit", *_FORMS[:1])
            return None
        test = self.text(rest)
        return test.test if isinstance(test, Negated) else None if test is None else Negated(test)

    def bracketed_test(self, text: _Text, bare: str) -> CellTest | None:
        """A list inside a text, as in `not [US, CA]`."""
        commas = [at for at, letter in enumerate(bare) if letter == ","]
        edges = [0, *commas, len(text.text) - 1]
        found = [self.word(text.part(begin + 1, end)) for begin, end in pairwise(edges)]
        return _one_of(found)

    def range(self, text: _Text, bare: str) -> CellTest | None:
        """`[a..b)`; without brackets the lower bound is included and the upper one is not."""
        opened, closed = text.text[0] in "[(", text.text[-1] in "])"
        if opened != closed or bare.count("..") > 1:
            self.refuse_text(
                "T120", text, "is not a range", "a range is written `[10..20)`: `[` and `]` include a bound"
            )
            return None
        if self.refuses_order(text):
            return None
        middle = bare.index("..")
        end = len(text.text) - 1 if closed else None
        lower = self.word(text.part(int(opened), middle))
        upper = self.word(text.part(middle + 2, end))
        if lower is None or upper is None:
            return None
        found = Range(lower, upper, not opened or text.text[0] == "[", closed and text.text[-1] == "]")
        if _is_empty(lower, upper, found):
            self.refuse_text("T122", text, "holds for no value: the lower bound must lie below the upper one")
        return found

    def comparison(self, text: _Text, sign: str, rest: _Text) -> CellTest | None:
        """`>= 10` and its like."""
        if sign in _OURS:
            self.refuse_text("T120", text, "begins with no operator of ours", f"write `{_OURS[sign]} {rest.text}`")
            return None
        if sign in {"==", "=", "!="}:
            constant = self.word(rest)
            equal = None if constant is None else Equals(constant)
            return Negated(equal) if equal is not None and sign == "!=" else equal
        bound = None if self.refuses_order(rest) else self.word(rest)
        if bound is None:
            return None
        if sign[0] == ">":
            return Range(lower=bound, lower_inclusive=sign == ">=")
        return Range(upper=bound, upper_inclusive=sign == "<=")

    def refuses_order(self, text: _Text) -> bool:
        """Whether the column's values have no order; then with a finding."""
        if self.column.kind in RANGED:
            return False
        help_ = "write the values as a list, or compare them in a `switch`"
        self.refuse_text("T120", text, f"orders {self.column}; ranges are for numbers and datetimes", help_)
        return True

    def word(self, text: _Text) -> CellConstant | None:
        """A constant inside a text."""
        quoted = len(text.text) > 1 and not _without_quoted(text.text).strip("\0")
        if not text.text or (not quoted and _ODD.search(text.text)):
            both = ("for two bounds write a range such as `[10..20)`",) if re.search(r"\band\b", text.text) else _FORMS
            self.refuse_text("T120", text, "is not a constant", *both)
            return None
        span = self.at.span(text.start, text.start + len(text.text))
        return self.constant(lambda: parse_constant(text.text, self.column), text.text, self.at, span)

    def constant(
        self, read: Callable[[], CellConstant], shown: Any, at: DocumentValue, span: Span | None = None
    ) -> CellConstant | None:
        """A canonical constant of the column's type and values."""
        word = shown if isinstance(shown, str) else str(shown).lower() if isinstance(shown, bool) else str(shown)
        where = span or at.whole
        try:
            found = read()
        except ConstantRefusedError as problem:
            self.refuse("T121", word, str(problem), *problem.help, span=where)
            return None
        if self.column.values and found not in self.column.values:
            help_ = suggestion(str(found), sorted(self.column.values), "values")
            self.refuse("T122", word, "is none of the column's values, so that no value equals it", *help_, span=where)
        return found


def _is_empty(lower: Any, upper: Any, found: Range) -> bool:
    return bool(lower > upper or (lower == upper and not (found.lower_inclusive and found.upper_inclusive)))


def _one_of(found: list[CellConstant | None]) -> CellTest | None:
    kept: dict[CellConstant, None] = {}
    for constant in found:
        if constant is None:
            return None
        kept[constant] = None
    if len(kept) == 1:
        return Equals(next(iter(kept)))
    return OneOf(tuple(sorted(kept)))


def _without_quoted(text: str) -> str:
    """The text with everything in quotes, and the quotes, put out of sight; as long as before."""
    return re.sub(r"""'[^']*'|"[^"]*\"""", lambda found: "\0" * len(found[0]), text)
