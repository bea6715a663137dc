"""The parser's complaints, said again in our words and pointed at what the author has to change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import yaml
from yaml.tokens import (
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
)

from ...diagnostics import Edit, Finding, Fix, Related
from .spans import Source

_SHOWN = 40
_HALF = "half of a pair in UTF-16 is not a character; write the character itself"
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class _Complaint:
    """Where the parser stopped, and where the construct began that it was in the middle of."""

    source: Source
    offset: int
    began: int

    @property
    def shown(self) -> str:
        """The character or word at the place, in backticks, or words for the end of the file."""
        text = self.source.text
        word = re.compile(r"[^\s,:\[\]{}\"']+|.").match(text, self.offset)
        return f"`{word.group()[:_SHOWN]}`" if word else "the end of the file"

    def finding(self, code: str, message: str, *help_: str, at: int | None = None, began: str = "") -> Finding:
        """A finding of one character at the place, with the beginning of the construct as a second place."""
        offset = self.offset if at is None else at
        span = self.source.span(offset, min(offset + 1, max(len(self.source.text), offset)))
        second = self.source.span(self.began, min(self.began + 1, len(self.source.text)))
        related = (Related(began, second),) if began and self.began >= 0 and self.began != offset else ()
        return Finding(code, message, span, help=help_, related=related)


def syntax_finding(error: yaml.YAMLError, source: Source) -> Finding:
    """The finding for an error that ended the parser's work."""
    context = str(getattr(error, "context", None) or "")
    problem = str(getattr(error, "problem", None) or "")
    mark, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    offset = min(mark.index, len(source.text)) if mark else 0
    complaint = _Complaint(source, offset, min(began.index, len(source.text)) if began else -1)
    for pattern, tell in _RULES:
        if pattern.search(f"{context}: {problem}"):
            return tell(complaint)
    return _unexpected_finding(complaint)


def _unexpected_finding(at: _Complaint) -> Finding:
    return at.finding("Y070", f"{at.shown} does not fit what is written before it; expected a key, an entry or a value")


def _tab_or_character(at: _Complaint) -> Finding:
    character = at.source.text[at.offset : at.offset + 1]
    if character == "\t":
        return _tab(at)
    message = f"`{character}` begins no plain text; expected quotes around a text that begins with it"
    return at.finding("Y074", message)


def _tab(at: _Complaint) -> Finding:
    return at.finding("Y053", "`\\t` is used for indentation; expected spaces")


def _open_quote(at: _Complaint) -> Finding:
    quote = at.source.text[at.began : at.began + 1]
    return at.finding("Y072", f"`{quote}` opens a text that is not closed; expected `{quote}` at its end", at=at.began)


def _escape(at: _Complaint) -> Finding:
    begin = at.source.text.rfind("\\", 0, at.offset + 1)
    found = re.compile(r"\\(?:[xuU][0-9A-Fa-f]*|.)?").match(at.source.text, max(begin, 0))
    shown = found.group() if found else "\\"
    message = f"`{shown}` is not an escape that makes a character; expected one such as `\\n`, `\\u00e9` or `\\\\`"
    start = max(begin, 0)
    span = at.source.span(start, start + len(shown))
    pair = _PAIR.match(at.source.text, start)
    if pair:
        whole = at.source.span(start, pair.end())
        high, low = int(pair.group(1), 16), int(pair.group(2), 16)
        character = chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        fix = Fix(f"write `{character}`", (Edit(whole, character),))
        return Finding("Y057", message, span, help=(_HALF,), fix=fix)
    half = re.match(r"\\u[dD][89a-fA-F]", shown)
    helps = "a backslash that is meant as such is doubled, or the text goes in single quotes"
    return Finding("Y057", message, span, help=(_HALF if half else helps,))


def _second_colon(at: _Complaint) -> Finding:
    message = "`:` begins a value where there is no key for one; expected one `key: value` on a line"
    return at.finding("Y070", message, "a text with `: ` in it goes in quotes", "check the indentation of this line")


def _no_colon(at: _Complaint) -> Finding:
    start = at.began if at.began >= 0 else at.offset
    line = at.source.text[start:].split("\n", 1)[0].strip()[:_SHOWN]
    return at.finding("Y075", f"`{line}` has no `:` after it; expected `key: value`", at=start)


def _no_key(at: _Complaint) -> Finding:
    return _no_entry(at, "a key", "the keys of a mapping", "`key: value`")


def _no_dash(at: _Complaint) -> Finding:
    return _no_entry(at, "an entry", "the entries of a list", "`- ` before it")


def _no_entry(at: _Complaint, entry: str, entries: str, form: str) -> Finding:
    """Something that continues no mapping or list: words behind a value, another column, or another form."""
    text = at.source.text
    line_start = max(text.rfind("\n", 0, at.offset), text.rfind("\r", 0, at.offset)) + 1
    if text[line_start : at.offset].strip(" \t-?:"):
        message = f"{at.shown} follows a value that is already complete; expected a new line"
        return at.finding(
            "Y070", message, "a quote inside single quotes is doubled, inside double quotes it has a `\\`"
        )
    column, first = at.source.place(at.offset)[1], at.source.place(at.began)[1] if at.began >= 0 else 0
    if column == first:
        return at.finding("Y070", f"{at.shown} stands among {entries}; expected {form}")
    message = f"{at.shown} begins in column {column}; expected the column of {entry} above it"
    return at.finding("Y071", message, began=f"{entries} begin here, in column {first}")


def _open_bracket(at: _Complaint) -> Finding:
    opening = at.source.text[at.began : at.began + 1] if at.began >= 0 else "["
    closing = {"[": "]", "{": "}"}.get(opening, "]")
    if at.offset >= len(at.source.text.rstrip(" \t\r\n")):
        message = f"`{opening}` is not closed; expected `{closing}` before the end of the file"
        return at.finding("Y073", message, at=max(at.began, 0))
    message = f"{at.shown} stands between two entries; expected `,` or `{closing}`"
    return at.finding("Y073", message, began=f"`{opening}` is opened here")


def _last_open(text: str) -> int | None:
    """The offset of the innermost bracket that is open at the end of a text."""
    opened: list[int] = []
    try:
        for token in yaml.scan(text, yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader):
            if isinstance(token, FlowSequenceStartToken | FlowMappingStartToken):
                opened.append(token.start_mark.index)
            elif isinstance(token, FlowSequenceEndToken | FlowMappingEndToken) and opened:
                opened.pop()
    except yaml.YAMLError:
        pass
    return opened[-1] if opened else None


def _no_name(at: _Complaint) -> Finding:
    start = at.began if at.began >= 0 else at.offset
    sign = at.source.text[start : start + 1]
    message = f"`{sign}` begins an anchor or alias without a name of letters and digits; expected a value"
    return at.finding("Y033", message, f"a text that begins with `{sign}` goes in quotes", at=start)


def _tag(at: _Complaint) -> Finding:
    start = at.began if at.began >= 0 else at.offset
    helps = "a text that begins with `!` goes in quotes"
    return at.finding("Y031", "`!` begins a tag; expected the value alone", helps, at=start)


def _directive(at: _Complaint) -> Finding:
    start = at.began if at.began >= 0 else at.offset
    helps = "a text that begins with `%` goes in quotes"
    return at.finding(
        "Y034", "`%` at the beginning of a line sets a directive; expected YAML 1.2 without one", helps, at=start
    )


def _dash(at: _Complaint) -> Finding:
    message = "`-` begins an entry of a list where a list cannot begin; expected it on a line of its own"
    return at.finding("Y070", message, "a text that begins with `- ` goes in quotes")


def _question_mark(at: _Complaint) -> Finding:
    return at.finding("Y070", "`?` begins a key where none can stand; expected `key: value`")


def _no_value(at: _Complaint) -> Finding:
    if at.offset >= len(at.source.text.rstrip(" \t\r\n")):
        opened = _last_open(at.source.text)
        if opened is not None:
            return _open_bracket(replace(at, began=opened))
    message = f"{at.shown} stands where a value should; expected a value"
    if at.source.text[at.offset : at.offset + 1] == "?":
        return at.finding("Y070", message, "a text that begins with `?` goes in quotes")
    return at.finding("Y070", message)


def _no_document(at: _Complaint) -> Finding:
    message = f"{at.shown} follows a document that is already complete; expected `---` or the end of the file"
    return at.finding("Y070", message)


def _block_header(at: _Complaint) -> Finding:
    message = f"{at.shown} follows the sign of a block of text; expected a new line"
    return at.finding(
        "Y070", message, "a text that begins with `|` or `>` goes in quotes", began="the block begins here"
    )


_RULES: list[tuple[re.Pattern[str], Callable[[_Complaint], Finding]]] = [
    (re.compile(pattern), tell)
    for pattern, tell in (
        (r"tab character", _tab),
        (r"cannot start any token", _tab_or_character),
        (r"quoted scalar: found unexpected (end of stream|document indicator|document separator)", _open_quote),
        (r"quoted scalar: |double-quoted scalar: |Unicode character escape", _escape),
        (r"mapping values are not allowed", _second_colon),
        (r"could not find expected ':'", _no_colon),
        (r"(scanning|parsing) a tag|tag handle|tag URI|%TAG", _tag),
        (r"directive|incompatible YAML", _directive),
        (r"scanning an (anchor|alias)", _no_name),
        (r"flow sequence: |flow mapping: ", _open_bracket),
        (r"block mapping: ", _no_key),
        (r"block collection: ", _no_dash),
        (r"sequence entries are not allowed", _dash),
        (r"mapping keys are not allowed", _question_mark),
        (r"node content", _no_value),
        (r"document start", _no_document),
        (r"block scalar: ", _block_header),
    )
]
