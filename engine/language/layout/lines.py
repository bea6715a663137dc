"""Line breaks, blanks at line ends, and blank lines."""

from __future__ import annotations

from ..yaml.spans import Source
from .tokens import Token, tokens_of


def plain_breaks(text: str) -> str:
    """Line feeds alone, no byte order mark, and one at the end."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


def blank_lines(text: str) -> str:
    """No blanks at line ends, at most one blank line in a row, one before `---`, none after it nor at either end.

    Lines inside a scalar stay as they are.
    """
    source, tokens = Source("", text), tokens_of(text)
    kept = _inside_scalars(source, tokens)
    starts = {source.place(token.start)[0] for token in tokens if token.kind == "DocumentStart"}
    out: list[str] = []
    last_kept = 0
    for number, line in enumerate(text.split("\n"), 1):
        if number in kept:
            out.append(line)
            last_kept = len(out)
            continue
        stripped = line.rstrip(" \t")
        if stripped:
            if number in starts and out and out[-1] and not out[-1].startswith("%"):
                out.append("")
            out.append(stripped)
        elif out and (out[-1] or last_kept == len(out)) and out[-1] != "---":
            out.append("")
    while len(out) > last_kept and not out[-1]:
        out.pop()
    return "\n".join(out) + "\n" if out else ""


def _inside_scalars(source: Source, tokens: list[Token]) -> set[int]:
    """Numbers of the lines whose end or beginning belongs to a scalar of several lines."""
    kept: set[int] = set()
    for token in tokens:
        if token.kind != "Scalar":
            continue
        first, last = source.place(token.start)[0], source.place(token.end)[0]
        if last > first:
            kept |= set(range(first + 1, last + 1)) if token.block_scalar else set(range(first, last))
            if token.keeps_blank_lines and source.place(token.end)[1] == 1:
                kept.discard(last)
    return kept
