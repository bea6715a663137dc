from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.drawing.layout import Ends, Layout, Position, Size, lay_out

SLACK = 0.01

SIZES = st.tuples(st.floats(20, 400), st.floats(20, 300))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Size], dict[Ends, Size | None]]:
    count = draw(st.integers(1, 20))
    boxes = {f"b{number}": draw(SIZES) for number in range(count)}
    labels: dict[Ends, Size | None] = {}
    for _ in range(draw(st.integers(0, 40))):
        source = draw(st.integers(0, count - 1))
        target = draw(st.integers(0, count - 1))
        if source < target:
            labels[f"b{source}", f"b{target}"] = draw(st.none() | SIZES)
    return boxes, labels


def overlap(one: Position, other: Position) -> bool:
    across = abs(one.x - other.x) < (one.width + other.width) / 2 - SLACK
    return across and abs(one.y - other.y) < (one.height + other.height) / 2 - SLACK


def places(layout: Layout) -> list[Position]:
    return [*layout.boxes.values(), *(route.label for route in layout.routes.values() if route.label is not None)]


@settings(max_examples=40)
@given(graphs())
def test_no_two_boxes_or_labels_overlap(graph: tuple[dict[str, Size], dict[Ends, Size | None]]) -> None:
    found = places(lay_out(*graph))
    assert not [pair for pair in combinations(found, 2) if overlap(*pair)]


@settings(max_examples=40)
@given(graphs())
def test_everything_lies_in_the_picture(graph: tuple[dict[str, Size], dict[Ends, Size | None]]) -> None:
    layout = lay_out(*graph)
    for place in places(layout):
        assert place.width / 2 - SLACK <= place.x <= layout.width - place.width / 2 + SLACK
        assert place.height / 2 - SLACK <= place.y <= layout.height - place.height / 2 + SLACK


@settings(max_examples=40)
@given(graphs())
def test_arrows_go_down_from_edge_to_edge_and_through_no_box(
    graph: tuple[dict[str, Size], dict[Ends, Size | None]],
) -> None:
    layout = lay_out(*graph)
    for (source, target), route in layout.routes.items():
        first, last = route.stops[0], route.stops[-1]
        assert on_edge(layout.boxes, source, first.x, first.top, +1)
        assert on_edge(layout.boxes, target, last.x, last.bottom, -1)
        for stop in route.stops:
            assert stop.top <= stop.bottom + SLACK
        for before, after in pairwise(route.stops):
            assert before.bottom <= after.top + SLACK
        others = [place for name, place in layout.boxes.items() if name not in {source, target}]
        labels = [each.label for ends, each in layout.routes.items() if ends != (source, target) and each.label]
        for stop in route.stops:
            line = Position(stop.x, (stop.top + stop.bottom) / 2, 1.0, stop.bottom - stop.top)
            assert not [place for place in [*others, *labels] if overlap(line, place)]


def on_edge(boxes: Mapping[str, Position], name: str, x: float, y: float, side: int) -> bool:
    box = boxes[name]
    return abs(y - (box.y + side * box.height / 2)) < SLACK and abs(x - box.x) <= box.width / 2


@settings(max_examples=40)
@given(graphs())
def test_a_box_lies_below_every_box_that_leads_to_it(graph: tuple[dict[str, Size], dict[Ends, Size | None]]) -> None:
    layout = lay_out(*graph)
    for source, target in layout.routes:
        upper, lower = layout.boxes[source], layout.boxes[target]
        assert upper.y + upper.height / 2 < lower.y - lower.height / 2


def test_a_tree_has_no_crossing_and_keeps_its_order() -> None:
    boxes = dict.fromkeys(["top", "a", "b", "c", "a1", "b1", "c1"], (50.0, 20.0))
    ends = [("top", "a"), ("top", "b"), ("top", "c"), ("a", "a1"), ("b", "b1"), ("c", "c1")]
    layout = lay_out(boxes, dict.fromkeys(ends))
    assert layout.boxes["a"].x < layout.boxes["b"].x < layout.boxes["c"].x
    assert layout.boxes["a1"].x < layout.boxes["b1"].x < layout.boxes["c1"].x
    assert layout.boxes["top"].x == pytest.approx(layout.boxes["b"].x)


def test_a_crossing_that_can_be_avoided_is() -> None:
    boxes = dict.fromkeys(["top", "a", "b", "x", "y"], (50.0, 20.0))
    ends: list[Ends] = [("top", "a"), ("top", "b"), ("a", "y"), ("b", "x"), ("top", "x")]
    layout = lay_out(boxes, dict.fromkeys(ends))
    assert (layout.boxes["a"].x < layout.boxes["b"].x) is (layout.boxes["y"].x < layout.boxes["x"].x)


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle"):
        lay_out({"a": (1.0, 1.0), "b": (1.0, 1.0)}, {("a", "b"): None, ("b", "a"): None})


def wrong_ways(layout: Layout, labels: Mapping[Ends, Size | None]) -> int:
    """How many neighbouring ways out of a box are drawn in the wrong order."""
    ways: dict[str, list[float]] = {}
    for ends in labels:
        route = layout.routes[ends]
        ways.setdefault(ends[0], []).append(route.stops[0].x)
    return sum(left > right for each in ways.values() for left, right in pairwise(each))


@settings(max_examples=60)
@given(graphs())
def test_a_picture_is_not_the_mirror_image_of_what_was_written(
    graph: tuple[dict[str, Size], dict[Ends, Size | None]],
) -> None:
    boxes, labels = graph
    written = sum(1 for source in boxes for _ in pairwise([ends for ends in labels if ends[0] == source]))
    assert wrong_ways(lay_out(boxes, labels), labels) <= written / 2


def test_ways_out_stand_in_their_order_where_no_lines_cross() -> None:
    boxes: dict[str, Size] = dict.fromkeys(("top", "late", "middle", "early", "deep", "end"), (60.0, 30.0))
    labels: dict[Ends, Size | None] = {
        ("top", "early"): (40.0, 10.0),
        ("top", "middle"): (40.0, 10.0),
        ("top", "late"): (40.0, 10.0),
        ("early", "deep"): None,
        ("middle", "deep"): None,
        ("deep", "end"): None,
        ("late", "end"): None,
    }
    assert wrong_ways(lay_out(boxes, labels), labels) == 0
