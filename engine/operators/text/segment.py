"""Tokens of a text, exactly those of Elasticsearch's `standard` analyser.

The rules are those of Unicode's word boundaries (UAX #29) with what Lucene's tokenizer adds: runs of South-East Asian
script, single ideographs and emoji sequences are tokens. A text is translated to one letter per code point, its class,
and a regular expression over these letters finds the tokens. It never has two ways to match, so its first match is the
longest.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ..code_points import CodePointTable
from ..pinned_unicode import lower
from .word_classes import RUNS

MAX_UNITS: Final = 255
"""Length in UTF-16 units at which a token is cut; the rest makes further tokens."""

_STRETCH: Final = 1_000
_CLASSES: Final = CodePointTable(RUNS, {letter: ord(letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})

# The letters of the classes: A letter, H Hebrew letter, N digit, K Katakana, I ideograph or Hiragana, S South-East
# Asian letter, F low line and its like, V B J O what may stand within words and numbers (colon, full stop, comma,
# apostrophe), W quotation mark, E emoji, L letter and emoji, R regional indicator, G the keycap bases # and *, Y
# everything else. What extends the character before it: D South-East Asian mark, X mark, Z joiner, P text
# presentation, Q emoji presentation, C keycap, T tag, U end of tags, M skin tone; the emoji rules set P and Q apart.
_EXT: Final = "[DXZPQCTUM]*+"
_EXT_BUT_PRESENTATION: Final = "[DXZCTUM]*+"


def _word() -> str:
    """The pattern of words and numbers.

    Lucene reads a quotation mark between Hebrew letters, or an apostrophe after one, only where that letter does not
    itself follow a colon, full stop or apostrophe, and nothing but letters and digits after the second letter.
    """
    digits = f"N{_EXT}(?:[BJO]{_EXT}N{_EXT})*+"
    letters = f"[AHL]{_EXT}(?:[VBO]{_EXT}[AHL]{_EXT})*+"
    hebrew = f"H{_EXT}(?:O{_EXT}|W{_EXT}H{_EXT})"
    katakana = f"(?:K{_EXT})++"
    part = f"(?:{katakana}|(?:{digits}|{hebrew}|{letters})++)"
    low_line = f"(?:F{_EXT})"
    return f"{low_line}*+{part}(?:{low_line}++{part})*+{low_line}*+"


def _emoji() -> str:
    """The pattern of emoji: one, several with joiners between, one with tags, a keycap, or a flag."""
    one = f"(?:Z*+[EL]{_EXT_BUT_PRESENTATION}Q?+|M{_EXT_BUT_PRESENTATION})"
    joined = f"(?:(?:(?<=Z)|Z){one})*+"
    keycap = f"G(?:{_EXT_BUT_PRESENTATION}QC|(?=[DXZTUM]*+C)){_EXT_BUT_PRESENTATION}"
    return f"{one}(?:T++U|{joined})|{keycap}|R{_EXT}R{_EXT}"


@cache
def _rules() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Compiled on first use: words and all else that is not an emoji; emoji; either, or what makes no token."""
    word = f"{_word()}|[SD]{_EXT.replace('[', '[S')}|I{_EXT}"
    # A run of low lines or joiners that begins no token is passed over at once, not once for each character.
    return re.compile(word), re.compile(_emoji()), re.compile(f"{word}|{_emoji()}|(?P<none>F++|Z++)")


@cache
def _plain() -> re.Pattern[str]:
    """The rule of words for lower-case ASCII, but that a run of low lines alone matches too; compiled on first use."""
    within = r"[.:'](?<=[a-z].)(?=[a-z])|[.,;'](?<=[0-9].)(?=[0-9])"
    return re.compile(rf"\w+(?:(?:{within})\w+)*", re.ASCII)


def tokens(text: str) -> list[str]:
    """The tokens in their order, lower-cased, each of at most 255 UTF-16 units."""
    if not text.isascii():
        return _tokens(text)
    text = text.lower()
    if text.replace(" ", "").isalnum():
        found = text.split()
    else:
        found = _plain().findall(text)
        if "_" in text:
            found = [token for token in found if token.strip("_")]
    if len(text) > MAX_UNITS and any(len(token) > MAX_UNITS for token in found):
        return _tokens(text)
    return found


def token_set(text: str) -> frozenset[str]:
    """The distinct tokens."""
    return frozenset(tokens(text))


def _tokens(text: str) -> list[str]:
    """The tokens of any text, by all the rules."""
    classes = text.translate(_CLASSES)
    text = lower(text)
    # What makes no token may be looked at again from each of its characters, up to the next Y. Long stretches go one
    # by one, where only a window is looked at, so that the time is linear for hostile texts too.
    if "L" in classes or (len(text) > _STRETCH and max(map(len, classes.split("Y"))) > _STRETCH):
        return _one_by_one(text, classes)
    found: list[str] = []
    for match in _rules()[2].finditer(classes):
        start, end = match.span()
        if (end - start) * 2 > MAX_UNITS and end > _window(text, start):
            return found + _one_by_one(text[start:], classes[start:])
        if match.lastgroup is None:
            found.append(text[start:end])
    return found


def _one_by_one(text: str, classes: str) -> list[str]:
    """The tokens, each matched in its window, the longer one where a letter is also an emoji."""
    word, emoji, _ = _rules()
    found: list[str] = []
    start, size = 0, len(text)
    while start < size:
        window = _window(text, start)
        ends = [match.end() for rule in (word, emoji) if (match := rule.match(classes, start, window))]
        end = max(ends, default=0)
        if end:
            found.append(text[start:end])
        start = end or start + 1
    return found


def _window(text: str, start: int) -> int:
    """Where a token that begins at `start` must end at the latest."""
    ahead = text[start : start + MAX_UNITS]
    units = ahead.encode("utf-16-le", "surrogatepass")
    if len(units) > 2 * MAX_UNITS:
        ahead = units[: 2 * MAX_UNITS].decode("utf-16-le", "ignore")  # a pair that is cut in half stays out
    return start + len(ahead)
