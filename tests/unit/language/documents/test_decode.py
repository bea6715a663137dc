"""How errors of a model become findings: all of them, one for each reason, with repairs that repair."""

from __future__ import annotations

import pytest

from engine.diagnostics import Sink
from engine.language.decode import decode
from engine.language.edit import apply_fixes
from engine.language.yaml.reader import read_documents
from tests.unit.language.documents.corpus import decoded, told

HEAD = "apiVersion: v1\nkind: Segment\nname: vip\n"


def messages(text: str) -> list[str]:
    """The messages of all findings in a text."""
    return [each.message for each in decoded(text)[1]]


def test_all_findings_of_a_document_come_at_once() -> None:
    codes = [each.code for each in decoded("apiVersion: v2\nkind: Segment\nname: X\ntags: a\nconditions: []\n")[1]]
    assert codes == ["S003", "S004", "S012", "S017"]


def test_a_document_with_findings_decodes_to_nothing() -> None:
    assert decoded(HEAD)[0] == [None]


def test_misspelt_key_is_told_once_and_not_as_a_missing_one_too() -> None:
    found = decoded(HEAD + "conditions: [{filed: a, operator: exists}]\n")[1]
    assert [(each.code, each.message) for each in found] == [
        ("S010", "`filed` is not a key of `conditions[0]`; expected `field`")
    ]


def test_value_of_a_union_gives_one_finding() -> None:
    assert messages(HEAD + "conditions: [{field: a, operator: in, value: [null]}]\n") == [
        "`value[0]` is null; expected text, a number or a boolean"
    ]


def test_list_with_broken_entries_is_not_called_empty() -> None:
    assert [each.code for each in decoded(HEAD + "conditions: [3, 4]\n")[1]] == ["S012", "S012"]


@pytest.mark.parametrize(
    "foreign,ours",
    [("gt", "greater_than"), (">=", "greater_or_equal"), ("eq", "equals"), ("regex", "matches"), ("IN", "in")],
)
def test_operator_of_another_language_gets_ours_suggested(foreign: str, ours: str) -> None:
    found = decoded(HEAD + f"conditions: [{{field: a, operator: '{foreign}', value: 1}}]\n")[1]
    assert [each.fix.title for each in found if each.fix] == [f"write `{ours}`"]


@pytest.mark.parametrize(
    "broken",
    [
        "kindd: Segment\napiVersion: v1\nname: vip\nconditions: [{field: a, operator: exists}]\n",
        "apiVersion: v2\nkind: segmnt\nname: vip\nconditions: [{field: a, operator: exists}]\n",
        HEAD + "ownr: growth\nconditions: [{field: a, operator: exists}]\n",
        HEAD + "conditions: [{filed: a, operator: exist}]\n",
        HEAD + "tags: growth\nconditions: [{field: a, operator: exists}]\n",
        HEAD + "owner: 12\nconditions: [{field: a, operator: exists}]\n",
        HEAD + "owner: 1.50\nconditions: [{field: a, operator: exists}]\n",
        HEAD + "conditions: [events: {type: a, did_not: 'yes'}]\n",
        HEAD + "conditions: [{segment: Big-Spenders}]\n",
        "apiVersion: v1\nkind: Profile\nname: c\nkey: id\nfields: {A: {type: keywrd, list: 'true'}}\n",
    ],
)
def test_fixes_repair(broken: str) -> None:
    text = broken
    for _ in range(3):
        fixes = [each.fix for each in decoded(text)[1] if each.fix]
        text = apply_fixes({"x.yaml": text}, fixes).texts.get("x.yaml", text)
    assert decoded(text)[1] == []


def test_no_fix_is_offered_where_the_text_would_not_do() -> None:
    assert [each.fix for each in decoded(HEAD + "conditions: [events: {type: a, within: 30}]\n")[1]] == [None]


def test_findings_name_resource_and_path() -> None:
    (found,) = decoded(HEAD + "conditions: [{all: [{field: a, operator: x_y}]}]\n")[1]
    assert (found.resource, found.path) == ("segment/vip", ("conditions", 0, "all", 0, "operator"))


def test_keys_that_look_like_tags_are_keys() -> None:
    head = "apiVersion: v1\nkind: Ruleset\nname: a\noutput: {x: {type: keyword}}\nstart: a\n"
    text = head + "nodes: {<output>: {output: {a: 1, b: []}}, '[key]': null}\n"
    paths = [("nodes", "<output>"), ("nodes", "<output>", "output", "b"), ("nodes", "[key]"), ("nodes", "[key]")]
    assert [each.path for each in decoded(text)[1]] == paths


def test_messages_do_not_repeat_long_values() -> None:
    (message,) = messages(HEAD + f"conditions: [{{field: a, operator: {'x' * 5000}}}]\n")
    assert len(message) < 200


def test_many_errors_are_counted_and_few_are_told() -> None:
    text = HEAD + "conditions: [" + ", ".join(["3"] * 20_000) + "]\n"
    sink = Sink()
    for document in read_documents(text.encode(), "x.yaml", sink):
        decode(document, sink)
    assert sink.errors == 20_000
    assert len(sink.findings()) == 201


def test_other_keys_than_text_do_not_stop_decoding() -> None:
    documents, findings = decoded("1: a\napiVersion: v1\nkind: Layer\nname: a\n")
    assert "Y021" in {each.code for each in findings}
    assert len(documents) == 1


@pytest.mark.parametrize("value", [None, [], 3, "text", True, {}, {"kind": None}, {"kind": ["Segment"]}, {"kind": "x"}])
def test_anything_else_is_a_finding(value: object) -> None:
    assert told(value) or value is None
