from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.language.yaml.scalars import AMBIGUOUS_WORDS, SPECIAL, other_reading, resolve

TAGS = {"null": type(None), "bool": bool, "int": int, "float": float}
PLAIN = st.one_of(
    st.text("0123456789+-._:eExobinfa~=<yYnNtTrRuUsSlLoOfF ", max_size=8),
    st.from_regex(r"[-+]?[0-9_]{1,4}([.:][0-9_]{0,3}){0,2}([eE][-+]?[0-9]{0,2})?", fullmatch=True),
    st.sampled_from(
        ["yes", "No", "ON", "off", "y", "N", "null", "~", "TRUE", "False", ".inf", "-.INF", ".nan", "=", "<<"]
    ),
)


def read_by_yaml_1_1(text: str) -> str:
    """The type that YAML 1.1 gives a plain scalar, as PyYAML resolves it, and `y` and `n` as its specification says."""
    if text in {"y", "Y", "n", "N"}:
        return "bool"
    tag: str = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call] # PyYAML's
    return tag.rsplit(":", 1)[-1]


@given(PLAIN)
def test_text_is_ambiguous_exactly_where_yaml_1_1_reads_something_else(text: str) -> None:
    value, said = resolve(text)
    old = read_by_yaml_1_1(text)
    leading_zero = text.lstrip("+-").isdecimal()
    if isinstance(value, str) and not leading_zero:
        assert (said == "Y010") == (old not in {"str", "timestamp"})


@given(PLAIN)
def test_a_value_that_is_no_text_and_has_no_finding_has_the_type_of_yaml_1_1_or_is_new_in_1_2(text: str) -> None:
    value, said = resolve(text)
    old = read_by_yaml_1_1(text)
    if not said and not isinstance(value, str) and old != "str":
        assert type(value) is TAGS[old]


@given(PLAIN)
def test_scalars_with_another_first_character_are_always_text(text: str) -> None:
    if text and text[0] not in SPECIAL:
        assert resolve(text) == (text, "")


@pytest.mark.parametrize("text", ["0", "-0", "+0", "7", "-12", "9223372036854775807", "-9223372036854775808"])
def test_integers_of_64_bits_are_exact(text: str) -> None:
    assert resolve(text) == (int(text), "")


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809", "9" * 5_000, "0x" + "f" * 5_000])
def test_integers_beyond_64_bits_are_a_finding(text: str) -> None:
    value, said = resolve(text)
    assert said == "Y012"
    assert abs(value) >= 2**63 - 1


@pytest.mark.parametrize("text", ["1e999", "-1e999", ".inf", "-.Inf", "+.INF", ".nan", ".NaN", "1" * 400 + ".0"])
def test_numbers_that_are_not_finite_are_a_finding(text: str) -> None:
    assert resolve(text) == (0.0, "Y013")


@pytest.mark.parametrize("text", ["2025-12-15", "2025-12-15T00:00:00Z", "2001-1-1 1:2:3", "30d", "1.2.3", "09:30", "٣"])
def test_dates_durations_and_the_like_are_text(text: str) -> None:
    assert resolve(text) == (text, "")


@pytest.mark.parametrize(
    "text, words",
    [
        ("NO", "`false`"),
        ("on", "`true`"),
        ("0777", "a number in base 8"),
        ("22:22", "a number in base 60"),
        ("1_000", "a number"),
        ("<<", "a merge key"),
    ],
)
def test_the_other_reading_is_named(text: str, words: str) -> None:
    assert other_reading(text) == words
    assert resolve(text)[1] == "Y010"


def test_every_ambiguous_word_is_text() -> None:
    assert all(resolve(word) == (word, "Y010") for word in AMBIGUOUS_WORDS)
