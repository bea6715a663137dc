from __future__ import annotations

from typing import Any

import pytest
import yaml

from engine.diagnostics import Sink
from engine.language.edit import apply_fixes
from engine.language.yaml.events import events_of
from engine.language.yaml.reader import YamlDocument, _Reader, read_documents
from engine.language.yaml.spans import Source
from engine.language.yaml.syntax import syntax_finding


def read(text: str) -> tuple[list[YamlDocument], Sink]:
    sink = Sink()
    return read_documents(text.encode(), "x.yaml", sink), sink


def value(text: str) -> Any:
    documents, sink = read(text)
    assert sink.findings() == []
    return documents[0].value


def test_core_schema_scalars_have_their_types() -> None:
    text = "[null, ~, true, FALSE, 12, -7, +3, 0o17, 0x1F, 1e3, .5, -1.5E-3, 2025-12-15, text]"
    assert repr(value(text)) == (
        "[None, None, True, False, 12, -7, 3, 15, 31, 1000.0, 0.5, -0.0015, '2025-12-15', 'text']"
    )


def test_quoted_scalars_are_text() -> None:
    assert value("""["12", 'true', "null", '', "NO"]""") == ["12", "true", "null", "", "NO"]


def test_a_key_without_value_is_null() -> None:
    assert value("a:\nb: 1") == {"a": None, "b": 1}


def test_keys_keep_the_order_of_the_file() -> None:
    assert list(value("{c: 1, a: 2, b: 3}")) == ["c", "a", "b"]


def test_a_file_may_hold_several_documents() -> None:
    documents, sink = read("a: 1\n---\n# note\nb: 2\n---\nc: 3\n")
    assert [(each.value, each.start_line) for each in documents] == [({"a": 1}, 1), ({"b": 2}, 4), ({"c": 3}, 6)]
    assert sink.findings() == []


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n---\n# x\n...\n"])
def test_empty_documents_are_left_out(text: str) -> None:
    documents, sink = read(text)
    assert (documents, sink.findings()) == ([], [])


def test_a_document_of_null_is_not_empty() -> None:
    assert read("--- ~\n")[0][0].value is None


def test_documents_before_the_first_that_cannot_be_read_come_back() -> None:
    documents, sink = read("a: 1\n---\nb: [\n")
    assert [each.value for each in documents] == [{"a": 1}]
    assert [each.code for each in sink.findings()] == ["Y073"]


def test_a_document_with_findings_comes_back_with_the_nearest_plain_value() -> None:
    documents, _ = read('a: !!str 1\nb: .inf\nc: 99999999999999999999\nd: -0x10\n"e": *x\na: 2\n[f]: 3\n')
    assert documents[0].value == {"a": "1", "b": 0.0, "c": 2**63 - 1, "d": "-0x10", "e": None}


def test_an_alias_is_the_value_itself() -> None:
    both = value("a: &x [1, {b: c}]\nd: *x\n")
    assert both == {"a": [1, {"b": "c"}], "d": [1, {"b": "c"}]}


def test_an_anchor_set_again_stands_for_the_later_value() -> None:
    assert value("[&a 1, *a, &a 2, *a]") == [1, 1, 2, 2]


def test_anchors_do_not_reach_into_the_next_document() -> None:
    assert [each.code for each in read("a: &x 1\n---\nb: *x\n")[1].findings()] == ["Y033"]


def test_findings_know_their_path() -> None:
    findings = read("a:\n  - b: NO\n    1: x\n    b: again\n")[1].findings()
    assert [(each.code, each.path) for each in findings] == [
        ("Y010", ("a", 0, "b")),
        ("Y021", ("a", 0, "1")),
        ("Y020", ("a", 0, "b")),
    ]


def test_equal_problems_in_one_file_have_different_fingerprints() -> None:
    findings = read("a: NO\nb: NO\n")[1].findings()
    assert len({each.fingerprint for each in findings}) == 2


@pytest.mark.parametrize(
    "text, repaired",
    [
        ("a: [NO, 22:22]\n", 'a: ["NO", "22:22"]\n'),
        ("on: 1 # kept\n", '"on": 1 # kept\n'),
        ("{1: a, true: b}\n", '{"1": a, "true": b}\n'),
        ("a: !!str 12\nb: !!map {c: 1}\n", 'a: "12"\nb: {c: 1}\n'),
        ("a: 9223372036854775808\n", 'a: "9223372036854775808"\n'),
        ("a: b\u200bc\n", "a: bc\n"),
        ('a: "\\ud83d\\ude00!"\n', 'a: "😀!"\n'),
    ],
)
def test_fixes_leave_nothing_to_find(text: str, repaired: str) -> None:
    findings = read(text)[1].findings()
    edited = apply_fixes({"x.yaml": text}, [each.fix for each in findings if each.fix])
    assert edited.texts == {"x.yaml": repaired}
    assert read(repaired)[1].findings() == []


def test_windows_line_breaks_are_read_alike() -> None:
    documents, sink = read("a: NO\r\nb:\r\n  - |\r\n    x\r\n    y\r\n")
    assert documents[0].value == {"a": "NO", "b": ["x\ny\n"]}
    assert [(each.span.line, each.span.column) for each in sink.findings()] == [(1, 4)]


def test_a_byte_order_mark_does_not_shift_columns() -> None:
    assert read("\ufeffa: NO\n")[1].findings()[0].span.column == 4


def test_blank_lines_that_a_block_keeps_are_inside_it() -> None:
    document = read("a: |+\n  x\n\n\nb: 1\n")[0][0]
    assert document.value["a"] == "x\n\n\n"
    assert document.spans.inside(("a",), 4, 4).line == 2


def test_nul_does_not_reach_the_value() -> None:
    assert read('a: "x\\0y"\n')[0][0].value == {"a": "x\ufffdy"}


def test_an_error_of_a_kind_that_no_one_foresaw_is_a_finding() -> None:
    finding = syntax_finding(yaml.YAMLError("odd"), Source("x.yaml", "a: 1\n"))
    assert (finding.code, finding.span.line, finding.message[:3]) == ("Y070", 1, "`a`")


def test_half_of_a_pair_is_a_finding_with_the_pure_parser_too() -> None:
    sink = Sink()
    source = Source("x.yaml", 'a: "\\ud83d"\n')
    documents = _Reader(source, sink, events_of(source.text, libyaml=False)).documents()
    assert [(each.code, each.span.column, each.span.end_column) for each in sink.findings()] == [("Y057", 5, 11)]
    assert documents[0].value == {"a": "\ufffd"}
