from __future__ import annotations

from engine.bundle.plan.documents import document_changes, list_changes, value_differences
from engine.ir.program import Program
from engine.ir.types import Catalogue


def program(**documents: dict[str, object]) -> Program:
    return Program("shop", "UTC", Catalogue("customer", "id", ()), documents=documents)


def test_members_are_counted_and_never_named() -> None:
    (found,) = list_changes({"staff": ("a", "b")}, {"staff": ("b", "c", "d")})
    assert [f"{detail.sign} {detail.text}" for detail in found.details] == ["+ 2 members", "- 1 member"]


def test_lists_come_go_are_renamed_and_stay() -> None:
    before = {"gone": ("a",), "old": ("b",), "same": ("c",)}
    after = {"new": ("b",), "same": ("c",), "fresh": ("d", "e")}
    found = {each.name: each.action for each in list_changes(before, after)}
    assert found == {"gone": "removed", "new": "renamed", "fresh": "added"}


def test_differences_of_data_are_told_by_path() -> None:
    old = {"deadline": "50ms", "inputs": {"a": {"type": "number"}}, "list": [1, 2], "none": None}
    new = {"deadline": "80ms", "inputs": {"b": {"type": "number"}}, "list": [1, 2, 3], "none": None}
    assert [f"{detail.sign} {detail.text}" for detail in value_differences(old, new)] == [
        "~ deadline: 50ms → 80ms",
        "- inputs.a.type: number",
        "~ list: [1, 2] → [1, 2, 3]",
        "+ inputs.b.type: number",
    ]


def test_a_number_and_a_truth_are_not_the_same() -> None:
    assert list(value_differences({"x": 1}, {"x": True}))
    assert list(value_differences({"x": 1}, {"x": 1.0}))


def test_documents_are_told_by_kind_and_name() -> None:
    before = program(FeatureView={"clicks": {"ttl": "30d"}}, Model={"churn": {"file": "a"}})
    after = program(FeatureView={"clicks": {"ttl": "60d"}}, Metric={"orders": {"event": "purchase"}})
    found = {each.resource: each.action for each in document_changes(before, after)}
    assert found == {"feature_view/clicks": "changed", "model/churn": "removed", "metric/orders": "added"}


def test_long_values_are_cut() -> None:
    (detail,) = value_differences({"text": "a" * 500}, {"text": "b" * 500})
    assert len(detail.text) < 200
