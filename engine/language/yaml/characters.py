"""From bytes to text: UTF-8 only, and nothing in it that a reviewer cannot see."""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import islice

from ...diagnostics import Edit, Finding, Fix, Sink
from .spans import Source

_BYTE_ORDER = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff"
_TURNING = "\u202a-\u202e\u2066-\u2069"
_BREAKS = "\x85\u2028\u2029"
_WIDTHLESS = "\u061c\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f"
_JOINERS = "\u200c\u200d"
_ODD = re.compile(f"[{_CONTROL}{_TURNING}{_BREAKS}{_WIDTHLESS}{_JOINERS}]")
_WRONG = re.compile(f"[{_CONTROL}{_TURNING}{_BREAKS}]")
_HIDDEN = re.compile(f"[{_WIDTHLESS}{_JOINERS}]")
_READER_STOPS_AT = re.compile(f"[{_CONTROL}]")
_STANDS_IN = "\ufffd"
_MOST_OF_A_KIND = 100


def decode(data: bytes, file: str, sink: Sink) -> Source | None:
    """The text of a file without byte order mark, or None with a finding where it is not UTF-8.

    Characters that YAML forbids become U+FFFD, each with a finding, so that the rest can still be read.
    """
    for mark, name in _BYTE_ORDER.items():
        if data.startswith(mark):
            span = Source(file, "").span(0, 0)
            sink.add(Finding("Y050", f"`{file}` begins with the byte order mark of {name}; expected UTF-8", span))
            return None
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        _add_bad_byte(error, file, sink)
        return None
    source = Source(file, text)
    if not _ODD.search(text):
        return source
    for pattern in (_WRONG, _HIDDEN):
        for found in islice(pattern.finditer(text), _MOST_OF_A_KIND):
            _add_character(source, found.start(), sink)
    return Source(file, _READER_STOPS_AT.sub(_STANDS_IN, text))


def _add_bad_byte(error: UnicodeDecodeError, file: str, sink: Sink) -> None:
    before = Source(file, error.object[: error.start].decode())
    byte = error.object[error.start]
    span = Source(file, before.text + _STANDS_IN).span(len(before.text), len(before.text) + 1)
    message = f"`0x{byte:02X}` is not part of a character; expected text in UTF-8"
    sink.add(Finding("Y050", message, span, label=f"byte {error.start} of the file"))


def _add_character(source: Source, offset: int, sink: Sink) -> None:
    character = source.text[offset]
    if character in _JOINERS and _joins(source.text, offset):
        return
    code, what = _said_of(character)
    span = source.span(offset, offset + 1)
    name = unicodedata.name(character, "")
    shown = f"`U+{ord(character):04X}`" + (f" ({name.lower()})" if name else "")
    fix = Fix(f"delete U+{ord(character):04X}", (Edit(span, ""),))
    sink.add(Finding(code, f"{shown} {what}", span, fix=fix))


def _said_of(character: str) -> tuple[str, str]:
    if re.match(f"[{_CONTROL}]", character):
        return "Y052", "is a control character; expected text that can be seen"
    if re.match(f"[{_TURNING}]", character):
        return "Y054", "changes the order in which the text around it is shown; expected text in the order it is read"
    if character in _BREAKS:
        return "Y056", "ends a line for some readers and not for others; expected a line feed or an escape"
    return "Y055", "has no width, so no one sees it"


def _joins(text: str, offset: int) -> bool:
    """Whether a joiner stands where writing systems and emoji use it: between two characters beyond ASCII."""
    before, after = text[offset - 1 : offset] or " ", text[offset + 1 : offset + 2] or " "
    return not before.isascii() and not after.isascii()
