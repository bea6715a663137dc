from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from engine.testing import report
from engine.testing.report import as_json, as_junit, as_text
from engine.testing.run import TestRun
from tests.unit.testing.world import run

CASES = """\
  - {name: fails, profile: {spend: 5.0}, expect: {in_segments: [vip]}}
  - {name: passes <& well>, profile: {user_id: c-7}, expect: {in_segments: [staff]}}
  - {name: "later \\u0085\\u0001", todo: "not <yet>", expect: {in_segments: [vip]}}
"""


@pytest.fixture
def ran(tmp_path: Path) -> TestRun:
    return run(tmp_path, CASES)


def test_text_has_the_failures_the_coverage_and_the_count(ran: TestRun) -> None:
    lines = as_text(ran, missing=False).splitlines()
    assert lines[:2] == ["FAILED checks: fails", "  --> rules/all.test.yaml:7:12"]
    assert lines[2] == "  segments: expected in `vip`, is not:"
    assert lines[-2].startswith("coverage: ")
    assert lines[-1] == "1 passed, 1 failed, 1 to do"


def test_text_lists_some_of_what_no_case_has_seen(ran: TestRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MISSING_SHOWN", 3)
    text = as_text(ran, missing=True)
    assert "  not seen: segment/staff: is on the list crew: false" in text
    assert text.count("not seen: ") == 3
    assert f"  and {len(ran.coverage.missing()) - 3} more; --format json lists them all" in text


def test_json_has_every_result_and_all_that_is_missing(ran: TestRun) -> None:
    found = json.loads(as_json(ran))
    assert found["schema"] == "tests/1"
    assert [(each["case"], each["passed"]) for each in found["results"][:2]] == [
        ("fails", False),
        ("passes <& well>", True),
    ]
    assert found["results"][0]["line"] == 7
    coverage = found["coverage"]
    assert coverage["covered"] + len(coverage["missing"]) == coverage["possible"]


def test_junit_can_be_read_and_has_the_difference(ran: TestRun) -> None:
    root = ET.fromstring(as_junit(ran))  # noqa: S314 - our own text
    assert (root.get("tests"), root.get("failures")) == ("3", "1")
    (suite,) = root
    assert (suite.get("name"), suite.get("skipped")) == ("rules/all.test.yaml", "1")
    fails, passes, later = suite
    failure = fails.find("failure")
    assert failure is not None
    assert failure.get("message") == "segments: expected in `vip`, is not:"
    assert "✗ spend is at least 500" in str(failure.text)
    assert len(passes) == 0
    skipped = later.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not <yet>"
