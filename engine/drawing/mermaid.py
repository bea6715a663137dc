"""Pictures as Mermaid flowcharts, as GitHub and GitLab draw them inside Markdown."""

from __future__ import annotations

from ..nodes.telling import Form
from .picture import Arrow, Box, Picture, clip

LONGEST = 60
LABELS_SHOWN = 4

_SHAPES: dict[Form, tuple[str, str]] = {
    "box": ("[", "]"),
    "chamfered": ("{{", "}}"),
    "round": ("([", "])"),
    "cut": ("[/", "\\]"),
    "framed": ("[[", "]]"),
    "drum": ("[(", ")]"),
}
# What a label may not hold as it is: quotes end it, `#` and `;` begin and end entities, the rest is markup.
_ENTITIES = {ord(letter): f"#{ord(letter)};" for letter in '"#;<>&`|\\'}


def mermaid(picture: Picture) -> str:
    """The picture as a flowchart from the top down."""
    ids = {box.id: f"n{number}" for number, box in enumerate(picture.boxes)}
    lines = ["flowchart TD"]
    lines += [f"    {ids[box.id]}{_box(box)}" for box in picture.boxes]
    lines += [f"    {ids[arrow.source]} {_arrow(arrow)} {ids[arrow.target]}" for arrow in picture.arrows]
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    begin, end = _SHAPES[box.look.form]
    words = [f"<i>{box.kind}</i>", f"<b>{_safe(box.title)}</b>", *(_safe(line) for line in box.lines)]
    if box.grid is not None:
        words.append(_safe(box.grid.summary))
    return f'{begin}"{"<br/>".join(words)}"{end}'


def _arrow(arrow: Arrow) -> str:
    line = "-.->" if arrow.last else "-->"
    if not arrow.labels:
        return line
    shown = [_safe(label) for label in arrow.labels[:LABELS_SHOWN]]
    if len(arrow.labels) > LABELS_SHOWN:
        shown.append(f"{len(arrow.labels) - LABELS_SHOWN} more ways")
    return f'{line}|"{"<br/>".join(shown)}"|'


def _safe(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return clip(shown, LONGEST).translate(_ENTITIES)
