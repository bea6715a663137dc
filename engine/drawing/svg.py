"""Pictures as SVG, drawn by hand: no library, no script, no font but the reader's own; every text is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import pairwise

from ..nodes.telling import Grid
from .layout import Ends, Layout, Position, Route, Size, lay_out
from .picture import Arrow, Box, Picture
from .text_width import fit, text_width, wrap

BOXES_LIMIT = 1_000
ARROWS_LIMIT = 3_000

TITLE, TEXT, SMALL = 14.0, 12.0, 10.0
LINE = 17.0
PAD = 12.0
WIDEST = 420.0  # of a box's text
CELL = 150.0  # of a table's cell
LABEL = 230.0
LABEL_LINES = 3
LABELS_SHOWN = 4
COLUMN_GAP = 14.0

_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STYLE = (
    "text{font-family:Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;fill:#1c1c1c}"
    f".t{{font-size:{TITLE:g}px;font-weight:bold}}.b{{font-size:{TEXT:g}px}}"
    f".k{{font-size:{SMALL:g}px;fill:#555;letter-spacing:.06em}}.h{{font-size:{TEXT:g}px;font-weight:bold}}"
    f".l{{font-size:{TEXT:g}px;fill:#333}}.a{{fill:none;stroke:#555;stroke-width:1.4}}.o{{stroke-dasharray:5 4}}"
)


class TooLargeError(ValueError):
    """The picture has too many boxes to draw."""


def svg(picture: Picture) -> str:
    """The picture as one SVG document. Raises TooLargeError beyond a thousand boxes."""
    if len(picture.boxes) > BOXES_LIMIT or len(picture.arrows) > ARROWS_LIMIT:
        raise TooLargeError(f"`{picture.title}` has {len(picture.boxes):,} boxes; a picture shows {BOXES_LIMIT:,}")
    sizes = {box.id: _box_size(box) for box in picture.boxes}
    labels = {(arrow.source, arrow.target): _label_size(arrow) for arrow in picture.arrows}
    layout = lay_out(sizes, labels)
    return "\n".join([*_head(picture, layout), *_body(picture, layout), "</svg>"]) + "\n"


def _head(picture: Picture, layout: Layout) -> Iterator[str]:
    width, height = layout.width, layout.height
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    )
    yield f"<title>{_safe(picture.title)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield (
        '<defs><marker id="decisor-arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 1L9 5L0 9Z" fill="#555"/></marker></defs>'
    )
    yield f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>'


def _body(picture: Picture, layout: Layout) -> Iterator[str]:
    routes: dict[Ends, Route] = dict(layout.routes)
    for arrow in picture.arrows:
        kind = "a o" if arrow.last else "a"
        way = _path(routes[arrow.source, arrow.target])
        yield f'<path class="{kind}" marker-end="url(#decisor-arrow)" d="{way}"/>'
    for box in picture.boxes:
        yield from _box(box, layout.boxes[box.id], focus=picture.word if box.id == picture.focus else None)
    for arrow in picture.arrows:
        place = routes[arrow.source, arrow.target].label
        if place is not None:
            yield from _label(arrow, place)


def _path(route: Route) -> str:
    first = route.stops[0]
    steps = [f"M{first.x:.1f} {first.top:.1f}V{first.bottom:.1f}"]
    for before, stop in pairwise(route.stops):
        if abs(stop.x - before.x) < 0.05:
            steps.append(f"V{stop.bottom:.1f}")
            continue
        middle = (before.bottom + stop.top) / 2
        steps.append(
            f"C{before.x:.1f} {middle:.1f} {stop.x:.1f} {middle:.1f} {stop.x:.1f} {stop.top:.1f}V{stop.bottom:.1f}"
        )
    return "".join(steps)


def _box_size(box: Box) -> Size:
    texts = [text_width(box.title, TITLE, bold=True), text_width(f"START · {box.kind.upper()}", SMALL) * 1.15]
    texts += [text_width(line, TEXT) for line in box.lines]
    width = min(WIDEST, max(texts))
    rows = len(box.lines)
    if box.grid is not None:
        width = max(width, sum(_columns(box.grid)) + COLUMN_GAP * (len(box.grid.heading) - 1))
        rows += 1 + len(box.grid.rows) + bool(box.grid.more)
    return (max(90.0, width) + 2 * PAD + 2 * _lean(box), 2 * PAD + SMALL + 4 + TITLE + 4 + rows * LINE)


def _lean(box: Box) -> float:
    """What the slanted or round sides take of a box's width."""
    return 8.0 if box.look.form in {"chamfered", "cut", "round"} else 0.0


def _columns(grid: Grid) -> list[float]:
    return [
        min(CELL, max(text_width(row[index], TEXT, bold=number == 0) for number, row in enumerate(_grid_rows(grid))))
        for index in range(len(grid.heading))
    ]


def _grid_rows(grid: Grid) -> list[tuple[str, ...]]:
    return [grid.heading, *grid.rows]


def _box(box: Box, place: Position, *, focus: str | None) -> Iterator[str]:
    _, fill, edge = box.look
    left, top = place.x - place.width / 2, place.y - place.height / 2
    yield f"<g><title>{_safe(_tooltip(box))}</title>"
    yield f'{_shape(box, place)} fill="{fill}" stroke="{edge}" stroke-width="{1.5 if focus is None else 3:g}"/>'
    x = left + PAD + _lean(box)
    y = top + PAD + SMALL - 1
    room = place.width - 2 * PAD - 2 * _lean(box)
    kind = f"{focus} · {box.kind}" if focus else box.kind
    yield f'<text class="k" x="{x:.1f}" y="{y:.1f}">{kind.upper()}</text>'
    y += TITLE + 4
    yield _text("t", x, y, fit(box.title, TITLE, room, bold=True))
    y += 3
    for line in box.lines:
        y += LINE
        yield _text("b", x, y, fit(line, TEXT, room))
    if box.grid is not None:
        yield from _grid(box.grid, x, y)
    yield "</g>"


def _tooltip(box: Box) -> str:
    """The full text of a box, for the tooltip."""
    lines = [f"{box.kind} {box.title}", *box.lines]
    if box.grid is not None:
        lines += [" | ".join(row) for row in _grid_rows(box.grid)]
    return "\n".join(lines)


def _grid(grid: Grid, left: float, y: float) -> Iterator[str]:
    columns = _columns(grid)
    for number, row in enumerate(_grid_rows(grid)):
        y += LINE
        x = left
        for width, cell in zip(columns, row, strict=True):
            yield _text("h" if number == 0 else "b", x, y, fit(cell, TEXT, width, bold=number == 0))
            x += width + COLUMN_GAP
        if number == 0:
            right = left + sum(columns) + COLUMN_GAP * (len(columns) - 1)
            yield f'<path d="M{left:.1f} {y + 4:.1f}H{right:.1f}" stroke="#999" stroke-width="1"/>'
    if grid.more:
        yield _text("k", left, y + LINE, f"… {grid.more:,} more rows")


def _shape(box: Box, place: Position) -> str:
    left, top = place.x - place.width / 2, place.y - place.height / 2
    right, bottom = left + place.width, top + place.height
    if box.look.form == "chamfered":
        upper = f"M{left + 14:.1f} {top:.1f}H{right - 14:.1f}L{right:.1f} {place.y:.1f}"
        return f'<path d="{upper}L{right - 14:.1f} {bottom:.1f}H{left + 14:.1f}L{left:.1f} {place.y:.1f}Z"'
    if box.look.form == "cut":
        upper = f"M{left + 10:.1f} {top:.1f}H{right - 10:.1f}L{right:.1f} {top + 10:.1f}V{bottom - 10:.1f}"
        lower = f"L{right - 10:.1f} {bottom:.1f}H{left + 10:.1f}L{left:.1f} {bottom - 10:.1f}V{top + 10:.1f}"
        return f'<path d="{upper}{lower}Z"'
    radius = 18 if box.look.form == "round" else 3
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{place.width:.1f}" height="{place.height:.1f}" rx="{radius}"'


def _label_lines(arrow: Arrow) -> list[str]:
    """The lines of a label: long ones broken, a long row of them cut."""
    if len(arrow.labels) == 1:
        return wrap(arrow.labels[0], TEXT, LABEL, LABEL_LINES)
    shown = [fit(_one_line(text), TEXT, LABEL) for text in arrow.labels]
    if len(shown) <= LABELS_SHOWN:
        return shown
    return [*shown[: LABELS_SHOWN - 1], f"… {len(shown) - LABELS_SHOWN + 1} more ways"]


def _label_size(arrow: Arrow) -> Size | None:
    lines = _label_lines(arrow)
    if not lines:
        return None
    return (max(text_width(line, TEXT) for line in lines) + 10, len(lines) * LINE + 4)


def _label(arrow: Arrow, place: Position) -> Iterator[str]:
    left, top = place.x - place.width / 2, place.y - place.height / 2
    yield f"<g><title>{_safe(chr(10).join(arrow.labels))}</title>"
    yield (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{place.width:.1f}" height="{place.height:.1f}" rx="3" '
        'fill="#fff" stroke="#ddd"/>'
    )
    for index, line in enumerate(_label_lines(arrow)):
        y = top + (index + 1) * LINE - 3
        yield f'<text class="l" x="{place.x:.1f}" y="{y:.1f}" text-anchor="middle">{_safe(line)}</text>'
    yield "</g>"


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{_safe(_one_line(text))}</text>'


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _safe(text: str) -> str:
    return escape(_UNPRINTABLE.sub("\ufffd", text))
