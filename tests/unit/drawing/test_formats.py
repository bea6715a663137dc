from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from engine.drawing.dot import dot
from engine.drawing.mermaid import mermaid
from engine.drawing.picture import Arrow, Box, Picture, join_arrows
from engine.drawing.svg import BOXES_LIMIT, TooLargeError, svg
from engine.drawing.text_width import fit, text_width, wrap
from engine.nodes.telling import Look
from tests.unit.drawing.graphs import pictures

SPACE = "{http://www.w3.org/2000/svg}"
LOOK = Look("box", "#ffffff", "#000000")
HOSTILE = "</text><script>alert(1)</script> \" ' & ]]> \x00\x1b\ud800 `x` #35; |] \\"


@settings(max_examples=40)
@given(pictures())
def test_an_svg_is_well_formed_with_every_box_and_arrow_and_nothing_that_runs(picture: Picture) -> None:
    root = ET.fromstring(svg(picture))  # noqa: S314 - our own text, which must be read by any reader
    assert {element.tag.removeprefix(SPACE) for element in root.iter()} <= {
        "svg",
        "title",
        "style",
        "defs",
        "marker",
        "path",
        "rect",
        "g",
        "text",
    }
    assert len(root.findall(f"{SPACE}path")) == len(picture.arrows)
    labelled = sum(bool(arrow.labels) for arrow in picture.arrows if any(label.split() for label in arrow.labels))
    assert len(root.findall(f"{SPACE}g")) >= len(picture.boxes) + labelled


@settings(max_examples=40)
@given(pictures())
def test_text_stays_in_its_box(picture: Picture) -> None:
    root = ET.fromstring(svg(picture))  # noqa: S314 - as above
    for group in root.findall(f"{SPACE}g")[: len(picture.boxes)]:
        places = across(group[1])
        for text in group.findall(f"{SPACE}text"):
            size = {"t": 14.0, "k": 10.0}.get(text.get("class", ""), 12.0)
            bold = text.get("class") in {"t", "h"}
            assert min(places) <= float(text.get("x", "0"))
            assert float(text.get("x", "0")) + text_width(text.text or "", size, bold=bold) <= max(places) + 0.2


def across(shape: ET.Element) -> list[float]:
    """The places from left to right that a box's outline touches."""
    if shape.tag == f"{SPACE}rect":
        left = float(shape.get("x", "0"))
        return [left, left + float(shape.get("width", "0"))]
    return [float(found[1]) for found in re.finditer(r"[MLH](-?[\d.]+)", shape.get("d", ""))]


def test_hostile_text_stays_text_in_every_format() -> None:
    picture = Picture(
        HOSTILE,
        (Box("a", "set", HOSTILE, LOOK, (HOSTILE,)), Box("b", "output", "b", LOOK)),
        (Arrow("a", "b", (HOSTILE,)),),
    )
    drawn = svg(picture)
    assert "<script>" not in drawn
    drawn.encode()
    ET.fromstring(drawn)  # noqa: S314 - as above
    text = mermaid(picture)
    assert "<script>" not in text
    assert "`" not in text
    assert all(line.count('"') in {0, 2} for line in text.splitlines())
    written = dot(picture)
    assert re.fullmatch(r'(?:[^"]|"(?:[^"\\]|\\.)*")*', written)
    assert not [letter for letter in text + written if ord(letter) < 32 and letter != "\n"]


@settings(max_examples=40)
@given(pictures())
def test_mermaid_and_dot_have_a_line_for_each_box_and_arrow(picture: Picture) -> None:
    assert len(mermaid(picture).splitlines()) == 1 + len(picture.boxes) + len(picture.arrows)
    assert len(dot(picture).splitlines()) == 3 + len(picture.boxes) + len(picture.arrows)


def test_too_much_to_draw_is_refused_as_svg_alone() -> None:
    boxes = tuple(Box(f"b{number}", "output", "x", LOOK) for number in range(BOXES_LIMIT + 1))
    with pytest.raises(TooLargeError, match="1,001 boxes"):
        svg(Picture("large", boxes, ()))
    assert "b1000" in dot(Picture("large", boxes, ()))


def test_ways_between_the_same_boxes_become_one_arrow() -> None:
    found = join_arrows(
        [Arrow("a", "b", ("1",)), Arrow("a", "c"), Arrow("a", "b", ("otherwise",), last=True), Arrow("a", "b", ("1",))]
    )
    assert found == (Arrow("a", "b", ("1", "otherwise")), Arrow("a", "c"))


def test_long_text_is_cut_and_broken_between_words() -> None:
    assert fit("short", 12, 500) == "short"
    cut = fit("a long text that does not fit", 12, 80)
    assert cut.endswith("…")
    assert text_width(cut, 12) <= 80
    lines = wrap("one two three four five six seven eight nine ten", 12, 90, 3)
    assert len(lines) == 3
    assert all(text_width(line, 12) <= 90.1 for line in lines)
    assert lines[-1].endswith("…")
    assert wrap("", 12, 90, 3) == []
