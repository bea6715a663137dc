"""The server's own analysis of text, many texts to a request."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

MAX_TOKENS: Final = 10_000_000
BATCH_UNITS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the server made it; its span and position count from the start of its own text, in code points."""

    text: str
    span: tuple[int, int]
    position: int


class Analyzer:
    """Asks the server's `standard` analyser and its lower-casing, over an index of its own that `close` deletes."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._index = f"analysis-{uuid.uuid4().hex}"
        client.indices.create(
            index=self._index,
            settings={
                "number_of_shards": 1,
                "number_of_replicas": 0,
                "index.analyze.max_token_count": MAX_TOKENS,
                "analysis": {"normalizer": {"lower": {"type": "custom", "filter": ["lowercase"]}}},
            },
        )

    def close(self) -> None:
        """Nothing; the index is gone."""
        self._client.indices.delete(index=self._index)

    def words(self, texts: Iterable[str]) -> list[list[str]]:
        """The tokens of each text, as text alone."""
        found: list[list[str]] = []
        for batch in _batches(texts):
            starts = _starts(batch)
            words: list[list[str]] = [[] for _ in batch]
            number = 0
            for token in self._ask({"analyzer": "standard", "text": batch}, "tokens.token,tokens.start_offset"):
                while token["start_offset"] >= starts[number + 1]:
                    number += 1
                words[number].append(token["token"])
            found += words
        return found

    def analyze(self, texts: Iterable[str]) -> list[list[Token]]:
        """The tokens of each text, with their places."""
        return [tokens for batch in _batches(texts) for tokens in self._tokens(batch)]

    def lowered(self, texts: Sequence[str]) -> list[str]:
        """Each text, none empty, lower-cased as the server does it to keywords."""
        return [token["token"] for token in self._ask({"normalizer": "lower", "text": texts}, "tokens.token")]

    def _tokens(self, texts: Sequence[str]) -> list[list[Token]]:
        starts = _starts(texts)
        found: list[list[Token]] = [[] for _ in texts]
        number, first, places = -1, 0, {0: 0}
        for token in self._ask({"analyzer": "standard", "text": texts}, "tokens"):
            if number < 0 or token["start_offset"] >= starts[number + 1]:
                while token["start_offset"] >= starts[number + 1]:
                    number += 1
                first = token["position"]
                places = {offset: place for place, offset in enumerate(_offsets(texts[number]))}
            begin, end = (places[token[side] - starts[number]] for side in ("start_offset", "end_offset"))
            found[number].append(Token(token["token"], (begin, end), token["position"] - first))
        return found

    def _ask(self, request: dict[str, Any], fields: str) -> list[dict[str, Any]]:
        reply = self._client.indices.analyze(index=self._index, filter_path=fields, body=request)
        tokens: list[dict[str, Any]] = reply.get("tokens", [])
        return tokens


def _offsets(text: str) -> list[int]:
    """Where each code point begins, and the text ends, in UTF-16 units."""
    return [0, *accumulate(1 + (character > "\uffff") for character in text)]


def _starts(texts: Sequence[str]) -> list[int]:
    """Where the server counts each text to begin, in UTF-16 units; it leaves a gap of one after each text."""
    return [0, *accumulate(len(text) + sum(character > "\uffff" for character in text) + 1 for text in texts)]


def _batches(texts: Iterable[str]) -> Iterable[list[str]]:
    batch: list[str] = []
    units = 0
    for text in texts:
        batch.append(text)
        units += len(text)
        if units > BATCH_UNITS:
            yield batch
            batch, units = [], 0
    if batch:
        yield batch
