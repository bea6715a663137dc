"""The loader holds for every input: nothing raises, equal values, places that are the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from engine.diagnostics import Finding, Path, Sink
from engine.language.yaml.characters import decode
from engine.language.yaml.events import events_of
from engine.language.yaml.reader import YamlDocument, _Reader, read_documents
from engine.language.yaml.scalars import resolve
from engine.language.yaml.spans import Source, at

SCRAPS = [
    *"[]{}:,-?&*!|>'\"%@`#~=<\\/ \t\n\r.0123456789abeEnotxyNY_",
    "\n  ",
    "---\n",
    "...\n",
    ": ",
    "- ",
    "? ",
    "<<",
    "é",
    "日",
]
SCRAPS += [
    "\ufeff",
    "\u2028",
    "\x85",
    "\u200b",
    "\u202e",
    "\0",
    "\\u",
    "\\x",
    "*a",
    "&a ",
    "!!str ",
    "key: ",
    "22:22",
    "|2-\n",
]
YAML_LIKE = st.lists(st.sampled_from(SCRAPS), max_size=40).map("".join)

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VISIBLE = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")).filter(lambda c: c != "\ufeff")
TEXTS = st.one_of(st.text(VISIBLE, max_size=12), st.text("abNOyes012:_-.,[]{}#&*!|>'\"%@` \n\t\\", max_size=12))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), INTEGERS, FLOATS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=15,
)


def read(text: str) -> tuple[list[YamlDocument], list[Finding]]:
    sink = Sink()
    documents = read_documents(text.encode(), "x.yaml", sink)
    return documents, sink.findings()


def nodes(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """All paths of a value with what stands there."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(each for key, inner in below for each in nodes(inner, (*path, key)))]


def shown(text: str, document: YamlDocument, path: Path) -> str:
    source, span = Source("x.yaml", text), document.spans.value(path)
    return text[source.offset(span.line, span.column) : source.offset(span.end_line, span.end_column)]


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf\xef\xbb\xbfa: 1")
@example(b"\xff\xfe")
@example(b"!")
@example(b"&")
@example(b"a: !<")
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    sink = Sink()
    for document in read_documents(data, "x.yaml", sink):
        for path, _ in nodes(document.value):
            document.spans.value(path)
            document.spans.key(path)


@given(YAML_LIKE)
def test_scraps_of_yaml_never_raise_and_every_finding_lies_in_the_file(text: str) -> None:
    documents, findings = read(text)
    source = Source("x.yaml", text.removeprefix("\ufeff"))
    for finding in findings:
        span = finding.span
        assert 1 <= span.line <= span.end_line <= len(source.line_starts)
        assert (span.line, span.column) <= (span.end_line, span.end_column)
    for document in documents:
        for path, value in nodes(document.value):
            document.spans.value(path)
            if isinstance(value, str):
                document.spans.inside(path, 0, len(value))


@given(YAML_LIKE)
def test_scraps_without_findings_have_the_structure_that_pyyaml_composes(text: str) -> None:
    documents, findings = read(text)
    if not findings:
        roots = yaml.compose_all(text, yaml.CBaseLoader)
        expected = [structure_of(root) for root in roots if root.start_mark.index != root.end_mark.index]
        assert [structure(each.value) for each in documents] == expected


def structure(value: Any) -> Any:
    """A value with its leaves left out."""
    if isinstance(value, dict):
        return {key: structure(inner) for key, inner in value.items()}
    return [structure(each) for each in value] if isinstance(value, list) else None


def structure_of(node: yaml.Node) -> Any:
    """The same of a composed node."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: structure_of(inner) for key, inner in node.value}
    return [structure_of(each) for each in node.value] if isinstance(node, yaml.SequenceNode) else None


@given(JSON)
def test_json_is_read_as_json_reads_it(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    documents, findings = read(text)
    if value is None:
        assert [each.value for each in documents] == [None]
        return
    assert findings == []
    assert json.dumps(documents[0].value) == json.dumps(value)


@given(JSON, st.integers(1, 4))
def test_indented_json_is_read_as_json_reads_it(value: Any, indent: int) -> None:
    documents, findings = read(json.dumps(value, ensure_ascii=False, indent=indent))
    assert findings == []
    assert json.dumps(documents[0].value) == json.dumps(value)


@given(JSON, st.sampled_from([None, "'", '"', "|", ">"]), st.booleans(), st.integers(10, 60))
def test_what_pyyaml_writes_is_read_back(value: Any, style: str | None, flow: bool, width: int) -> None:  # noqa: FBT001 - drawn
    text = yaml.dump(
        value, Dumper=yaml.CSafeDumper, default_style=style, default_flow_style=flow, width=width, sort_keys=False
    )
    documents, findings = read(text)
    if any(each.severity == "error" for each in findings):
        assert {each.code for each in findings if each.severity == "error"} <= {"Y030", "Y031", "Y056", "Y057", "Y070"}
        return
    if style or not any(new_in_1_2(each) for each in every_text(value)):
        assert json.dumps(documents[0].value) == json.dumps(value)


def new_in_1_2(text: str) -> bool:
    """Whether a plain scalar is a number only since YAML 1.2, so that PyYAML leaves it without quotes."""
    old: str = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call] # PyYAML's
    return old.endswith(":str") and not isinstance(resolve(text)[0], str)


def every_text(value: Any) -> list[str]:
    """All texts of a value, its keys included."""
    return [part for path, each in nodes(value) for part in (each, *path[-1:]) if isinstance(part, str)]


@given(
    st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=4),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.integers(10, 60),
)
def test_places_inside_texts_are_those_characters(value: dict[str, str], style: str | None, width: int) -> None:
    text = yaml.dump(
        value, Dumper=yaml.CSafeDumper, default_style=style, width=width, sort_keys=False, allow_unicode=True
    )
    documents, findings = read(text)
    if any(each.severity == "error" for each in findings):
        return
    source = Source("x.yaml", text)
    for path, string in nodes(documents[0].value)[1:]:
        if string != at(value, path):
            assert style is None
            assert new_in_1_2(at(value, path))
            continue
        for index, character in enumerate(string):
            span = documents[0].spans.inside(path, index, index + 1)
            written = text[source.offset(span.line, span.column) : source.offset(span.end_line, span.end_column)]
            assert character in written or written.startswith("\\") or character in " \n" or character == "'"


@given(JSON)
def test_spans_of_values_are_the_values_themselves(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    documents, _ = read(text)
    for path, each in nodes(documents[0].value):
        assert json.loads(shown(text, documents[0], path)) == each


@pytest.mark.parametrize("libyaml", [True, False], ids=["libyaml", "pure"])
@given(text=YAML_LIKE)
def test_both_parsers_never_raise(libyaml: bool, text: str) -> None:  # noqa: FBT001 - a parameter of the test
    sink = Sink()
    source = decode(text.encode(), "x.yaml", sink)
    assert source is not None
    _Reader(source, sink, events_of(source.text, libyaml=libyaml)).documents()


@given(JSON, st.sampled_from([None, "'", '"']), st.booleans())
def test_both_parsers_give_the_same_values_and_places(value: Any, style: str | None, flow: bool) -> None:  # noqa: FBT001 - drawn
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, default_style=style, default_flow_style=flow, sort_keys=False)
    read_by = []
    for libyaml in (True, False):
        sink = Sink()
        source = decode(text.encode(), "x.yaml", sink)
        assert source is not None
        documents = _Reader(source, sink, events_of(source.text, libyaml=libyaml)).documents()
        places = [[each.spans.value(path) for path, _ in nodes(each.value)] for each in documents]
        read_by.append(([repr(each.value) for each in documents], places, [each.code for each in sink.findings()]))
    assert read_by[0] == read_by[1]
