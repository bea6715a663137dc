"""Every known difference from the library, shown in both; and no difference that the docs do not list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rule_engine.errors import EngineError

from engine.runtime.expressions import compile_expression, evaluate_expression
from tests.expression_library import evaluate
from tests.expression_world import facts, findings_of

FILE = Path(__file__).parent / "rule_engine_differences.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
CASES = [case for group in GROUPS for case in group["cases"]]
DOCS = Path(__file__).parents[2] / "docs" / "expressions.md"


def given(case: dict[str, Any]) -> Any:
    """The facts of a case; null in its profile is missing."""
    return facts({name: value for name, value in case["profile"].items() if value is not None})


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_ours_is_as_listed(case: dict[str, Any]) -> None:
    expression, findings = findings_of(case["text"])
    if "refused" in case:
        assert [finding.code for finding in findings] == [case["refused"]]
        return
    assert expression is not None, [finding.message for finding in findings]
    assert compile_expression(expression)(given(case)) == case["ours"]
    assert evaluate_expression(expression, given(case)) == case["ours"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_theirs_is_as_listed(case: dict[str, Any]) -> None:
    if case.get("error"):
        with pytest.raises((EngineError, OverflowError, TypeError)):
            evaluate(case["text"], given(case))
        return
    assert evaluate(case["text"], given(case)) == case["theirs"]


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_listed_difference_is_one(case: dict[str, Any]) -> None:
    assert case.get("error") or "refused" in case or case["ours"] != case["theirs"]


def test_docs_list_every_difference() -> None:
    text = " ".join(DOCS.read_text("utf-8").split())
    assert [group["about"] for group in GROUPS if group["about"] not in text] == []
