from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.diagnostics import Sink
from engine.language.decode import decode
from engine.language.documents.kinds import KINDS
from engine.language.remains import Remains, remains, unread
from engine.language.yaml.reader import YamlDocument, read_documents

DOCUMENTS = Path(__file__).parents[2] / "golden" / "documents"


def written(text: str) -> YamlDocument:
    (document,) = read_documents(text.encode(), "a.yaml", Sink())
    return document


def left(text: str) -> Remains:
    found = remains(written(text))
    assert found is not None
    return found


SEGMENT = "apiVersion: v1\nkind: Segment\nname: vip\n"


def test_an_entry_that_does_not_read_well_is_taken_out_alone() -> None:
    found = left(
        SEGMENT
        + "conditions:\n"
        + "  - {field: a, operator: bigger, value: 1}\n"
        + "  - {field: b, operator: equals, value: 2}\n"
        + "  - any: [{field: c}, {field: d, operator: exists}]\n"
    )
    assert found.document.yaml.value["conditions"] == [
        {"field": "b", "operator": "equals", "value": 2},
        {"any": [{"field": "d", "operator": "exists"}]},
    ]
    assert found.lost == {"field", "a", "operator", "bigger", "value", "c"}


def test_places_lead_into_the_file_as_it_is() -> None:
    found = left(SEGMENT + "conditions:\n  - {fild: a}\n  - {field: b, operator: exists}\n")
    spans = found.document.yaml.spans
    assert spans.value(("conditions", 0, "field")).line == 6
    assert spans.key(("conditions", 0, "operator")).column == 16
    assert spans.inside(("conditions", 0, "operator"), 0, 2).end_column == 28


def test_an_optional_key_is_taken_out_alone() -> None:
    found = left(SEGMENT + "owner: []\nconditions: [{field: a, operator: exists}]\n")
    assert "owner" not in found.document.yaml.value


def test_a_group_of_which_nothing_reads_well_goes_whole() -> None:
    found = left(SEGMENT + "conditions:\n  - any: [{field: a}]\n  - {field: b, operator: exists}\n")
    assert found.document.yaml.value["conditions"] == [{"field": "b", "operator": "exists"}]


@pytest.mark.parametrize(
    "text",
    [
        SEGMENT,
        SEGMENT + "conditions: []\n",
        SEGMENT + "conditions: {field: a, operator: bigger}\n",
        SEGMENT.replace("v1", "v2") + "conditions: [{field: a, operator: exists}]\n",
    ],
)
def test_nothing_remains_where_what_everything_rests_on_is_wrong(text: str) -> None:
    assert remains(written(text)) is None


def test_a_document_that_reads_well_remains_whole() -> None:
    text = SEGMENT + "conditions: [{field: a, operator: exists}]\n"
    assert left(text).document.yaml.value == written(text).value
    assert left(text).lost == frozenset()


def test_documents_that_read_well_are_not_unread() -> None:
    good = written(SEGMENT + "conditions: [{field: a, operator: exists}]\n")
    bad = written(SEGMENT.replace("vip", "odd"))
    sound = decode(good, Sink())
    assert sound is not None
    assert list(unread({"Segment": {"vip": good, "odd": bad}}, [sound])) == [bad]


JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, 7, "", "x y", [], {}, [[]], {"a": {"b": [1]}}, [None], {"all": []}, 1.5, True]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (mapping or list, key or index) in a value."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found += [(value, key), *places(value[key])]
    return found


@pytest.mark.parametrize("kind", sorted(path.stem for path in DOCUMENTS.glob("*.yaml")))
@given(data=st.data())
def test_what_remains_of_a_spoilt_document_reads_well(kind: str, data: st.DataObject) -> None:
    file = DOCUMENTS / f"{kind}.yaml"
    for document in read_documents(file.read_bytes(), file.name, Sink()):
        for _change in range(data.draw(st.integers(1, 3))):
            holder, key = data.draw(st.sampled_from(places(document.value)))
            if holder is not document.value or key not in {"kind", "name"}:
                holder[key] = deepcopy(data.draw(JUNK))
        found = remains(document)
        if found is not None:
            assert not tuple(KINDS[document.value["kind"]].model_validate(found.document.yaml.value).problems())
            assert found.document.yaml.spans.value(("name",)).file == file.name


def test_a_missing_name_is_filled_in_and_lost() -> None:
    found = left(
        "apiVersion: v1\nkind: Ruleset\nname: hero\noutput: {content: {type: keyword}}\nstart: a\n"
        "nodes:\n  a: {switch: [{when: 'true', then: b}]}\n  b: {output: {content: '1'}}\n"
    )
    assert found.document.yaml.value["nodes"]["a"]["otherwise"] == "lost"
    assert found.lost == {"lost"}
