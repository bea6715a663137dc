from __future__ import annotations

import contextlib
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.operators.patterns import MAX_LENGTH, PatternRefusedError, parse, parse_like
from tests.effort import within

ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^b]", "[a-c]", "\\.", "é", "[^é😀]"])
BOUNDS = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,2}", "{2,}"])
PATTERNS = st.recursive(
    st.builds("{}{}".format, ATOMS, BOUNDS),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner), st.builds("({}|{}){}".format, inner, inner, BOUNDS)
    ),
    max_leaves=6,
)
VALUES = st.text(st.sampled_from("abc.é😀\n"), max_size=8)


@pytest.mark.parametrize(
    "text, has, has_not",
    [
        ("[A-Z]{2}[0-9]+", ["AB1", "ZZ0123"], ["", "AB", "ab1", "AB1x", "xAB1", "A1"]),
        ("a|b(c|d)*e?", ["a", "b", "bcdce"], ["", "ae", "be e"]),
        ("a.b", ["a\nb", "a😀b"], ["ab", "a\r\nb"]),
        ("[^a]", ["b", "\n", "😀"], ["a", "", "bb"]),
        ("x{2,3}", ["xx", "xxx"], ["x", "xxxx"]),
        ("(ab){0,2}c", ["c", "abc", "ababc"], ["abababc", "ab"]),
        ("(a+b){2,}", ["abab", "aabaab", "ababab"], ["ab", "aba"]),
        (".*", ["", "any\nthing"], []),
    ],
)
def test_pattern_covers_the_whole_value(text: str, has: list[str], has_not: list[str]) -> None:
    matches = parse(text).matches
    assert [value for value in has if not matches(value)] == []
    assert [value for value in has_not if matches(value)] == []


@given(PATTERNS, st.lists(VALUES, max_size=20))
def test_pattern_matches_as_another_engine_reads_it(text: str, values: list[str]) -> None:
    try:
        pattern = parse(text)
    except PatternRefusedError:
        return
    other = re.compile(pattern.re2(), re.DOTALL)
    assert [pattern.matches(value) for value in values] == [other.fullmatch(value) is not None for value in values]


@pytest.mark.parametrize(
    "text, has, has_not",
    [
        ("S* Francisco", ["San Francisco", "S Francisco"], ["San Francisco!", "s Francisco"]),
        ("a?c", ["abc", "a😀c", "a\nc"], ["ac", "abbc"]),
        ("*", ["", "x"], []),
        ("*.com", ["a.com", ".com"], ["acom", "a.com "]),
        ("\\[a]^", ["\\[a]^"], ["[a]^"]),
    ],
)
def test_shape_takes_everything_literally_but_its_two_signs(text: str, has: list[str], has_not: list[str]) -> None:
    matches = parse_like(text).matches
    assert [value for value in has if not matches(value)] == []
    assert [value for value in has_not if matches(value)] == []


@given(st.text(st.sampled_from("ab*?"), min_size=1, max_size=8), VALUES)
def test_shape_matches_as_a_pattern_with_dots_does(shape: str, value: str) -> None:
    other = "".join({"*": ".*", "?": "."}.get(sign, sign) for sign in shape)
    assert parse_like(shape).matches(value) is (re.fullmatch(other, value, re.DOTALL) is not None)


@pytest.mark.parametrize("text", ["(a{100}){11}", "(" * 10 + "a+" + ")+" * 10, "a{600}b{600}"])
def test_pattern_too_long_when_written_out_is_refused(text: str) -> None:
    with pytest.raises(PatternRefusedError, match="more than 1,000 characters with its repetitions written out"):
        parse(text)


@pytest.mark.parametrize("text", ["(a|b)*a(a|b){20}", ".{0,255}a.{0,255}"])
def test_pattern_with_too_many_states_is_refused_soon(text: str) -> None:
    def refused() -> None:
        with pytest.raises(PatternRefusedError, match="too many ways to match, expected fewer or smaller repetitions"):
            parse(text)

    within(100, refused)


def test_shape_with_too_many_states_is_refused() -> None:
    with pytest.raises(PatternRefusedError, match="too many ways to match"):
        parse_like("*a" + "?" * 30)


def test_no_pattern_takes_long_to_read() -> None:
    chance = random.Random(4)
    signs = ["a", "b", ".", "(", ")", "|", "*", "+", "[ab]", "[^a]", "{1,200}", "{9}", "?"]

    def read(text: str) -> None:
        with contextlib.suppress(PatternRefusedError):
            parse(text)

    for _ in range(3_000):
        text = "".join(chance.choices(signs, k=chance.randint(1, 30)))[:MAX_LENGTH]
        within(200, lambda text=text: read(text))  # type: ignore[misc] # its own text


@pytest.mark.parametrize("text", ["(x+x+)+y", "(x*)*y", "(x|xx)*y", ".*.*.*.*.*=.*"])
def test_matching_takes_one_step_for_each_character(text: str) -> None:
    pattern = parse(text)
    assert not within(100, lambda: pattern.matches("x" * 100_000))


def test_pattern_is_read_once() -> None:
    assert parse("[a-z]+") is parse("[a-z]+")


def test_pattern_is_read_and_matched_without_another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(re, "compile")
    monkeypatch.delattr(re, "fullmatch")
    monkeypatch.delattr(re, "match")
    assert parse("(only|here)+ [0-9]{2}").matches("onlyhere 42")
