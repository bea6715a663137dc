"""Writes `engine/operators/text/word_classes.py`: the word-break class of every code point, learnt from the server.

Each code point stands for `?` in a few short texts; the places where the server's `standard` analyser puts tokens tell
the classes apart, and one well-known member names each class.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

from elasticsearch import Elasticsearch

from engine.operators.code_points import written_runs
from tests.servers.analyzed import Analyzer
from tests.servers.elasticsearch import running_server

from .generated import write_module

TARGET = Path("engine/operators/text/word_classes.py")
DOCSTRING = "Classes of code points as Elasticsearch's `standard` analyser tells them apart; named in `segment.py`."
BATCH = 4096

PROBES = (
    *("?", "??", "a?", "?a", "a?b", "a:?", "1?", "?1", "1?2", "1,?", "_?", "?_", "_?a", "カ?", "?カ", "漢?"),
    *("א?", "א?ב", '?"א', '?"', "?'", "א'?", "א:?'", "ก?", "?ก", "ก?ก", "🇦?", "🇦?🇦", "#?", "#\ufe0f?"),
    *("❤?", "❤?❤", "❤?\u0301", "❤\u0301?", "❤\ufe0f?", "❤\ufe0f?❤", "❤\ufe0f?\u0301", "☝?", "?🏽"),
    *("?\u0301", "?\ufe0f", "?\u20e3", "?\ufe0f\u20e3", "\u200d?", "\u200d\u200d?", "?\u200d❤", "?\u200d?"),
    *("?\ufe0f\u200d?", "❤\ufe0f?\U000e007f", "❤\ufe0f\U000e0067?", "?\U000e0067\U000e007f"),
    "?\ufe0f\U000e0067\U000e007f",
)
MEMBERS = {
    "A": "a",  # letter
    "H": "א",  # Hebrew letter
    "N": "1",  # digit
    "K": "カ",  # Katakana
    "I": "漢",  # ideograph, Hiragana
    "S": "ก",  # South-East Asian letter
    "D": "ั",  # South-East Asian mark, which also extends what stands before it
    "F": "_",  # extends numbers and letters
    "V": ":",  # between letters
    "B": ".",  # between letters, between digits
    "J": ",",  # between digits
    "O": "'",  # between letters, between digits, after a Hebrew letter
    "W": '"',  # between Hebrew letters
    "X": "\u0301",  # extends what stands before it
    "Z": "\u200d",  # joiner
    "P": "\ufe0e",  # text presentation
    "Q": "\ufe0f",  # emoji presentation
    "C": "\u20e3",  # keycap
    "T": "\U000e0067",  # tag
    "U": "\U000e007f",  # end of tags
    "E": "❤",  # emoji
    "L": "\u2139",  # letter and emoji
    "M": "🏽",  # skin tone
    "R": "🇦",  # regional indicator
    "G": "#",  # keycap base that is no digit
    "Y": " ",  # everything else
}

Signature = tuple[tuple[tuple[int, int], ...], ...]


def signatures(analyzer: Analyzer, code_points: list[int]) -> Iterator[Signature]:
    """For each code point, for each probe, where its tokens begin and end, in code points."""
    texts = [probe.replace("?", chr(code_point)) for code_point in code_points for probe in PROBES]
    spans = [tuple(token.span for token in tokens) for tokens in analyzer.analyze(texts)]
    for start in range(0, len(spans), len(PROBES)):
        yield tuple(spans[start : start + len(PROBES)])


def classes(analyzer: Analyzer) -> list[str]:
    """The class letter of every code point, in order. Surrogates count as everything else."""
    known = dict(zip(signatures(analyzer, [ord(member) for member in MEMBERS.values()]), MEMBERS, strict=True))
    found: list[str] = []
    for first in range(0, sys.maxunicode + 1, BATCH):
        batch = [" " if 0xD800 <= each <= 0xDFFF else chr(each) for each in range(first, first + BATCH)]
        found += [known[signature] for signature in signatures(analyzer, [ord(each) for each in batch])]
        sys.stderr.write(f"\r{len(found) / (sys.maxunicode + 1):4.0%} of all code points")
    return found


if __name__ == "__main__":
    with running_server(uuid.uuid4().hex) as url, Elasticsearch(url, request_timeout=60) as client:
        write_module(TARGET, DOCSTRING, "tools.word_classes", written_runs(classes(Analyzer(client))))
