"""The instants at which an aggregate in a window changes by time alone are those that counting anew at each gives."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ir.instant import format_instant, parse_instant
from engine.ir.types import Aggregate, AggregateName, EventType, Field, FieldType
from engine.operators.aggregates import aggregate
from engine.profiles.slides import changes, suffixes
from engine.runtime.computed import Computed

NOW = parse_instant("2026-03-01T00:00:00Z")
WINDOW = 40
NAMES: tuple[AggregateName, ...] = ("count", "sum", "min", "max", "avg", "first", "last", "distinct")
DOUBLES = st.sampled_from([0.0, 1.0, -1.0, 0.1, 0.2, -0.3, 1e16, -1e16, 1e-9, 1e300, -1e300])
INTEGERS = st.sampled_from([0, 1, -1, 3, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)])


@st.composite
def histories(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
    """Events around the window, some of another type, without a value, or in the future."""
    found = []
    for offset in sorted(draw(st.lists(st.integers(-WINDOW - 3, 5), max_size=30))):
        data = {} if draw(st.integers(0, 5)) == 0 else {"amount": draw(values)}
        kind = draw(st.sampled_from(["purchase", "purchase", "purchase", "visit"]))
        found.append({"type": kind, "time": format_instant(NOW + offset), "data": data})
    return found


def computed(name: AggregateName, kind: FieldType) -> Computed:
    """The aggregate of values of a type, in the window."""
    source = Aggregate("purchase", name, None if name == "count" else "amount", WINDOW)
    result = {"count": "integer", "distinct": "integer", "avg": "number"}.get(name, kind)
    field = Field("result", cast("FieldType", result), source=source)
    return Computed(field, EventType("purchase", (Field("amount", kind),)))


def by_counting(aggregated: Computed, events: list[dict[str, Any]]) -> list[tuple[int, Any]]:
    """The same, millisecond by millisecond, without the events of the future."""
    known = [event for event in events if event["time"] <= format_instant(NOW)]
    found, last = [], aggregated.at(known, NOW)
    for now_ms in range(NOW + 1, NOW + WINDOW + 2):
        value = aggregated.at(known, now_ms)
        if value != last:
            found.append((now_ms, value))
            last = value
    return found


@pytest.mark.parametrize("name", NAMES)
@given(doubles=histories(DOUBLES), integers=histories(INTEGERS))
def test_every_change_is_found_and_no_other(
    name: AggregateName, doubles: list[dict[str, Any]], integers: list[dict[str, Any]]
) -> None:
    for kind, events in (("number", doubles), ("integer", integers)):
        found = computed(name, cast("FieldType", kind))
        now = format_instant(NOW)
        own = [event for event in events if event["type"] == "purchase" and event["time"] <= now]
        assert list(changes(found, own, NOW)) == by_counting(found, events)


@pytest.mark.parametrize("name", NAMES)
@given(values=st.lists(DOUBLES, max_size=20) | st.lists(INTEGERS, max_size=20))
def test_a_pass_over_the_values_gives_what_counting_each_rest_gives(name: AggregateName, values: list[Any]) -> None:
    assert suffixes(name, values) == [aggregate(name, values[first:]) for first in range(len(values) + 1)]


def test_all_time_aggregates_do_not_change_by_time() -> None:
    event = {"type": "purchase", "time": format_instant(NOW), "data": {}}
    field = Field("orders", "integer", source=Aggregate("purchase", "count"))
    assert list(changes(Computed(field, EventType("purchase")), [event], NOW)) == []
