from __future__ import annotations

import pytest

from engine.diagnostics import Edit, Fix, Span
from engine.language.edit import apply_edits, apply_fixes


def edit(line: int, start: int, end: int, text: str, file: str = "a.yaml") -> Edit:
    return Edit(Span(file, line, start, line, end), text)


def fix(*edits: Edit) -> Fix:
    return Fix("do it", edits)


def test_edits_are_made_together_whatever_their_order() -> None:
    edits = [edit(2, 4, 6, "22"), edit(1, 1, 2, "key"), edit(2, 1, 1, "> ")]
    assert apply_edits("a: 1\nb: 2_ # c\n", edits) == "key: 1\n> b: 22 # c\n"


def test_an_edit_over_lines_replaces_them() -> None:
    assert apply_edits("a\r\nb\r\nc", [Edit(Span("a.yaml", 1, 2, 3, 1), "+")]) == "a+c"


def test_the_same_edit_twice_counts_once() -> None:
    assert apply_edits("a: b", [edit(1, 1, 1, "x")] * 2) == "xa: b"


def test_edits_that_touch_without_overlap_are_fine() -> None:
    assert apply_edits("abcd", [edit(1, 1, 3, "x"), edit(1, 3, 5, "y")]) == "xy"


def test_overlapping_edits_raise() -> None:
    with pytest.raises(ValueError, match="overlap at offset 1"):
        apply_edits("abcd", [edit(1, 1, 3, "x"), edit(1, 2, 4, "y")])


def test_columns_beyond_the_text_end_with_it() -> None:
    assert apply_edits("a", [edit(7, 1, 9, "!")]) == "a!"


def test_fixes_that_collide_wait_for_another_run() -> None:
    first, second, third = fix(edit(1, 1, 3, "x")), fix(edit(1, 2, 4, "y")), fix(edit(2, 1, 2, "z"))
    edited = apply_fixes({"a.yaml": "abcd\ne\n"}, [first, second, third])
    assert edited.texts == {"a.yaml": "xcd\nz\n"}
    assert (edited.applied, edited.left) == ((first, third), (second,))


def test_a_fix_of_several_edits_is_made_wholly_or_not_at_all() -> None:
    blocked = fix(edit(2, 1, 2, "z"), edit(1, 1, 2, "y"))
    edited = apply_fixes({"a.yaml": "a\nb\n"}, [fix(edit(1, 1, 2, "x")), blocked])
    assert edited.texts == {"a.yaml": "x\nb\n"}
    assert edited.left == (blocked,)


def test_equal_fixes_are_made_once() -> None:
    edited = apply_fixes({"a.yaml": "a\n"}, [fix(edit(1, 1, 1, "# ")), fix(edit(1, 1, 1, "# "))])
    assert edited.texts == {"a.yaml": "# a\n"}


def test_a_fix_may_change_several_files_and_leaves_the_others_out() -> None:
    both = fix(edit(1, 1, 2, "x"), edit(1, 1, 2, "y", "b.yaml"))
    edited = apply_fixes({"a.yaml": "a", "b.yaml": "b", "c.yaml": "c"}, [both])
    assert edited.texts == {"a.yaml": "x", "b.yaml": "y"}


def test_a_fix_for_a_file_that_is_not_at_hand_is_left() -> None:
    edited = apply_fixes({}, [fix(edit(1, 1, 2, "x"))])
    assert (edited.texts, len(edited.left)) == ({}, 1)
