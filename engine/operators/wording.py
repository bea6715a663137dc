"""How constants and field names read in English."""

from __future__ import annotations

import re

from ..ir.graph import PPM
from ..ir.instant import format_duration
from ..ir.predicate import Now, Scalar
from ..ir.printable import printable

SHOWN = 12  # values of a list that are spelt out

_PLAIN = re.compile(r"[\w@+-]+(?:\.[\w@+-]+)*")
_UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}


def field_words(path: str) -> str:
    """`lifetime_value` as `lifetime value`; a path `home.city` as `home city`; with digits, `spend_30d`, as it is."""
    return path if any(map(str.isdigit, path)) else path.replace(".", " ").replace("_", " ")


def constant(value: Scalar | Now) -> str:
    """A constant as a person writes it: `1,000`, `true`, `30 days ago`; text that could be misread is quoted."""
    if isinstance(value, Now):
        return moment(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,}".removesuffix(".0")
    return value if _PLAIN.fullmatch(value) and value not in {"and", "or", "not"} else quotation(value)


def quotation(text: str) -> str:
    """Text in quotes on one line: where a character of it is not printable, as JSON writes it."""
    return "“" + printable(text) + "”"


def instant(text: str) -> str:
    """A canonical instant without what is zero: `2026-03-01 09:30 UTC`."""
    day, clock = text[:10], text[11:23]
    clock = clock.removesuffix(".000").removesuffix(":00")
    return f"{day} {clock} UTC"


def count_text(count: int, unit: str) -> str:
    """`1 day`, `30 days`."""
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"


def percent(share: float) -> str:
    """A share as `50 %`, `0.5 %`; never 0 or 100 for what is not quite so."""
    text = f"{share * 100:.1f}".removesuffix(".0")
    if text == "0" and share > 0:
        return "< 0.1 %"
    if text == "100" and share < 1:
        return "> 99.9 %"
    return f"{text} %"


def ppm_percent(parts: int) -> str:
    """Parts per million as a percentage."""
    return percent(parts / PPM)


def duration(ms: int) -> str:
    """`30 days`, `12 hours`."""
    text = format_duration(ms)
    digits = text.rstrip("dhms")
    return count_text(int(digits), _UNITS[text[len(digits) :]])


def moment(now: Now) -> str:
    """A relative instant: `now`, `30 days ago`, `the start of the day 7 days ago (Europe/Berlin)`."""
    if now.unit == "ms":
        if now.amount == 0:
            return "now"
        return f"{duration(-now.amount)} ago" if now.amount < 0 else f"{duration(now.amount)} from now"
    if now.amount == 0:
        return f"the start of today ({now.zone})"
    span = count_text(abs(now.amount), now.unit.removesuffix("s"))
    side = "ago" if now.amount < 0 else "ahead"
    return f"the start of the day {span} {side} ({now.zone})"


def one_of(values: tuple[Scalar, ...]) -> str:
    """Values in a row; a long row ends with how many more there are."""
    shown = [constant(value) for value in values[:SHOWN]]
    if len(values) > SHOWN:
        shown.append(f"{len(values) - SHOWN:,} more")
    return ", ".join(shown)


def sentence_duration(ms: int) -> str:
    """As `duration`, for use after `last` and `next`: `30 days`, `day`."""
    text = duration(ms)
    return text.removeprefix("1 ")


def with_article(noun: str) -> str:
    """`a Segment`, `an Experiment`."""
    return f"{'an' if noun[:1] in 'AEIOaeio' else 'a'} {noun}"
