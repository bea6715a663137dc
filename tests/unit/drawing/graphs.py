"""Generated rule graphs to draw."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.drawing.picture import Arrow, Box, Picture
from engine.nodes.telling import Form, Grid, Look

FORMS: tuple[Form, ...] = ("box", "round", "chamfered", "cut", "framed", "drum")
TEXTS = st.text(max_size=60)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Boxes with any text in them, arrows with any labels, no cycles, every box but the first reached from before."""
    count = draw(st.integers(1, 14))
    boxes = [_box(draw, number) for number in range(count)]
    ends = {(draw(st.integers(0, target - 1)), target) for target in range(1, count)}
    for _ in range(draw(st.integers(0, 16))):
        source = draw(st.integers(0, count - 1))
        if source + 1 < count:
            ends.add((source, draw(st.integers(source + 1, count - 1))))
    arrows = [
        Arrow(f"b{source}", f"b{target}", tuple(draw(st.lists(TEXTS, max_size=6))), draw(st.booleans()))
        for source, target in sorted(ends)
    ]
    return Picture(draw(TEXTS), tuple(boxes), tuple(arrows), "b0", draw(st.sampled_from(["", "start"])))


def _box(draw: st.DrawFn, number: int) -> Box:
    grid = None
    if draw(st.booleans()):
        width = draw(st.integers(1, 3))
        rows = draw(st.lists(st.tuples(*[TEXTS] * (width + 1)), max_size=4))
        names = draw(st.tuples(*[TEXTS] * width))
        grid = Grid(names, (draw(TEXTS),), tuple(rows), draw(st.integers(0, 2_000)))
    lines = tuple(draw(st.lists(TEXTS, max_size=3)))
    look = Look(draw(st.sampled_from(FORMS)), "#ffffff", "#000000")
    return Box(f"b{number}", "kind", draw(TEXTS), look, lines, grid)
