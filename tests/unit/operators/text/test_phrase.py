from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.operators.text import contains_phrase

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=12)


@pytest.mark.parametrize(
    "words, phrase, expected",
    [
        ("free jazz festival", "free jazz", True),
        ("free jazz festival", "jazz free", False),
        ("free and jazz", "free jazz", False),
        ("a a b", "a b", True),
        ("a", "a a", False),
        ("a b", "a b", True),
        ("a b", "", False),
        ("", "a", False),
    ],
)
def test_phrase_is_found_where_its_words_follow_one_another(words: str, phrase: str, *, expected: bool) -> None:
    assert contains_phrase(words.split(), phrase.split()) is expected


@given(WORDS, WORDS)
def test_phrase_is_found_where_the_joined_words_contain_it(words: list[str], phrase: list[str]) -> None:
    joined = "".join(phrase) in "".join(words) and bool(phrase)
    assert contains_phrase(words, tuple(phrase)) is joined
