from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING

import pytest

from engine.operators.pinned_unicode import is_known, lower
from engine.operators.strings import StringRefusedError, check_storable
from engine.operators.text import MAX_QUERY_TOKENS, MAX_UNITS, contains_phrase, tokens
from engine.operators.text.segment import _CLASSES
from tests.servers.analyzed import Analyzer

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

CONTEXTS = "? a?b 1?2 a?1 1,?a.? ?\u0301b a\u200d? ?\u200d❤ ❤\ufe0f?❤ _?_ א?א カ?カ ก?ก 漢? 🇦?🇦 #?\u20e3 ??"
MEMBERS = "aAbאב12カー漢あกั_‿:·.’,;'\"\u0301\u00ad\u200d\ufe0e\ufe0f\u20e3\U000e0067\U000e007f❤©🏽🇦#* ×\u2139𝐀🅰𝟏☝İΣ한"


@pytest.fixture(scope="module")
def analyzer(elasticsearch: Elasticsearch) -> Iterator[Analyzer]:
    analyzer = Analyzer(elasticsearch)
    yield analyzer
    analyzer.close()


@pytest.fixture(scope="module")
def storable() -> list[str]:
    """Every code point that may be stored."""
    return [character for character in map(chr, range(sys.maxunicode + 1)) if _may_be_stored(character)]


@pytest.fixture(scope="module")
def class_members(storable: list[str]) -> list[list[str]]:
    """The code points that may be stored, by word-break class."""
    members: dict[str, list[str]] = defaultdict(list)
    for character in storable:
        members[character.translate(_CLASSES)].append(character)
    return list(members.values())


def _may_be_stored(character: str) -> bool:
    try:
        check_storable(character)
    except StringRefusedError:
        return False
    return True


def assert_tokens_equal(analyzer: Analyzer, texts: list[str]) -> None:
    """Fails with the first few texts that the server reads otherwise."""
    differing = [
        (text, theirs, ours)
        for text, theirs in zip(texts, analyzer.words(texts), strict=True)
        if theirs != (ours := tokens(text))
    ]
    assert differing[:3] == []


def test_every_storable_code_point_is_read_as_the_server_reads_it(analyzer: Analyzer, storable: list[str]) -> None:
    assert len(storable) == 1_111_997
    # The planes without any character yet, and those of private use, are of one class: a sample of each will do.
    chosen = [each for each in storable if ord(each) >> 16 in {0, 1, 14} or ord(each) % 131 == 0]
    for start in range(0, len(chosen), 50_000):
        assert_tokens_equal(analyzer, [CONTEXTS.replace("?", each) for each in chosen[start : start + 50_000]])
    # The planes of ideographs hold these and what is in no class: one context tells them apart.
    ideographs = [each for each in storable if ord(each) >> 16 in {2, 3}]
    assert {each.translate(_CLASSES) for each in ideographs} == {"I", "Y"}
    assert_tokens_equal(analyzer, [f"a{each}1{each}" for each in ideographs])


def test_every_three_classes_in_a_row_are_read_as_the_server_reads_them(analyzer: Analyzer) -> None:
    assert_tokens_equal(analyzer, ["".join(three) for three in product(MEMBERS, repeat=3)])


@pytest.mark.parametrize("length", [4, 6, 9, 14, 30, 80])
def test_generated_text_is_read_as_the_server_reads_it(
    analyzer: Analyzer, class_members: list[list[str]], length: int
) -> None:
    chance = random.Random(length)
    texts = []
    for _ in range(500_000 // length):
        few = chance.sample(class_members, chance.randint(2, len(class_members)))
        texts.append("".join(chance.choice(chance.choice(few)) for _ in range(length)))
    assert_tokens_equal(analyzer, texts)


def test_generated_ascii_is_read_as_the_server_reads_it(analyzer: Analyzer) -> None:
    chance = random.Random(1)
    alphabets = ["ab1_.,:;'\" -", "aB 1", "".join(map(chr, range(1, 128)))]
    texts = ["".join(chance.choices(alphabets[number % 3], k=chance.randint(1, 40))) for number in range(20_000)]
    assert_tokens_equal(analyzer, texts)


def test_long_tokens_are_cut_where_the_server_cuts_them(analyzer: Analyzer) -> None:
    chance = random.Random(2)
    runs = [1, 1, 2, 100, 126, 127, 128, 253, 254, 255, 256, 300]
    mixed = ["".join(chance.choice(MEMBERS) * chance.choice(runs) for _ in range(8)) for _ in range(2_000)]
    alphabets = ["a", "a𝐀", "a1_.", "_", "_a", "\u200d❤", "𝐀.a1'", "a\u0301", "ก𝐀", "❤\u200d🏽\ufe0f𝐀", "\u2139\u200d𝐀"]
    plain = ["".join(chance.choices(each, k=chance.randint(250, 1200))) for each in alphabets for _ in range(50)]
    assert_tokens_equal(analyzer, mixed + plain)


def test_every_token_has_the_next_position_even_when_it_was_cut(analyzer: Analyzer) -> None:
    text = f"a {'b' * (2 * MAX_UNITS + 7)} ½ ① c"
    found = analyzer.analyze([text])[0]
    assert [token.text for token in found] == tokens(text)
    assert [token.position for token in found] == list(range(5))


def test_every_known_code_point_is_lowered_as_the_server_lowers_it(analyzer: Analyzer, storable: list[str]) -> None:
    known = [character for character in storable if is_known(character)]
    texts = ["".join(known[start : start + 1000]) for start in range(0, len(known), 1000)]
    differing = [
        (before, theirs, ours)
        for text, lowered in zip(texts, analyzer.lowered(texts), strict=True)
        for before, theirs, ours in zip(text, lowered, lower(text), strict=True)
        if theirs != ours
    ]
    assert differing == []


def test_no_token_holds_a_letter_that_only_newer_data_know(storable: list[str]) -> None:
    """So it does not matter that the server's Java may lower it: such code points are emoji, or in no token."""
    assert {character.translate(_CLASSES) for character in storable if not is_known(character)} == {"E", "Y"}


def test_phrases_are_found_where_the_server_finds_them(
    elasticsearch: Elasticsearch, new_index: Callable[..., str]
) -> None:
    chance = random.Random(3)
    index = new_index({"properties": {"bio": {"type": "text"}}})
    words = ["a", "b", "c-d", "½", "e.f", "_", "x" * (MAX_UNITS + 3)]
    texts = [" ".join(chance.choices(words, k=chance.randint(1, 12))) for _ in range(300)]
    operations = [line for key, text in enumerate(texts) for line in ({"index": {"_id": str(key)}}, {"bio": text})]
    elasticsearch.bulk(index=index, operations=operations, refresh=True)
    phrases = [" ".join(chance.choices(words, k=chance.randint(1, 4))) for _ in range(150)]
    searches = [
        line
        for phrase in phrases
        for line in ({}, {"query": {"match_phrase": {"bio": phrase}}, "size": len(texts), "_source": False})
    ]
    replies = elasticsearch.msearch(index=index, searches=searches)["responses"]
    found = [{int(hit["_id"]) for hit in reply["hits"]["hits"]} for reply in replies]
    expected = [
        {key for key, text in enumerate(texts) if contains_phrase(tokens(text), tokens(phrase))} for phrase in phrases
    ]
    assert found == expected
    assert sum(map(bool, found)) > len(phrases) / 4


def test_the_server_takes_as_many_words_as_a_value_may_have(
    elasticsearch: Elasticsearch, new_index: Callable[..., str]
) -> None:
    index = new_index({"properties": {"bio": {"type": "text"}}})
    elasticsearch.index(index=index, document={"bio": "w255"}, refresh=True)
    words = " ".join(f"w{number}" for number in range(MAX_QUERY_TOKENS))
    assert elasticsearch.count(index=index, query={"match": {"bio": words}})["count"] == 1
