from __future__ import annotations

import pytest

from engine.diagnostics import Path, Sink, Span
from engine.language.yaml.reader import read_documents
from engine.language.yaml.spans import Source, Spans

TEXT = """\
# a comment
name: vip   # beside
conditions:
  - {field: country, operator: in, value: [US, CA]}
  - any:
      - field: "tier"
        value: |
          gold
          silver

# below
owner:
tags: [a, b]
"""


def spans(text: str) -> Spans:
    return read_documents(text.encode(), "x.yaml", Sink())[0].spans


def shown(text: str, span: Span) -> str:
    source = Source("x.yaml", text)
    return text[source.offset(span.line, span.column) : source.offset(span.end_line, span.end_column)]


@pytest.mark.parametrize(
    "path, wanted",
    [
        (("name",), "vip"),
        (("conditions", 0), "{field: country, operator: in, value: [US, CA]}"),
        (("conditions", 0, "value"), "[US, CA]"),
        (("conditions", 0, "value", 1), "CA"),
        (("conditions", 1, "any", 0, "field"), '"tier"'),
        (("conditions", 1, "any", 0, "value"), "|\n          gold\n          silver"),
        (("conditions", 1, "any"), '- field: "tier"\n        value: |\n          gold\n          silver'),
        (("owner",), ""),
        (("tags",), "[a, b]"),
    ],
    ids=str,
)
def test_value_span_is_the_value_as_written(path: Path, wanted: str) -> None:
    assert shown(TEXT, spans(TEXT).value(path)) == wanted


def test_root_span_goes_from_the_first_key_to_the_last_value() -> None:
    assert spans(TEXT).value(()) == Span("x.yaml", 2, 1, 13, 13)


@pytest.mark.parametrize(
    "path, wanted",
    [
        (("name",), "name"),
        (("conditions",), "conditions"),
        (("conditions", 0, "operator"), "operator"),
        (("conditions", 1, "any", 0, "value"), "value"),
        (("tags", 1), "b"),
        (("tags",), "tags"),
    ],
    ids=str,
)
def test_key_span_is_the_key_and_for_an_entry_the_entry(path: Path, wanted: str) -> None:
    assert shown(TEXT, spans(TEXT).key(path)) == wanted


@pytest.mark.parametrize(
    "path, existing",
    [
        (("conditions", 0, "missing"), ("conditions", 0)),
        (("conditions", 7, "x", "y"), ("conditions",)),
        (("name", "inner"), ("name",)),
        (("nothing",), ()),
        (("tags", "a"), ("tags",)),
    ],
    ids=str,
)
def test_a_path_that_does_not_exist_falls_back_to_what_is_around_it(path: Path, existing: Path) -> None:
    places = spans(TEXT)
    assert places.value(path) == places.value(existing)


def test_key_of_a_missing_entry_falls_back_to_the_key_around_it() -> None:
    places = spans(TEXT)
    assert places.key(("tags", 9)) == places.key(("tags",))


def test_columns_count_code_points() -> None:
    assert spans('{"日本": x, "😀": yes_}\n').value(("😀",)) == Span("x.yaml", 1, 16, 1, 20)


def test_second_document_has_lines_of_the_file() -> None:
    documents = read_documents(b"a: 1\n---\nb: 2\n", "x.yaml", Sink())
    assert documents[1].spans.value(("b",)) == Span("x.yaml", 3, 4, 3, 5)


def test_an_alias_stands_where_it_is_used_and_what_is_in_it_where_it_is_written() -> None:
    text = "a: &x {b: [c]}\nd: *x\ne: f\n"
    places = spans(text)
    assert shown(text, places.value(("d",))) == "*x"
    assert places.value(("d", "b", 0)) == places.value(("a", "b", 0))
    assert places.key(("d", "b")) == places.key(("a", "b"))
    assert shown(text, places.value(("e",))) == "f"


@pytest.mark.parametrize("odd", ["a: {x: [1, 2], y: 3}", "[p, q]: {z: 1}", "<<: {m: 1}", "a: &q [1]"], ids=str)
def test_entries_that_were_dropped_do_not_shift_those_after_them(odd: str) -> None:
    text = f"a: 1\n{odd}\nb: [c, d]\n"
    places = spans(text)
    assert shown(text, places.value(("b", 1))) == "d"
    assert shown(text, places.key(("b",))) == "b"


def test_anchor_in_a_dropped_entry_still_has_its_places() -> None:
    text = "a: 1\na: &q {k: v}\nb: *q\n"
    assert shown(text, spans(text).value(("b", "k"))) == "v"


INSIDE = {
    "plain": ("a: x.y == 'z'\n", ("a",), "y =", "y ="),
    "plain_folded": ("a: first\n  second third\n", ("a",), "second", "second"),
    "plain_fold": ("a: first\n  second\n", ("a",), "t s", "t\n  s"),
    "single": ("a: 'it''s x'\n", ("a",), "s x", "s x"),
    "single_quote": ("a: 'it''s x'\n", ("a",), "'", "''"),
    "double": ('a: "x \\"y\\" \\u00e9 z"\n', ("a",), "z", "z"),
    "double_escape": ('a: "x \\"y\\" \\u00e9 z"\n', ("a",), "é", "\\u00e9"),
    "double_line": ('a: "x \\\n   y z"\n', ("a",), "y z", "y z"),
    "literal": ("a: |\n    one\n      two\n\n    three\n", ("a",), "three", "three"),
    "literal_deep": ("a:\n - b: |2-\n      one\n     two\n", ("a", 0, "b"), "two", "two"),
    "folded": ("a: >-\n  one\n  two\n\n  three\n", ("a",), "three", "three"),
    "folded_deep": ("a: >\n  one\n    two\n  three\n", ("a",), "three", "three"),
    "kept": ("a: |+\n  one\n\n\nb: 1\n", ("a",), "one", "one"),
    "leading_blank": ("a: |\n\n  one\n", ("a",), "one", "one"),
    "anchored": ("a: &x 'one two'\n", ("a",), "two", "two"),
    "tagged": ("a: !!str &x one two\n", ("a",), "two", "two"),
    "key_order": ("{b: 1, a: \"in_segment('vip')\"}\n", ("a",), "vip", "vip"),
    "windows": ("a: |\r\n  one\r\n  two\r\n", ("a",), "two", "two"),
}


@pytest.mark.parametrize("text, path, part, wanted", INSIDE.values(), ids=INSIDE)
def test_inside_points_at_the_characters_in_the_file(text: str, path: Path, part: str, wanted: str) -> None:
    document = read_documents(text.encode(), "x.yaml", Sink())[0]
    value = document.value
    for step in path:
        value = value[step]
    start = value.index(part)
    assert shown(text, document.spans.inside(path, start, start + len(part))) == wanted


def test_inside_at_the_end_of_a_text_is_an_empty_span_behind_it() -> None:
    assert spans('a: "xy"\n').inside(("a",), 2, 2) == Span("x.yaml", 1, 7, 1, 7)
    assert spans("a: xy\n").inside(("a",), 2, 9) == Span("x.yaml", 1, 6, 1, 6)


def test_inside_what_is_no_text_is_the_value() -> None:
    places = spans("a: 12\nb: [c]\n")
    assert places.inside(("a",), 0, 1) == places.value(("a",))
    assert places.inside(("b",), 0, 1) == places.value(("b",))


def test_offsets_and_places_are_inverse() -> None:
    source = Source("x.yaml", "a\r\nbc\rd\n\ne")
    for offset in range(len(source.text)):
        assert source.offset(*source.place(offset)) == offset
    assert source.offset(99, 1) == len(source.text)
