"""`decisor test`: which tests run, what is printed and written, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.conftest import Decisor

HERO = """\
apiVersion: v1
kind: Test
name: heroes
ruleset: hero
now: "2026-03-01T00:00:00Z"
cases:
  - {name: strangers are welcomed, profile: {spend: 1.0}, expect: {output: {content: welcome}}}
  - {name: big spenders too, profile: {spend: 900.0}, expect: {output: {content: welcom}}}
"""


@pytest.fixture
def failing(shop: Path) -> Path:
    """The shop with a test of the ruleset, of which a case fails."""
    (shop / "rules/hero.test.yaml").write_text(HERO)
    return shop


def test_tests_that_pass_end_with_0(shop: Path, decisor: Decisor) -> None:
    done = decisor("test")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("2 passed, 0 failed\n")
    assert done.out.startswith("coverage: ")


def test_a_failure_shows_its_difference_and_ends_with_1(failing: Path, decisor: Decisor) -> None:
    done = decisor("test")
    assert done.code == 1
    assert "FAILED heroes: big spenders too\n  --> rules/hero.test.yaml:8:12\n" in done.out
    assert '  output.content: expected "welcom", found "welcome"\n' in done.out
    assert "  path taken: who (trial) → trial (control) → plain (output)\n" in done.out
    assert "    who: `in_segment('vips')` holds → trial  (in_segment('vips') is true)\n" in done.out
    assert done.out.endswith("3 passed, 1 failed\n")


def test_only_what_has_the_text_in_its_name_runs(failing: Path, decisor: Decisor) -> None:
    assert decisor("test", "-k", "strangers").out.endswith("1 passed, 0 failed\n")
    assert decisor("test", "-k", "heroes").out.endswith("1 passed, 1 failed\n")
    done = decisor("test", "-k", "nobody")
    assert (done.code, done.err) == (2, "decisor: -k nobody: no name of a test or case contains this\n")


def test_only_the_tests_at_the_paths_run(failing: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decisor("test", "segments").out.endswith("2 passed, 0 failed\n")
    assert decisor("test", "segments/vips.test.yaml", "rules").out.endswith("3 passed, 1 failed\n")
    monkeypatch.chdir(failing / "rules")
    assert decisor("test", "hero.test.yaml").out.endswith("1 passed, 1 failed\n")


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["nowhere.yaml"], "`nowhere.yaml` does not exist"),
        (["segments/vips.yaml"], "`segments/vips.yaml` has no tests"),
        (["--min-coverage", "101"], "--min-coverage 101: expected a percentage from 0 to 100"),
        (["--min-coverage", "nan"], "--min-coverage nan: expected a percentage from 0 to 100"),
        (["--output", "sarif=x"], "--output sarif=x: expected FORMAT=FILE with one of the formats text, json, junit"),
    ],
)
def test_what_cannot_be_run_ends_with_2(arguments: list[str], told: str, shop: Path, decisor: Decisor) -> None:
    done = decisor("test", *arguments)
    assert (done.code, done.out, done.err) == (2, "", f"decisor: {told}\n")


def test_coverage_below_the_least_fails_and_says_what_is_missing(shop: Path, decisor: Decisor) -> None:
    done = decisor("test", "--min-coverage", "90")
    assert done.code == 1
    assert "  not seen: ruleset/hero: trial: arm treatment\n" in done.out
    assert done.out.endswith("2 passed, 0 failed\nexpected at least 90 % coverage\n")
    assert decisor("test", "--min-coverage", "5").code == 0
    assert "not seen" not in decisor("test").out
    assert "not seen" in decisor("test", "--missing").out


def test_reports_are_written_and_printed(failing: Path, decisor: Decisor, tmp_path: Path) -> None:
    done = decisor(
        "test",
        "--format",
        "json",
        "--output",
        f"junit={tmp_path}/a/tests.xml",
        "--output",
        f"text={tmp_path}/tests.txt",
    )
    assert done.code == 1
    report = json.loads(done.out)
    assert [each["passed"] for each in report["results"]] == [True, False, True, True]
    assert ET.parse(tmp_path / "a/tests.xml").getroot().get("failures") == "1"  # noqa: S314 - our own text
    assert (tmp_path / "tests.txt").read_text("utf-8").endswith("3 passed, 1 failed\n")
    printed = ET.fromstring(decisor("test", "--format", "junit").out)  # noqa: S314 - our own text
    assert printed.get("tests") == "4"


def test_the_clock_is_the_tests_alone(shop: Path, decisor: Decisor) -> None:
    case = """\
  - name: active then
    now: "2020-01-01T00:00:00Z"
    profile: {spend: 500.0, last_order_at: "2019-12-31T00:00:00Z"}
    expect: {in_segments: [active_vips]}
  - name: and not now
    profile: {spend: 500.0, last_order_at: "2019-12-31T00:00:00Z"}
    expect: {not_segments: [active_vips]}
"""
    file = shop / "segments/vips.test.yaml"
    file.write_text(file.read_text() + case)
    assert decisor("test").code == 0
