"""Whether a text that cannot be read as an event names a customer, however it writes the id.

What has become a broken event may be cut off, written with escapes, escaped twice as JSON in JSON, in another normal
form or in another encoding. The id is found where it stands in quotes, or as a number behind the name of the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..operators.pinned_unicode import nfc

DEPTH: Final = 4  # JSON in JSON in JSON

_ESCAPE: Final = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\'\\/bfnrt]))')
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


def mentions(raw: bytes, customer: str, key: str) -> bool:
    """Whether the text names the customer, whose id is in NFC; `key` is the name of the customer's key in events."""
    told = [f'"{customer}"', f"'{customer}'"]
    number = None
    if _NUMBER.fullmatch(customer):
        number = re.compile(rf"""["']{re.escape(key)}["']\s*:\s*{re.escape(customer)}(?![\w.+-])""")
    return any(
        any(each in text for each in told) or (number is not None and number.search(text) is not None)
        for text in _readings(raw)
    )


def _readings(raw: bytes) -> Iterator[str]:
    """The text as it may have been meant: in each encoding that fits, with escapes taken away again and again."""
    for text in _decodings(raw):
        for _ in range(DEPTH):
            yield nfc(text)
            plain = _unescape(text)
            if plain == text:
                break
            text = plain  # noqa: PLW2901 - the next reading of the same text


def _decodings(raw: bytes) -> Iterator[str]:
    yield raw.decode("utf-8", "replace")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        yield raw.decode("latin-1")
    if b"\0" in raw:
        for shift in (0, 1):  # either byte may be the first one of a text that was cut
            yield raw[shift:].decode("utf-16-le", "replace")
            yield raw[shift:].decode("utf-16-be", "replace")


def _unescape(text: str) -> str:
    plain = _ESCAPE.sub(_meant, text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _meant(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _SHORT.get(found[2], found[2])
