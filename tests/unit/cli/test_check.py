"""`decisor check`: what is told, in which form, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.conftest import Decisor

WRONG = """\
apiVersion: v1
kind: Segment
name: wrong
conditions:
  - {field: spnd, operator: greater_than, value: 5}
  - {field: country, operator: equals, value: NO}
"""


@pytest.fixture
def wrong(shop: Path) -> Path:
    """The shop with an error and a warning in one file and an error in another."""
    (shop / "segments/wrong.yaml").write_text(WRONG)
    (shop / "rules/odd.yaml").write_text("apiVersion: v1\nkind: Layer\nname: Odd\n")
    return shop


def test_a_sound_workspace_is_clean(shop: Path, decisor: Decisor) -> None:
    done = decisor("check")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("4 files, 8 documents, 0 errors, 0 warnings in ")


def test_findings_are_told_with_their_lines_and_end_with_1(wrong: Path, decisor: Decisor) -> None:
    done = decisor("check")
    assert done.code == 1
    assert done.out.startswith("error[S004]: `Odd` as `name`; expected")
    assert " --> rules/odd.yaml:3:7\n" in done.out
    assert "  - {field: spnd, operator: greater_than, value: 5}\n" in done.out
    assert "help: did you mean `spend`?" in done.out
    assert "5 files" not in done.err
    assert "6 files, 10 documents, 2 errors, 1 warning in " in done.err


def test_json_has_the_agreed_shape_and_order(wrong: Path, decisor: Decisor) -> None:
    report = json.loads(decisor("check", "--format", "json").out)
    assert report.keys() == {"schema", "findings"}
    assert report["schema"] == "findings/1"
    places = [(each["file"], each["line"], each["column"], each["code"]) for each in report["findings"]]
    assert places == [
        ("rules/odd.yaml", 3, 7, "S004"),
        ("segments/wrong.yaml", 5, 13, "L001"),
        ("segments/wrong.yaml", 6, 47, "Y010"),
    ]
    first = report["findings"][1]
    assert {"code", "severity", "file", "line", "column", "end_line", "end_column", "message"} <= first.keys()
    assert (first["severity"], first["end_line"], first["end_column"]) == ("error", 5, 17)
    assert [each["severity"] for each in report["findings"]] == ["error", "error", "warning"]


def test_columns_count_code_points(shop: Path, decisor: Decisor) -> None:
    (shop / "segments/wide.yaml").write_text(
        "apiVersion: v1\nkind: Segment\nname: wide\ndescription: x\n"
        'conditions: [{value: "😀é", operator: equals, field: cuntry}]\n',
        "utf-8",
    )
    (finding,) = json.loads(decisor("check", "--format", "json").out)["findings"]
    assert (finding["line"], finding["column"], finding["end_column"]) == (5, 53, 59)


def test_only_strict_makes_warnings_fail(shop: Path, decisor: Decisor) -> None:
    (shop / "segments/wrong.yaml").write_text(WRONG.replace("spnd", "spend"))
    assert decisor("check").code == 0
    assert "warning[Y010]" in decisor("check").out
    assert decisor("check", "--strict").code == 1


def test_strictness_shows_in_junit(shop: Path, decisor: Decisor) -> None:
    (shop / "segments/wrong.yaml").write_text(WRONG.replace("spnd", "spend"))
    lenient = ET.fromstring(decisor("check", "--format", "junit").out)  # noqa: S314 - our own text
    strict = ET.fromstring(decisor("check", "--format", "junit", "--strict").out)  # noqa: S314 - our own text
    assert (lenient.get("failures"), strict.get("failures")) == ("0", "1")


def test_every_format_is_written_beside_what_is_printed(wrong: Path, decisor: Decisor, tmp_path: Path) -> None:
    forms = ("text", "json", "sarif", "junit", "github")
    outputs = [part for form in forms for part in ("--output", f"{form}={tmp_path}/reports/{form}")]
    done = decisor("check", "--format", "github", *outputs)
    assert done.code == 1
    for form in forms:
        text = (tmp_path / "reports" / form).read_text("utf-8")
        assert "L001" in text
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert text == decisor("check", "--format", form).out
    assert done.out == (tmp_path / "reports/github").read_text("utf-8")
    sarif = json.loads((tmp_path / "reports/sarif").read_text("utf-8"))
    assert sarif["runs"][0]["tool"]["driver"]["version"]


def test_a_clean_run_writes_whole_reports(shop: Path, decisor: Decisor, tmp_path: Path) -> None:
    decisor("check", "--output", f"json={tmp_path}/findings.json", "--output", f"junit={tmp_path}/junit.xml")
    assert json.loads((tmp_path / "findings.json").read_text()) == {"schema": "findings/1", "findings": []}
    assert ET.parse(tmp_path / "junit.xml").getroot().get("tests") == "1"  # noqa: S314 - our own text


@pytest.mark.parametrize(
    "output, told",
    [
        ("json", "expected FORMAT=FILE with one of the formats text, json, sarif, junit, github"),
        ("xml=a.xml", "expected FORMAT=FILE"),
        ("json=", "expected FORMAT=FILE"),
        ("json=decisor.yaml/x", "cannot be written: "),
    ],
)
def test_an_output_that_cannot_be_is_refused(output: str, told: str, shop: Path, decisor: Decisor) -> None:
    done = decisor("check", "--output", output)
    assert done.code == 2
    assert told in done.err


def test_a_part_of_the_workspace_is_reported_alone(wrong: Path, decisor: Decisor) -> None:
    done = decisor("check", "rules")
    assert done.code == 1
    assert "S004" in done.out
    assert "L001" not in done.out
    assert "2 files, 3 documents, 1 error, 0 warnings in " in done.err
    assert "L001" in decisor("check", "segments/wrong.yaml").out
    assert decisor("check", "segments/vips.yaml").code == 0
    assert decisor("check", "decisor.yaml").code == 0


def test_paths_are_those_seen_from_here_but_in_json(
    wrong: Path, decisor: Decisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(wrong.parent)
    assert " --> shop/segments/wrong.yaml:5:13\n" in decisor("check", "shop").out
    assert "::error file=shop/segments/wrong.yaml,line=5" in decisor("check", "shop", "--format", "github").out
    assert '"uri": "shop/segments/wrong.yaml"' in decisor("check", "shop", "--format", "sarif").out
    assert '"file": "segments/wrong.yaml"' in decisor("check", "shop", "--format", "json").out
    monkeypatch.chdir(wrong / "segments")
    assert " --> segments/wrong.yaml:5:13\n" in decisor("check").out


@pytest.mark.parametrize(
    "path, told",
    [
        ("segments/none.yaml", "`segments/none.yaml` does not exist"),
        ("notes.md", "is not read: the documents of "),
        ("schemas/notes.json", "are the YAML files in rules, schemas and segments"),
        ("..", "is not in a workspace: there is no decisor.yaml in it or above it"),
    ],
)
def test_a_path_that_is_not_read_is_no_approval(path: str, told: str, shop: Path, decisor: Decisor) -> None:
    for name in ("notes.md", "schemas/notes.json"):
        (shop / name).write_text("x")
    done = decisor("check", path)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_link_is_reported_by_its_own_name(wrong: Path, decisor: Decisor) -> None:
    (wrong / "elsewhere").mkdir()
    (wrong / "segments/wrong.yaml").rename(wrong / "elsewhere/wrong.yaml")
    (wrong / "segments/link.yaml").symlink_to("../elsewhere/wrong.yaml")
    (wrong.parent / "elsewhere").symlink_to(wrong / "segments")
    assert " --> segments/link.yaml:5:13\n" in decisor("check", "segments/link.yaml").out
    assert "L001" in decisor("check", wrong.parent / "elsewhere").out


def test_colours_are_for_people(wrong: Path, decisor: Decisor) -> None:
    assert "\x1b[" not in decisor("check").out
    assert "\x1b[1;31merror[S004]\x1b[0m" in decisor("check", "--color", "always").out


def test_all_findings_are_counted_where_not_all_are_told(shop: Path, decisor: Decisor) -> None:
    lines = "".join(f"  - {{field: f_{number}, operator: exists}}\n" for number in range(300))
    (shop / "segments/many.yaml").write_text(f"apiVersion: v1\nkind: Segment\nname: many\nconditions:\n{lines}")
    done = decisor("check", "--format", "json")
    codes = [each["code"] for each in json.loads(done.out)["findings"]]
    assert (codes.count("L001"), codes.count("H001")) == (200, 1)
    assert ", 300 errors, 0 warnings in " in done.err


def test_other_commands_tell_the_errors_and_stop(wrong: Path, decisor: Decisor) -> None:
    for command in (["compile", "vips"], ["mapping"], ["test"], ["match", "--profiles", "-"]):
        done = decisor(*command)
        assert (done.code, done.out) == (1, "")
        assert "error[L001]: `spnd` is not a field of the catalogue" in done.err
        assert "Y010" not in done.err


def test_warnings_stop_no_other_command(shop: Path, decisor: Decisor) -> None:
    (shop / "segments/wrong.yaml").write_text(WRONG.replace("spnd", "spend"))
    assert decisor("compile", "wrong").code == 0
