from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics.lines import lines_of, showable, width, window


def test_lines_end_where_yaml_ends_them() -> None:
    assert lines_of("a\r\nb\rc\nd\u2028e\x0bf") == ["a", "b", "c", "d\u2028e\x0bf"]


@pytest.mark.parametrize("text, columns", [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("", 0), ("ｆ", 2)])
def test_width_counts_columns_of_a_terminal(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\u202e", "\u200b", "\x9b", "\ud800", "\x7f", "\ufeff"])
def test_characters_that_a_terminal_acts_on_are_not_shown(character: str) -> None:
    assert showable(f"a{character}b") == "a\ufffdb"


def test_a_line_that_fits_is_shown_whole() -> None:
    assert window("name: NO", 6, 8, 80) == ("name: NO", 6, 8)


def test_tabs_take_four_columns() -> None:
    assert window("\tname", 1, 5, 80) == ("    name", 4, 8)


def test_a_long_line_is_cut_on_both_sides() -> None:
    shown, start, end = window("x" * 500 + "HERE" + "y" * 500, 500, 504, 60)
    assert shown[start:end] == "HERE"
    assert shown.startswith("…x")
    assert shown.endswith("y…")
    assert len(shown) <= 60


@given(st.text("ab\t日é\u0301\u200b", max_size=200), st.data(), st.integers(20, 100))
def test_a_window_never_exceeds_its_columns(line: str, data: st.DataObject, most: int) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    shown, begin, stop = window(line, start, end, most)
    assert width(shown) <= most
    assert 0 <= begin <= stop <= most


def test_a_long_line_of_wide_characters_is_cut_between_them() -> None:
    shown, start, end = window("日" * 100 + "HERE" + "本" * 100, 100, 104, 41)
    assert shown.count("日") == 6
    assert (start, end) == (13, 17)
    assert width(shown) <= 41


def test_a_long_marked_part_is_cut_itself() -> None:
    assert window("ab" + "x" * 100 + "cd", 2, 102, 20) == ("ab" + "x" * 17 + "…", 2, 20)
