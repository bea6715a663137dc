from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from engine.operators.patterns import (
    MAX_LENGTH,
    Pattern,
    PatternRefusedError,
    escape_wildcard,
    parse,
    parse_like,
)

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

SIGNS = ".?*+|()[]{}\\^$\"#@&<>~-_/!:;,='%`"
LETTERS = "abcAB01 é漢𝐀😀\n\t\x7f"
ATOMS = ["a", "b", "c", "0", "é", "漢", "😀", "\n", " ", ".", *(f"\\{sign}" for sign in SIGNS), *'"#@&<>~-_/!:;,=%']
CLASSES = [
    "[abc]",
    "[^abc]",
    "[a-c0-9]",
    "[^\\]]",
    "[a\\-c]",
    "[-a]",
    "[é-漢]",
    "[^ -~]",
    "[\\^a]",
    '["&&~@#<>]',
    "[😀𝐀]",
]
QUANTIFIERS = ["?", "*", "+", "{2}", "{1,3}", "{0,2}", "{2,}", "{0,}", "{1}"]


def written(chance: random.Random, depth: int = 3) -> str:
    """The text of a pattern of the grammar."""
    kind = chance.random()
    if depth and kind < 0.25:
        item = f"({'|'.join(written(chance, depth - 1) for _ in range(chance.randint(1, 3)))})"
    elif kind < 0.45:
        item = chance.choice(CLASSES)
    else:
        item = chance.choice(ATOMS)
    if chance.random() < 0.3:
        item += chance.choice(QUANTIFIERS)
    return item + (written(chance, depth) if chance.random() < 0.5 else "")


def near(chance: random.Random, text: str) -> str:
    """A value that the pattern of this text may have, or may just not have."""
    letters = [each for each in text if each not in "?*+|(){}[]\\^."] or ["a"]
    return "".join(chance.choices(letters, k=chance.randint(0, 8)))


@pytest.fixture(scope="module")
def values() -> list[str]:
    chance = random.Random(11)
    short = ["".join(chance.choices(SIGNS + LETTERS, k=chance.randint(0, 4))) for _ in range(500)]
    near_ones = [near(chance, written(chance)) for _ in range(1_500)]
    runs = [chance.choice("abc0é😀") * chance.randint(1, 9) for _ in range(100)]
    return sorted({*short, *near_ones, *runs, *SIGNS, *LETTERS, ""})


@pytest.fixture(scope="module")
def matching(elasticsearch: Elasticsearch, values: list[str]) -> Iterator[Callable[[Sequence[Any]], list[set[str]]]]:
    """A function from queries on the field `value` to the values that the server finds for each."""
    index = f"patterns-{uuid.uuid4().hex}"
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    elasticsearch.indices.create(
        index=index, settings=settings, mappings={"properties": {"value": {"type": "keyword"}}}
    )
    operations = [line for key, each in enumerate(values) for line in ({"index": {"_id": str(key)}}, {"value": each})]
    assert not elasticsearch.bulk(index=index, operations=operations, refresh=True)["errors"]

    def search(queries: Sequence[Any]) -> list[set[str]]:
        found: list[set[str]] = []
        for start in range(0, len(queries), 200):
            searches = [
                line
                for query in queries[start : start + 200]
                for line in ({}, {"query": query, "size": len(values), "_source": False})
            ]
            reply = elasticsearch.msearch(
                index=index, searches=searches, filter_path="responses.hits.hits._id,responses.error,responses.status"
            )
            for response in reply["responses"]:
                assert "error" not in response, response
                found.append({values[int(hit["_id"])] for hit in response.get("hits", {}).get("hits", [])})
        return found

    yield search
    elasticsearch.indices.delete(index=index)


@pytest.fixture(scope="module")
def matching_in_duckdb(values: list[str]) -> Iterator[Callable[[str, Sequence[str]], list[set[str]]]]:
    """A function from a condition and its parameters to the values for which it holds with each parameter."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest(?::VARCHAR[]) AS value", [values])

        def search(condition: str, parameters: Sequence[str]) -> list[set[str]]:
            query = f"SELECT value FROM t WHERE {condition}"
            return [{value for (value,) in connection.execute(query, [each]).fetchall()} for each in parameters]

        yield search


@pytest.fixture(scope="module")
def patterns() -> list[Pattern]:
    """Generated patterns, each within the limits."""
    chance = random.Random(12)
    return accepted(parse, sorted({written(chance) for _ in range(2_000)}))


def regexp(pattern: Pattern) -> dict[str, Any]:
    return {"regexp": {"value": {"value": pattern.lucene(), "flags": "NONE"}}}


def differing(patterns: Sequence[Pattern], found: Sequence[set[str]], values: list[str]) -> list[tuple[str, set[str]]]:
    """The first few patterns that we read otherwise, with the values in question."""
    pairs = [
        (pattern.text, theirs ^ ours)
        for pattern, theirs in zip(patterns, found, strict=True)
        if theirs != (ours := set(filter(pattern.matches, values)))
    ]
    return pairs[:3]


def test_generated_patterns_match_as_on_the_server(
    matching: Callable[[Sequence[Any]], list[set[str]]], patterns: list[Pattern], values: list[str]
) -> None:
    found = matching([regexp(pattern) for pattern in patterns])
    assert differing(patterns, found, values) == []
    assert sum(map(bool, found)) > len(patterns) / 4


def test_generated_patterns_match_as_in_re2(
    matching_in_duckdb: Callable[[str, Sequence[str]], list[set[str]]], patterns: list[Pattern], values: list[str]
) -> None:
    found = matching_in_duckdb("regexp_full_match(value, ?, 's')", [pattern.re2() for pattern in patterns])
    assert differing(patterns, found, values) == []


def test_generated_shapes_match_as_on_the_server(
    matching: Callable[[Sequence[Any]], list[set[str]]], values: list[str]
) -> None:
    chance = random.Random(13)
    texts = {"".join(chance.choices("**??" + SIGNS + LETTERS, k=chance.randint(0, 5))) for _ in range(800)}
    texts |= {chance.choice(values).replace(chance.choice(LETTERS), chance.choice("*?")) for _ in range(600)}
    texts.discard("")
    shapes = [parse_like(text) for text in sorted(texts)]
    found = matching([{"wildcard": {"value": shape.text.replace("\\", "\\\\")}} for shape in shapes])
    assert differing(shapes, found, values) == []
    assert sum(map(bool, found)) > len(shapes) / 4


def test_escaped_text_is_found_literally(
    matching: Callable[[Sequence[Any]], list[set[str]]], values: list[str]
) -> None:
    chance = random.Random(14)
    texts = sorted({*chance.sample(values, 200), *SIGNS})
    parts = [{"wildcard": {"value": f"*{escape_wildcard(text)}*"}} for text in texts]
    assert matching(parts) == [{value for value in values if text in value} for text in texts]


def heavy(chance: random.Random, depth: int = 3) -> str:
    """A pattern that needs many states, often too many."""
    if depth and chance.random() < 0.4:
        item = f"({'|'.join(heavy(chance, depth - 1) for _ in range(chance.randint(1, 3)))})"
    else:
        item = chance.choice(["a", "b", "(ab)", ".", "[ab]", "[^a]", "[a-z]", "😀", "[é-😀]"])
    if chance.random() < 0.5:
        many = chance.randint(1, 60)
        item += chance.choice(["*", "+", "?", f"{{{many}}}", f"{{0,{many}}}", f"{{{many // 3},}}"])
    return item + (heavy(chance, depth) if chance.random() < 0.6 else "")


def accepted(read: Callable[[str], Pattern], texts: Sequence[str]) -> list[Pattern]:
    """The patterns of those texts that are not refused."""
    patterns = []
    for text in texts:
        with contextlib.suppress(PatternRefusedError):
            patterns.append(read(text))
    return patterns


def test_the_server_takes_every_pattern_that_we_take(matching: Callable[[Sequence[Any]], list[set[str]]]) -> None:
    chance = random.Random(15)
    texts = [heavy(chance) for _ in range(400)]
    texts += [f"(a|b)*a(a|b){{{many}}}" for many in range(1, 20)] + [f".*a.{{{many}}}b" for many in range(1, 20)]
    patterns = accepted(parse, texts)
    assert len(texts) / 4 < len(patterns) < len(texts)
    assert len(matching([regexp(pattern) for pattern in patterns])) == len(patterns)


def test_the_server_takes_every_shape_that_we_take(matching: Callable[[Sequence[Any]], list[set[str]]]) -> None:
    chance = random.Random(16)
    texts = ["".join(chance.choices("ab*?", weights=[4, 2, 1, 1], k=chance.randint(5, 256))) for _ in range(150)]
    texts += [f"*a{'?' * many}" for many in range(1, 20)] + [f"*{'a' * many}" for many in range(5, MAX_LENGTH, 25)]
    texts.append("".join(f"*{chr(200 + number)}" for number in range(MAX_LENGTH // 2)))
    shapes = accepted(parse_like, texts)
    assert len(texts) / 4 < len(shapes) < len(texts)
    assert len(matching([{"wildcard": {"value": shape.text}} for shape in shapes])) == len(shapes)


@pytest.mark.parametrize("text", ["a" * MAX_LENGTH, "ab" * (MAX_LENGTH // 2), "*" * MAX_LENGTH])
def test_the_server_takes_the_longest_parts(matching: Callable[[Sequence[Any]], list[set[str]]], text: str) -> None:
    escaped = escape_wildcard(text)
    assert matching([{"wildcard": {"value": f"*{escaped}"}}, {"wildcard": {"value": f"*{escaped}*"}}]) == [set(), set()]
