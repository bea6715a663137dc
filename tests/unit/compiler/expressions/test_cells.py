"""Cells: what they are lowered to, and which values they hold for."""

from __future__ import annotations

from typing import Any

import pytest

from engine.compiler.expressions import DocumentValue, lower_cell
from engine.diagnostics import Sink
from engine.ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range
from engine.ir.codec import decode, encode
from engine.ir.expression import BOOLEAN, DATETIME, FLOAT, INTEGER, STRING, ValueType
from engine.nodes.table.meaning import holds as cell_holds
from tests.expression_world import Line

CITY = ValueType("string", normalize="lowercase")
TAGS = ValueType("array", of=STRING)
SIZES = ValueType("array", of=INTEGER)
FIRST, SECOND = "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"

LOWERED: list[tuple[Any, ValueType, CellTest]] = [
    ("*", STRING, AnyValue()),
    ("-", INTEGER, AnyValue()),
    ("", STRING, AnyValue()),
    (None, FLOAT, AnyValue()),
    ("US", STRING, Equals("US")),
    (" US ", STRING, Equals("US")),
    ("' US '", STRING, Equals(" US ")),
    ("Berlin", CITY, Equals("berlin")),
    ("e\u0301", STRING, Equals("é")),
    (["US", "CA", "US"], STRING, OneOf(("CA", "US"))),
    (["US"], STRING, Equals("US")),
    ("[US, 'C,A']", STRING, OneOf(("C,A", "US"))),
    (5, INTEGER, Equals(5)),
    ("5", INTEGER, Equals(5)),
    (5, FLOAT, Equals(5.0)),
    (-0.0, FLOAT, Equals(0.0)),
    (True, BOOLEAN, Equals(value=True)),
    ("!= true", BOOLEAN, Negated(Equals(value=True))),
    (">= 1000", FLOAT, Range(lower=1000.0)),
    ("> 3", INTEGER, Range(lower=3, lower_inclusive=False)),
    ("<=-3", INTEGER, Range(upper=-3)),
    ("< 3", INTEGER, Range(upper=3, upper_inclusive=False)),
    ("== 3", INTEGER, Equals(3)),
    ("= '-'", STRING, Equals("-")),
    ("[10..20)", INTEGER, Range(10, 20, upper_inclusive=False)),
    ("( 10 .. 20 ]", INTEGER, Range(10, 20, lower_inclusive=False)),
    ("10..20", FLOAT, Range(10.0, 20.0, upper_inclusive=False)),
    ("1.5..2.5", FLOAT, Range(1.5, 2.5, upper_inclusive=False)),
    (f"{FIRST}..{SECOND}", DATETIME, Range(FIRST, SECOND, upper_inclusive=False)),
    ("2026-01-01T01:00:00+01:00", DATETIME, Equals(FIRST)),
    ("missing", STRING, Missing()),
    ("exists", STRING, Negated(Missing())),
    ("'missing'", STRING, Equals("missing")),
    ("not missing", STRING, Negated(Missing())),
    ("not exists", STRING, Missing()),
    ("not US", STRING, Negated(Equals("US"))),
    ("not [US, CA]", STRING, Negated(OneOf(("CA", "US")))),
    ("not 10..20", INTEGER, Negated(Range(10, 20, upper_inclusive=False))),
    ("not != 3", INTEGER, Equals(3)),
    ("nothing", STRING, Equals("nothing")),
    ("vip", TAGS, Equals("vip")),
    (">= 3", SIZES, Range(lower=3)),
]


def cell(value: Any, column: ValueType) -> CellTest:
    """The test of a cell without findings."""
    sink = Sink()
    found = lower_cell(value, column, DocumentValue(Line(), ()), sink)
    assert sink.findings() == []
    assert found is not None
    return found


@pytest.mark.parametrize("value, column, test", LOWERED, ids=[f"{value}-{column}" for value, column, _ in LOWERED])
def test_cell_is_lowered(value: Any, column: ValueType, test: CellTest) -> None:
    found = cell(value, column)
    assert repr(found) == repr(test)
    assert decode(encode(found)) == found


@pytest.mark.parametrize("text", ["US", "[US, CA]", "exists"])
def test_missing_value_fails_positive_cells_and_holds_for_their_complements(text: str) -> None:
    assert not cell_holds(cell(text, STRING), None)
    assert cell_holds(cell(f"not {text}", STRING), None)


@pytest.mark.parametrize(
    "text, holds",
    [
        ("[10..20)", {10: True, 19: True, 20: False, 9: False}),
        ("(10..20]", {10: False, 20: True}),
        ("not 10..20", {10: False, 20: True, None: True}),
        ("*", {1: True, None: True}),
        ("missing", {1: False, None: True}),
    ],
)
def test_cell_holds(text: str, holds: dict[int | None, bool]) -> None:
    test = cell(text, INTEGER)
    assert {value: cell_holds(test, value) for value in holds} == holds


def test_both_bounds_are_met_by_one_element() -> None:
    test = cell("[3..5)", SIZES)
    assert cell_holds(test, [1, 3])
    assert not cell_holds(test, [1, 9])
    assert cell_holds(cell("not [3..5)", SIZES), [1, 9])
