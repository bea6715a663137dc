"""Pictures in the DOT language of Graphviz."""

from __future__ import annotations

from ..nodes.telling import Form
from .picture import Arrow, Box, Picture, clip

LONGEST = 60

_SHAPES: dict[Form, str] = {
    "box": "box",
    "chamfered": "hexagon",
    "round": "ellipse",
    "cut": "octagon",
    "framed": "component",
    "drum": "cylinder",
}


def dot(picture: Picture) -> str:
    """The picture as a digraph."""
    lines = [f"digraph {_quote(picture.title)} {{", '  node [fontname="Helvetica"]; edge [fontname="Helvetica"];']
    lines += [f"  {_quote(box.id)} [{_box(box)}];" for box in picture.boxes]
    lines += [f"  {_quote(arrow.source)} -> {_quote(arrow.target)}{_arrow(arrow)};" for arrow in picture.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _box(box: Box) -> str:
    lines = [box.kind, box.title, *box.lines]
    if box.grid is not None:
        lines.append(box.grid.summary)
    return f"shape={_SHAPES[box.look.form]}, label={_lines(lines)}"


def _arrow(arrow: Arrow) -> str:
    style = ["style=dashed"] if arrow.last else []
    if arrow.labels:
        style.append(f"label={_lines(arrow.labels)}")
    return f" [{', '.join(style)}]" if style else ""


def _lines(lines: tuple[str, ...] | list[str]) -> str:
    return '"' + "\\n".join(_escape(clip(line, LONGEST)) for line in lines) + '"'


def _quote(text: str) -> str:
    return f'"{_escape(text)}"'


def _escape(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown.replace("\\", "\\\\").replace('"', '\\"')
