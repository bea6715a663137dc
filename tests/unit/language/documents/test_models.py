"""What documents become: the forms that authors may choose between, and values that are converted on purpose."""

from __future__ import annotations

import pytest

from engine.language.document import Document
from engine.language.documents.conditions import AllOf, EventsCondition, Leaf
from engine.language.documents.experiment import ExperimentDocument
from engine.language.documents.kinds import KINDS
from engine.language.documents.profile import ProfileDocument
from engine.language.documents.segment import SegmentDocument
from engine.language.yaml.reader import YamlDocument
from tests.unit.language.documents.corpus import decoded, sound_documents, told

CLASSIC = """
apiVersion: v1
kind: Segment
name: high_value_customers
description: spent more than 1000 and lives where we ship
createdAt: 2025-12-15T00:00:00Z
owner: growth                     # optional; also: tags, version, allow (suppressions)
conditions:                       # all must hold
  - {field: lifetime_value, operator: greater_than, value: 1000}
  - {field: country, operator: in, value: [US, CA]}
"""


def one(text: str) -> Document:
    """The one sound document of a text."""
    documents, findings = decoded(text)
    assert findings == []
    assert documents[0] is not None
    return documents[0]


@pytest.mark.parametrize("document", sound_documents(), ids=lambda each: f"{each.value['kind']}-{each.value['name']}")
def test_sound_documents_have_no_findings(document: YamlDocument) -> None:
    assert told(document.value) == []


def test_corpus_has_every_kind() -> None:
    assert {document.value["kind"] for document in sound_documents()} == set(KINDS)


def test_segment_in_its_classic_form_loads_as_it_stands() -> None:
    document = one(CLASSIC)
    assert (document.kind, document.name, document.resource) == (
        "Segment",
        "high_value_customers",
        "segment/high_value_customers",
    )
    model = document.model
    assert isinstance(model, SegmentDocument)
    assert isinstance(model.conditions, tuple)
    first, second = model.conditions
    assert isinstance(first, Leaf)
    assert isinstance(second, Leaf)
    assert (first.field, first.operator, first.value) == ("lifetime_value", "greater_than", 1000)
    assert second.value == ("US", "CA")
    assert (model.owner, model.created_at, model.tags) == ("growth", "2025-12-15T00:00:00Z", ())


def test_conditions_may_be_one_group() -> None:
    model = one("{apiVersion: v1, kind: Segment, name: a, conditions: {all: [{field: a, operator: exists}]}}").model
    assert isinstance(model, SegmentDocument)
    assert isinstance(model.conditions, AllOf)


def test_events_know_what_they_measure() -> None:
    events = "events: {type: visit}, events: {type: visit, did_not: true}"
    model = one(f"{{apiVersion: v1, kind: Segment, name: a, conditions: [{events}]}}").model
    assert isinstance(model, SegmentDocument)
    assert isinstance(model.conditions, tuple)
    measures = [each.events.measure for each in model.conditions if isinstance(each, EventsCondition)]
    assert measures == [None, "did_not"]


def test_resource_of_a_kind_with_two_words_has_an_underscore() -> None:
    assert one("{apiVersion: v1, kind: EventType, name: visit}").resource == "event_type/visit"


@pytest.mark.parametrize(
    "written,parts",
    [("500000", 500_000), ("0", 0), ("50%", 500_000), ("0.0001%", 1), ("12.5%", 125_000), ("100%", 1_000_000)],
)
def test_shares_become_parts_per_million(written: str, parts: int) -> None:
    arms = "arms: {a: {weight: 1}, b: {weight: 999999}}"
    model = one(f"{{apiVersion: v1, kind: Experiment, name: a, unit: u, coverage: {written}, {arms}}}").model
    assert isinstance(model, ExperimentDocument)
    assert model.coverage == parts


@pytest.mark.parametrize("written", ["-1", "1000001", "100.1%", "12.34567%", "٥%", "'%'", "0.5", "true", "1e3"])
def test_other_shares_are_refused(written: str) -> None:
    text = f"{{apiVersion: v1, kind: Layer, name: a, holdout: {written}}}"
    assert {each.code for each in decoded(text)[1]} <= {"S012", "S014", "S015"}
    assert decoded(text)[0] == [None]


def test_numbers_keep_their_type() -> None:
    big = 2**63 - 1
    leaf = f"{{field: a, operator: in, value: [{big}, 5.0, true, '5']}}"
    model = one(f"{{apiVersion: v1, kind: Segment, name: a, conditions: [{leaf}]}}").model
    assert isinstance(model, SegmentDocument)
    assert isinstance(model.conditions, tuple)
    assert isinstance(model.conditions[0], Leaf)
    assert repr(model.conditions[0].value) == f"({big}, 5.0, True, '5')"


def test_documents_do_not_change() -> None:
    model = one(CLASSIC).model
    with pytest.raises(ValueError, match="frozen"):
        model.name = "other"  # type: ignore[misc] # that is what is tested


def test_profile_field_says_where_it_comes_from() -> None:
    fields = "{visits: {type: integer, from: {event: visit, aggregate: count}}}"
    document = one(f"{{apiVersion: v1, kind: Profile, name: c, key: id, fields: {fields}}}")
    assert isinstance(document.model, ProfileDocument)
    source = document.model.fields["visits"].source
    assert source is not None
    assert (source.event, source.aggregate, source.field, source.within) == ("visit", "count", None, None)
