from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics import nearest
from engine.diagnostics.suggest import edit_distance
from tests.effort import within

OPERATORS = ["equals", "not_equals", "greater_than", "greater_or_equal", "less_than", "in", "not_in", "contains"]


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("greater_then", "greater_than"),
        ("equal", "equals"),
        ("euqals", "equals"),
        ("Contains", "contains"),
        ("not-in", "not_in"),
        ("lessthan", "less_than"),
        ("ni", "in"),
        ("completely_different", None),
        ("", None),
        ("x" * 1000, None),
    ],
)
def test_nearest_name_is_offered_when_close(name: str, wanted: str | None) -> None:
    assert nearest(name, OPERATORS) == wanted


def test_ties_go_to_the_first_in_the_alphabet_whatever_the_order() -> None:
    assert nearest("tag_x", ["tag_b", "tag_a"]) == nearest("tag_x", ["tag_a", "tag_b"]) == "tag_a"


def test_the_name_itself_is_not_offered() -> None:
    assert nearest("equals", ["equals"]) is None


def test_a_near_name_among_many_is_found_quickly() -> None:
    names = [f"segment_{index:05}" for index in range(20_000)]
    assert within(200, lambda: nearest("sgment_12345", names)) == "segment_12345"


def full_distance(left: str, right: str) -> int:
    table = [[i + j if not i * j else 0 for j in range(len(right) + 1)] for i in range(len(left) + 1)]
    for i, a in enumerate(left, 1):
        for j, b in enumerate(right, 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@given(st.text("abc_", max_size=8), st.text("abc_", max_size=8), st.integers(0, 4))
def test_bounded_distance_equals_the_full_one_within_its_bound(left: str, right: str, limit: int) -> None:
    full = full_distance(left, right)
    assert edit_distance(left, right, limit) == (full if full <= limit else None)
