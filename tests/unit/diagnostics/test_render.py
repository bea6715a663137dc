"""Renderers, each over the same findings; what they print is golden."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from engine.diagnostics import (
    Edit,
    Finding,
    Fix,
    Related,
    Span,
    render_github,
    render_json,
    render_junit,
    render_sarif,
    render_text,
)

FILE = "segments/wide names, 100%.yaml"
TEXT = 'kind: Segment\nname: "日本" # NO\nconditions:\n  - a\n  - b\n' + "long: " + "x" * 300 + " HERE\n"
FINDINGS = [
    Finding(
        "S011", "`Segment` lacks `owner`; expected it", Span(FILE, 1, 1, 6, 3), label="add it", resource="segment/vip"
    ),
    Finding(
        "Y010",
        "`NO` is text here",
        Span(FILE, 2, 14, 2, 16),
        label="put it in quotes",
        help=("quote it", "or write `false`"),
        fix=Fix('write `"NO"`', (Edit(Span(FILE, 2, 14, 2, 16), '"NO"'),)),
        path=("name",),
    ),
    Finding(
        "Y020", "`b` is written twice", Span(FILE, 5, 5, 5, 6), related=(Related("first here", Span(FILE, 4, 5, 4, 6)),)
    ),
    Finding("Y070", "`HERE` is odd\x1b[2J", Span(FILE, 6, 308, 6, 312)),
    Finding("Y041", "`gone.yaml` is large", Span("gone.yaml", 1, 1, 1, 1), label="no text at hand"),
]
GOLDEN = Path(__file__).parents[2] / "golden" / "rendered"
RENDERERS = {
    "text.txt": render_text,
    "findings.json": render_json,
    "findings.sarif": render_sarif,
    "junit.xml": render_junit,
    "github.txt": render_github,
}


@pytest.mark.parametrize("name, renderer", RENDERERS.items(), ids=list(RENDERERS))
def test_report_reads_as_approved(name: str, renderer: ModuleType, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / name, renderer.render(FINDINGS, {FILE: TEXT}))


def test_text_in_colour_is_the_same_text() -> None:
    plain = render_text.render(FINDINGS, {FILE: TEXT})
    coloured = render_text.render(FINDINGS, {FILE: TEXT}, color=True)
    assert coloured != plain
    for code in ("1;31", "1;33", "34", "36", "0"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == plain


def test_text_lets_no_escape_sequence_through() -> None:
    hostile = Finding("Y070", "\x1b[2J", Span("\x1b[1m.yaml", 1, 1, 1, 9), label="\x1b", help=("\x9b",))
    assert "\x1b" not in render_text.render([hostile], {"\x1b[1m.yaml": "a\x1b[2Jb\u202ec"})


@pytest.mark.parametrize("place", ["message", "label", "help"])
def test_text_begins_no_line_with_what_a_workspace_says(place: str) -> None:
    said = "`x\n::add-mask::y\n0 errors`"
    for line in (1, 99):  # 99: beyond the file
        finding = Finding(
            "S004",
            said if place == "message" else "m",
            Span(FILE, line, 1, line, 2),
            said if place == "label" else "l",
            help=(said if place == "help" else "h",),
        )
        shown = render_text.render([finding], {FILE: TEXT})
        assert "| ::add-mask::y" in shown
        assert not [each for each in shown.split("\n") if each.lstrip().startswith(("::add", "0 errors"))]


def test_text_of_a_place_beyond_the_file_has_no_line() -> None:
    assert (
        render_text.render([Finding("Y070", "m", Span("a", 7, 3, 7, 4))], {"a": "x\n"})
        == "error[Y070]: m\n --> a:7:3\n"
    )


def test_text_marks_an_empty_span_with_one_caret() -> None:
    assert render_text.render([Finding("Y070", "m", Span("a", 1, 3, 1, 3))], {"a": "x: \n"}).endswith("  |   ^\n")


def test_ten_thousand_findings_render_quickly() -> None:
    many = [Finding("Y020", "m", Span(FILE, 1 + index % 6, 1, 1 + index % 6, 3)) for index in range(10_000)]
    assert render_text.render(many, {FILE: TEXT}).count("error[") == 10_000


def test_json_has_exactly_the_published_keys() -> None:
    report = json.loads(render_json.render(FINDINGS, {}))
    assert report["schema"] == "findings/1"
    assert [set(each) for each in report["findings"]] == [
        {"code", "severity", "file", "line", "column", "end_line", "end_column", "message"}
        | {"label", "help", "fix", "related", "resource", "path", "fingerprint"}
    ] * len(FINDINGS)
    assert [each["code"] for each in report["findings"]] == [each.code for each in FINDINGS]


def test_json_without_findings_is_an_empty_list() -> None:
    assert json.loads(render_json.render([], {})) == {"schema": "findings/1", "findings": []}


def closed(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


PLACE = {"type": "integer", "minimum": 1}
STRING = {"type": "string", "minLength": 1}
MESSAGE = closed(["text"], text=STRING, markdown=STRING)
REGION = closed(["startLine"], startLine=PLACE, startColumn=PLACE, endLine=PLACE, endColumn=PLACE)
ARTIFACT = closed(["uri"], uri={"type": "string", "pattern": r"^[A-Za-z0-9%/._~-]+$"}, uriBaseId={"const": "%SRCROOT%"})
PHYSICAL = closed(["artifactLocation"], artifactLocation=ARTIFACT, region=REGION)
LOGICAL = closed([], fullyQualifiedName=STRING, kind=STRING)
LOCATION = closed(
    [], id={"type": "integer"}, message=MESSAGE, physicalLocation=PHYSICAL, logicalLocations={"items": LOGICAL}
)
REPLACEMENT = closed(["deletedRegion"], deletedRegion=REGION, insertedContent=closed(["text"], text={"type": "string"}))
CHANGE = closed(["artifactLocation", "replacements"], artifactLocation=ARTIFACT, replacements={"items": REPLACEMENT})
LEVEL = {"enum": ["error", "warning", "note", "none"]}
RESULT = closed(
    ["message", "ruleId"],
    ruleId=STRING,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations={"items": LOCATION, "minItems": 1},
    relatedLocations={"items": LOCATION},
    partialFingerprints={"additionalProperties": STRING},
    fixes={"items": closed(["artifactChanges"], description=MESSAGE, artifactChanges={"items": CHANGE, "minItems": 1})},
)
RULE = closed(
    ["id"],
    id=STRING,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=closed([], level=LEVEL),
)
DRIVER = closed(["name"], name=STRING, version=STRING, rules={"items": RULE})
RUN = closed(
    ["tool", "results"],
    tool=closed(["driver"], driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"additionalProperties": closed([], description=MESSAGE)},
    results={"items": RESULT},
)
SARIF = closed(["version", "runs"], **{"$schema": STRING, "version": {"const": "2.1.0"}, "runs": {"items": RUN}})
"""The parts of the SARIF 2.1.0 schema that we write; the same names, types and bounds."""


def test_sarif_keeps_to_the_standard() -> None:
    log = json.loads(render_sarif.render(FINDINGS, {}, version="1.0"))
    jsonschema.Draft7Validator(SARIF).validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[each["ruleIndex"]] for each in run["results"]] == [each.code for each in FINDINGS]
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_fingerprints_are_unique_and_do_not_know_lines() -> None:
    twice = [Finding("Y010", "m", Span("a.yaml", line, 1, line, 2)) for line in (3, 8)]
    moved = [Finding("Y010", "m", Span("a.yaml", line, 1, line, 2)) for line in (4, 9)]

    def fingerprints(findings: list[Finding]) -> list[dict[str, str]]:
        return [
            each["partialFingerprints"] for each in json.loads(render_sarif.render(findings, {}))["runs"][0]["results"]
        ]

    assert fingerprints(twice) == fingerprints(moved)
    assert fingerprints(twice)[0] != fingerprints(twice)[1]


def test_junit_fails_errors_and_with_strict_also_warnings() -> None:
    lenient = ET.fromstring(render_junit.render(FINDINGS, {FILE: TEXT}))  # noqa: S314 - our own output
    strict = ET.fromstring(render_junit.render(FINDINGS, {FILE: TEXT}, strict=True))  # noqa: S314 - our own output
    assert (lenient.get("tests"), lenient.get("failures"), len(lenient.findall(".//failure"))) == ("5", "4", 4)
    assert (strict.get("failures"), len(strict.findall(".//failure"))) == ("5", 5)
    assert [suite.get("name") for suite in lenient] == ["gone.yaml", FILE]


def test_junit_without_findings_has_one_case_that_passes() -> None:
    root = ET.fromstring(render_junit.render([], {}))  # noqa: S314 - our own output
    assert (root.get("tests"), root.get("failures"), len(root.findall(".//testcase"))) == ("1", "0", 1)


def test_github_shows_ten_of_a_kind_and_counts_the_rest() -> None:
    errors = [Finding("Y020", "m", Span("a.yaml", line, 1, line, 2)) for line in range(1, 24)]
    warnings = [Finding("Y010", "m", Span("a.yaml", line, 1, line, 2)) for line in range(1, 12)]
    lines = render_github.render([*warnings, *errors], {}).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"]
    assert "13 more errors and 1 more warning not annotated" in lines[-1]


def test_github_escapes_what_would_end_a_command() -> None:
    line = render_github.render([Finding("Y020", "50%\r\n::error::x", Span("a:b,c.yaml", 1, 1, 1, 2))], {})
    assert line.count("\n") == 1
    assert "file=a%3Ab%2Cc.yaml," in line
    assert line.endswith("::50%25\ufffd%0A::error::x\n")
