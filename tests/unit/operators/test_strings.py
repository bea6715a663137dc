from __future__ import annotations

import hashlib
import random
import sys
import unicodedata
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.operators.pinned_unicode import _UNKNOWN, lower, nfc, upper
from engine.operators.strings import StringRefusedError, check_storable, normalize_keyword

ALL = range(sys.maxunicode + 1)
NONCHARACTERS = {*range(0xFDD0, 0xFDF0), *(plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF))}
STORABLE = [chr(each) for each in ALL if each and not 0xD800 <= each < 0xE000 and each not in NONCHARACTERS]
COMPOSED = "aAeEoOhHÅéêẖḧİΣς\u1100\u1161\u11a7\u11a8가\u0958क\u0344\u2126\u212bが\u304b𝅗𝅥\U0001d15e\U00011131\U00011127"


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
        ("éé\ufffe", "noncharacter", 2, "U+FFFE (a noncharacter, which no text may hold) at character 3"),
        ("\ufdd0", "noncharacter", 0, "U+FDD0 (a noncharacter, which no text may hold) at character 1"),
        ("🩷\U0010ffff", "noncharacter", 1, "U+10FFFF (a noncharacter, which no text may hold) at character 2"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(value: str, reason: str, position: int, said: str) -> None:
    with pytest.raises(StringRefusedError) as caught:
        normalize_keyword(value, lowercase=False)
    assert (caught.value.reason, caught.value.position, str(caught.value)) == (reason, position, said)


@pytest.mark.parametrize(
    "value",
    [
        "\ue000\U000f0000",  # private use
        "\u0378\U000e0fff\U000dfffd",  # assigned in no version yet
        "🩷",  # Unicode 15.0
        "\u2ffc",  # 15.1
        "\u1c89\ua7cb\U00010d50",  # capital letters of 16.0
        "\U000105d2\u0307",  # 16.0 has one letter for the two: \U000105c9
        "a\U00010d69\u0323",  # 16.0 orders the two marks otherwise
    ],
)
def test_what_the_pinned_data_do_not_know_is_stored_as_it_is(value: str) -> None:
    assert normalize_keyword(value, lowercase=False) == normalize_keyword(value, lowercase=True) == value
    assert upper(value).removeprefix("A") == value.removeprefix("a")


def test_what_is_known_is_composed_between_what_is_not() -> None:
    assert normalize_keyword("E\u0301🩷O\u0308\u0378\u0308", lowercase=True) == "é🩷ö\u0378\u0308"


@pytest.mark.long
def test_every_scalar_value_but_nul_and_noncharacters_is_stored() -> None:
    assert [chr(each) for each in ALL if storable(chr(each))] == STORABLE


@given(st.text(), st.booleans())
def test_normalising_twice_changes_nothing(value: str, lowercase: bool) -> None:  # noqa: FBT001 - generated
    if storable(value):
        once = normalize_keyword(value, lowercase=lowercase)
        assert normalize_keyword(once, lowercase=lowercase) == once
        assert nfc(once) == once


def forms(text: str) -> bytes:
    return "\n".join((nfc(text), lower(text), upper(text), normalize_keyword(text, lowercase=True), "")).encode()


@pytest.mark.long
def test_every_python_brings_every_code_point_to_the_same_forms() -> None:
    digest = hashlib.sha256()
    looked_at = [each for each in STORABLE if each < "\U00032000" or each > "\U000dffff" or ord(each) % 97 == 0]
    for start in range(0, len(looked_at), 4096):
        digest.update(forms("\n".join(looked_at[start : start + 4096])))
    assert digest.hexdigest() == "583ae597376a3be66ced2fa5ccac06a4c961e10e2cbc0cee4e5731be784dde77"


def test_every_python_brings_generated_text_of_all_planes_to_the_same_forms() -> None:
    digest = hashlib.sha256()
    for text in islice(texts_of_all_planes(), 20_000):
        digest.update(forms(text))
    assert digest.hexdigest() == "09f2e0f8884da7e8acf4d53c810c9fca80ec62e469c07b996f3a42794cad1e79"


def test_generated_text_has_the_form_that_unicode_14_gives_it() -> None:
    for text in islice(texts_of_all_planes(), 20_000):
        found = nfc(text)
        assert nfc(found) == found
        if unicodedata.unidata_version == "14.0.0":
            assert found == unicodedata.normalize("NFC", text)


def texts_of_all_planes() -> Iterator[str]:
    """Marks, letters that are composed or taken apart, what 14.0 does not know, and anything, mixed."""
    chance = random.Random(14)
    unknown = [character for character in STORABLE if character.translate(_UNKNOWN) and character < "\U00030000"]
    pools = ("\u0300\u0301\u0307\u0308\u0316\u0323\u0327\u0331\u0345\u05b0\u3099\u093c", COMPOSED, unknown, STORABLE)
    while True:
        yield "".join(chance.choice(chance.choice(pools)) for _ in range(chance.randint(1, 10)))


def test_lowering_keeps_the_length_of_every_code_point() -> None:
    assert all(len(lower(chr(each))) == 1 for each in ALL)
