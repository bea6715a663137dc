"""What is drawn: boxes and the arrows between them, without places or a format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..nodes.telling import Grid, Look


@dataclass(frozen=True, slots=True)
class Box:
    """One box; `id` is unique in the picture, `kind` and `title` are what is read, `lines` say more."""

    id: str
    kind: str
    title: str
    look: Look
    lines: tuple[str, ...] = ()
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another; several labels where several ways lead there; `last` is what is left over."""

    source: str
    target: str
    labels: tuple[str, ...] = ()
    last: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, and arrows that form no cycle; `focus` is the box that stands out, `word` what is written on it."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    focus: str = ""
    word: str = ""


def join_arrows(arrows: Iterable[Arrow]) -> tuple[Arrow, ...]:
    """The arrows, with those between the same two boxes joined into one, in the order of the first."""
    found: dict[tuple[str, str], Arrow] = {}
    for arrow in arrows:
        ends = (arrow.source, arrow.target)
        before = found.get(ends)
        if before is None:
            found[ends] = arrow
        else:
            labels = tuple(dict.fromkeys((*before.labels, *arrow.labels)))
            found[ends] = Arrow(*ends, labels, before.last and arrow.last)
    return tuple(found.values())


def clip(text: str, length: int) -> str:
    """The text on one line of at most that many characters, shortened with `…`."""
    plain = " ".join(text.split())
    return plain if len(plain) <= length else plain[: length - 1].rstrip() + "…"
