from __future__ import annotations

import hashlib
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.operators.strings import StringRefusedError, check_storable, lower, normalize_keyword

ALL = range(sys.maxunicode + 1)


def storable(text: str) -> bool:
    try:
        check_storable(text)
    except StringRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    "value, expected",
    [
        ("US", "us"),
        ("Cafe\u0301", "café"),
        ("İ", "i"),
        ("ΟΔΟΣ", "οδοσ"),
        ("H\u0331", "\u1e96"),  # the small letter has a composed form, the capital has not
        ("\u212b", "å"),
        ("ß", "ß"),
        ("\U00010400", "\U00010428"),
    ],
)
def test_lowercase_is_by_code_point_and_composed(value: str, expected: str) -> None:
    assert normalize_keyword(value, lowercase=True) == expected


def test_case_stays_without_lowercase() -> None:
    assert normalize_keyword("Cafe\u0301 İ", lowercase=False) == "Café İ"


@pytest.mark.parametrize(
    "value, reason, position, said",
    [
        ("a\0", "nul", 1, "U+0000 at character 2"),
        ("\ud800", "surrogate", 0, "U+D800 (half of a surrogate pair) at character 1"),
        ("éé\u0378", "unassigned", 2, "U+0378 (not assigned in Unicode 14.0) at character 3"),
        ("\ufffe", "unassigned", 0, "U+FFFE (not assigned in Unicode 14.0) at character 1"),
        ("\U0010ffff", "unassigned", 0, "U+10FFFF (not assigned in Unicode 14.0) at character 1"),
        ("\u1c89", "unassigned", 0, "U+1C89 (not assigned in Unicode 14.0) at character 1"),  # Unicode 16 has it
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(value: str, reason: str, position: int, said: str) -> None:
    with pytest.raises(StringRefusedError) as caught:
        normalize_keyword(value, lowercase=False)
    assert (caught.value.reason, caught.value.position, str(caught.value)) == (reason, position, said)


def test_private_use_is_stored() -> None:
    assert normalize_keyword("\ue000\U000f0000", lowercase=True) == "\ue000\U000f0000"


@given(st.text(), st.booleans())
def test_normalising_twice_changes_nothing(value: str, lowercase: bool) -> None:  # noqa: FBT001 - generated
    if storable(value):
        once = normalize_keyword(value, lowercase=lowercase)
        assert normalize_keyword(once, lowercase=lowercase) == once
        assert unicodedata.is_normalized("NFC", once)


def test_every_python_stores_the_same_code_points_in_the_same_form() -> None:
    digest = hashlib.sha256()
    for character in filter(storable, map(chr, ALL)):
        digest.update(normalize_keyword(character, lowercase=True).encode())
        digest.update(b"\n")
    assert digest.hexdigest() == "482589267eea05d07a05ab742eb21b0b8c68d5494f9f5766e922eb5b446d0a13"


def test_lowering_keeps_the_length_of_every_code_point() -> None:
    assert all(len(lower(chr(each))) == 1 for each in ALL)
