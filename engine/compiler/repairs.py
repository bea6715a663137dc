"""Repairs that follow from what a finding says, wherever it is made: the one near name, and `true` for `yes`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..diagnostics import Edit, Fix, Path, Span
from ..language.shape_findings import FALSE, TRUE
from ..language.yaml.spans import Spans

_NEAR = re.compile(r"did you mean `([^`]+)`\?")


def repair_of(message: str, help_: Sequence[str], spans: Spans, path: Path, span: Span) -> Fix | None:
    """The repair of a finding that stands exactly at what its message begins with, or that expects true or false.

    None where the near name stands beside it already, as it would then be there twice.
    """
    source = spans.source
    text = source.text[source.offset(span.line, span.column) : source.offset(span.end_line, span.end_column)]
    quote = text[:1] if text[:1] in {"'", '"'} and text[:1] == text[-1:] and len(text) > 1 else ""
    bare = text[len(quote) : len(text) - len(quote)]
    near = _NEAR.fullmatch(help_[0]) if len(help_) == 1 else None
    if near and message.startswith(f"`{bare}` ") and not spans.has(path[:-1], near.group(1)):
        return Fix(f"write `{near.group(1)}`", (Edit(span, f"{quote}{near.group(1)}{quote}"),))
    if "expected true or false" in message and not quote and bare.lower() in TRUE | FALSE:
        word = "true" if bare.lower() in TRUE else "false"
        return Fix(f"write `{word}`", (Edit(span, word),))
    return None
