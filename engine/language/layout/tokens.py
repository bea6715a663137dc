"""The parser's tokens as plain values: what stands where, blanks and comments being what lies between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.tokens import BlockEndToken, ScalarToken, StreamEndToken, StreamStartToken

_BLANK = " \t\r\n"
_COMMENT = re.compile(r"#[^\r\n]*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind as PyYAML calls it, without `Token`, and the offsets where it begins and ends."""

    kind: str
    start: int
    end: int
    keeps_blank_lines: bool = False
    block_scalar: bool = False


def tokens_of(text: str) -> list[Token]:
    """All tokens of a text that can be read, those of the stream itself left out; `yaml.YAMLError` where it cannot."""
    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    return [_token(each, text) for each in yaml.scan(text, loader) if not isinstance(each, _OF_STREAM)]


_OF_STREAM = (StreamStartToken, StreamEndToken)


def _token(token: yaml.Token, text: str) -> Token:
    kind = type(token).__name__.removesuffix("Token")
    start, end = token.start_mark.index, token.end_mark.index
    if isinstance(token, BlockEndToken):
        return Token(kind, start, start)
    if not isinstance(token, ScalarToken):
        return Token(kind, start, end)
    header = _BLOCK_HEADER.match(text, start) if not token.plain else None
    keeps = bool(header) and "+" in text[start : header.end() if header else start]
    if not keeps:
        end = start + len(text[start:end].rstrip(_BLANK))
    return Token(kind, start, end, keeps_blank_lines=keeps, block_scalar=bool(header))


def has_written_key(tokens: list[Token]) -> bool:
    """Whether a key is written with `?`, which takes its value out of the line."""
    return any(each.kind == "Key" and each.end > each.start for each in tokens)


def gaps(tokens: list[Token], text: str) -> Iterator[tuple[int, int]]:
    """The offsets from and up to what lies before, between and after tokens."""
    offset = 0
    for token in tokens:
        if token.start > offset:
            yield offset, token.start
        offset = max(offset, token.end)
    if offset < len(text):
        yield offset, len(text)


def comments_of(text: str) -> list[str]:
    """All comments of a text, in order, without blanks at their ends."""
    tokens = tokens_of(text)
    found = (_COMMENT.finditer(text, start, end) for start, end in gaps(tokens, text))
    heads = (_COMMENT.search(_header_line(text, each)) for each in tokens if each.block_scalar)
    return [each.group().rstrip() for run in found for each in run] + [each.group().rstrip() for each in heads if each]


def _header_line(text: str, token: Token) -> str:
    """The first line of a block scalar, where a comment may stand."""
    return text[token.start : token.end].split("\n", 1)[0]
