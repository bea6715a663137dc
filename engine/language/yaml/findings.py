"""What is said about YAML as written: each function takes the facts and makes the finding."""

from __future__ import annotations

import json
import re

from ...diagnostics import Edit, Finding, Fix, Related, Span, nearest
from .scalars import other_reading
from .spans import Source

_TAG = re.compile(r"(?:&\S+\s+)?(!(?:<[^>]*>|[^\s,\[\]{}]*))[ \t]*")
_STANDARD_TAG = re.compile(r"!!(?:str|map|seq|int|float|bool|null)")
_SHOWN = 40


def too_large(file: str, most: int) -> Finding:
    """A file beyond the bound of bytes."""
    return Finding(
        "Y041", f"`{file}` has more than {most:,} bytes; expected no more in one file", Span(file, 1, 1, 1, 1)
    )


def ambiguous(source: Source, text: str, start: int, end: int) -> Finding:
    """A plain scalar that YAML 1.1 reads as something else."""
    span = source.span(start, end)
    return Finding(
        "Y010",
        f"`{text}` is text here, but {other_reading(text)} to a reader of YAML 1.1",
        span,
        label="put it in quotes",
        fix=_quoting(span, text),
    )


def out_of_range(source: Source, text: str, start: int, end: int) -> Finding:
    """An integer that 64 bits do not hold."""
    span = source.span(start, end)
    message = f"`{clip(text)}` is beyond 64 bits; expected a number between -2^63 and 2^63 - 1"
    help_ = ("an identifier is text and goes in quotes",)
    return Finding("Y012", message, span, help=help_, fix=_quoting(span, text) if len(text) <= _SHOWN else None)


def not_finite(source: Source, text: str, start: int, end: int) -> Finding:
    """Infinity, not-a-number, or a number so large that it becomes infinity."""
    what = "is too large for a 64-bit floating point number" if text[-1:].isdigit() else "is not a finite number"
    return Finding("Y013", f"`{clip(text)}` {what}; expected a finite one", source.span(start, end))


def twice(source: Source, key: str, here: tuple[int, int], first: tuple[int, int]) -> Finding:
    """A key that its mapping already has."""
    return Finding(
        "Y020",
        f"`{clip(key)}` is written twice in one mapping; expected each key once",
        source.span(*here),
        label="again here",
        related=(Related(f"`{clip(key)}` is first written here", source.span(*first)),),
    )


def key_not_text(source: Source, text: str, value: object, start: int, end: int) -> Finding:
    """A plain key that is a number, a boolean or null."""
    what = {bool: "a boolean", type(None): "null"}.get(type(value), "a number")
    span = source.span(start, end)
    if not text:
        return Finding("Y021", "`:` has no key before it; expected a text", source.span(start, start + 1))
    return Finding("Y021", f"`{clip(text)}` as a key is {what}; expected text", span, fix=_quoting(span, text))


def key_not_scalar(source: Source, start: int, what: str) -> Finding:
    """A list, a mapping or an alias as a key."""
    helps: tuple[str, ...] = ()
    if source.text.startswith("{{", start - 1) or source.text.startswith("{{", start):
        helps = ("a template in `{{` and `}}` is text and goes in quotes",)
    return Finding(
        "Y022", f"`{source.text[start]}` begins {what} as a key; expected text", _at(source, start), help=helps
    )


def merge_key(source: Source, start: int, end: int) -> Finding:
    """`<<` as a key."""
    return Finding(
        "Y032",
        "`<<` merges another mapping only in YAML 1.1; expected the keys themselves",
        source.span(start, end),
        help=("write the keys out, or refer to the shared part by its name",),
    )


def tag_finding(source: Source, start: int, plain: tuple[str, int] | None) -> Finding:
    """A node with a tag; `plain` is, for a plain scalar, its text and where it ends."""
    found = _TAG.match(source.text, start)
    begin, stop, after = (found.start(1), found.end(1), found.end()) if found else (start, start + 1, start + 1)
    tag = source.text[begin:stop]
    fix = None
    if tag in {"!!str", "!"} and plain:
        fix = Fix("write it in quotes", (Edit(source.span(begin, plain[1]), quote(plain[0])),))
    elif _STANDARD_TAG.fullmatch(tag):
        fix = Fix("delete the tag", (Edit(source.span(begin, after), ""),))
    message = f"`{clip(tag)}` is a tag; expected the value alone"
    help_ = ("a text that begins with `!` goes in quotes",)
    return Finding("Y031", message, source.span(begin, stop), help=help_, fix=fix)


def name_goes_on(source: Source, sign: str, start: int, end: int) -> Finding:
    """The name of an anchor, or of an alias, with a character behind it that YAML 1.2 counts as part of it."""
    name, behind = source.text[start:end], source.text[end]
    message = f"`{sign}{clip(name)}` goes on with `{behind}`, where readers differ; expected a space after the name"
    help_ = (f"a text that begins with `{sign}` goes in quotes",)
    return Finding("Y035", message, source.span(start - 1, end + 1), help=help_)


def unknown_alias(source: Source, name: str, start: int, end: int, known: list[str]) -> Finding:
    """An alias to an anchor that was not set before."""
    near = nearest(name, known)
    helps = (f"the nearest anchor is `&{near}`",) if near else ("a text that begins with `*` goes in quotes",)
    message = f"`*{clip(name)}` refers to nothing; expected `&{clip(name)}` before it in this document"
    return Finding("Y033", message, source.span(start, end), help=helps)


def endless_alias(source: Source, name: str, start: int, end: int) -> Finding:
    """An alias inside the value it stands for."""
    message = f"`*{clip(name)}` stands inside the value that it refers to; expected a value that ends"
    return Finding("Y030", message, source.span(start, end))


def directive(source: Source, start: int, version: tuple[int, int] | None) -> Finding:
    """A `%YAML` line for another version, or a `%TAG` line."""
    what = f"`%YAML {version[0]}.{version[1]}`" if version else "`%TAG`"
    return Finding("Y034", f"{what} is set here; expected YAML 1.2 without tags", _line(source, start))


def too_deep(source: Source, start: int, most: int) -> Finding:
    """A collection nested beyond the bound."""
    shown = source.text[start : start + 1]
    return Finding("Y040", f"`{shown}` begins level {most + 1} of nesting; expected at most {most}", _at(source, start))


def too_deep_by_alias(source: Source, name: str, start: int, end: int, most: int) -> Finding:
    """An alias whose value takes the nesting beyond the bound."""
    message = f"`*{clip(name)}` takes the nesting beyond {most} levels; expected at most {most}"
    return Finding("Y040", message, source.span(start, end))


def too_many(source: Source, start: int, most: int, what: str) -> Finding:
    """More values or documents than a file may have."""
    message = f"`{source.file}` has more than {most:,} {what}; expected at most {most:,}"
    return Finding("Y042", message, _at(source, start), label="reading stopped here")


def too_many_by_alias(source: Source, name: str, start: int, end: int, most: int) -> Finding:
    """An alias that takes the file beyond the number of values, or the size of text, that it may have."""
    message = f"`*{clip(name)}` repeats too much; expected at most {most:,} values and 2 MiB of text in a file"
    return Finding("Y042", message, source.span(start, end), label="reading stopped here")


def too_long(source: Source, start: int, length: int, most: int) -> Finding:
    """A scalar beyond the bound of characters."""
    shown = clip(source.text[start : start + _SHOWN + 1].splitlines()[0])
    message = f"`{shown}` begins a text of {length:,} characters; expected at most {most:,}"
    return Finding("Y043", message, _line(source, start))


def no_character(source: Source, start: int, end: int) -> Finding:
    """An escape in double quotes that makes U+0000 or, where the parser lets it pass, half of a pair in UTF-16."""
    message = f"`{source.text[start:end]}` makes no character that a store takes; expected text"
    return Finding("Y057", message, source.span(start, end))


def quote(text: str) -> str:
    """The text as a scalar in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def clip(text: str) -> str:
    """The text, cut where it is too long to be shown in a message."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _quoting(span: Span, text: str) -> Fix:
    return Fix(f"write `{clip(quote(text))}`", (Edit(span, quote(text)),))


def _at(source: Source, offset: int) -> Span:
    return source.span(offset, min(offset + 1, max(len(source.text), offset)))


def _line(source: Source, offset: int) -> Span:
    end = offset
    while end < len(source.text) and source.text[end] not in "\r\n":
        end += 1
    return source.span(offset, end)
