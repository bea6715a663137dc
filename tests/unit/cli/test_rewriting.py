"""`decisor fix` and `decisor fmt`: what they change, what they leave, what they only show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Decisor

WRONG = """\
apiVersion: v1
kind: Segment
name: wrong # kept
ownr: growth
conditions:
  - {field: country, operator: equals, value: NO}
"""


@pytest.fixture
def wrong(shop: Path) -> Path:
    """A file with two fixes."""
    file = shop / "segments/wrong.yaml"
    file.write_text(WRONG)
    return file


def test_fixes_are_applied_and_comments_stay(wrong: Path, decisor: Decisor) -> None:
    done = decisor("fix")
    assert (done.code, done.out) == (0, "2 fixes applied\n")
    assert wrong.read_text() == WRONG.replace("ownr", "owner").replace("value: NO", 'value: "NO"')
    assert decisor("check", "--strict").code == 0
    assert decisor("fix").out == "0 fixes applied\n"


def test_a_difference_shows_and_changes_nothing(wrong: Path, decisor: Decisor) -> None:
    done = decisor("fix", "--diff")
    assert "-ownr: growth\n+owner: growth\n" in done.out
    assert done.out.startswith("--- a/segments/wrong.yaml\n+++ b/segments/wrong.yaml\n")
    assert wrong.read_text() == WRONG


def test_line_breaks_marks_and_modes_stay(wrong: Path, decisor: Decisor) -> None:
    wrong.write_bytes(b"\xef\xbb\xbf" + WRONG.replace("\n", "\r\n").encode())
    wrong.chmod(0o640)
    assert decisor("fix").out == "2 fixes applied\n"
    raw = wrong.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfapiVersion: v1\r\nkind")
    assert b'value: "NO"}\r\n' in raw
    assert wrong.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_not_utf_8_is_left_alone(wrong: Path, decisor: Decisor) -> None:
    raw = WRONG.encode() + b"description: \xff\n"
    wrong.write_bytes(raw)
    assert decisor("fix").out == "0 fixes applied\n"
    assert wrong.read_bytes() == raw


def test_a_link_is_written_through(shop: Path, wrong: Path, decisor: Decisor) -> None:
    (shop / "elsewhere").mkdir()
    wrong.rename(shop / "elsewhere/wrong.yaml")
    wrong.symlink_to("../elsewhere/wrong.yaml")
    assert decisor("fix").out == "2 fixes applied\n"
    assert wrong.is_symlink()
    assert "owner: growth" in (shop / "elsewhere/wrong.yaml").read_text()


def test_files_are_brought_into_the_canonical_layout(shop: Path, decisor: Decisor) -> None:
    file = shop / "segments/wide.yaml"
    file.write_text("kind:   Segment   # a comment\napiVersion: v1\nname: wide\nconditions: [segment: vips]\n")
    checked = decisor("fmt", "--check")
    assert checked.code == 1
    assert "would change: segments/wide.yaml\n" in checked.err
    shown = decisor("fmt", "--diff", "segments/wide.yaml")
    assert shown.code == 1
    assert shown.out.startswith("--- a/segments/wide.yaml\n")
    done = decisor("fmt")
    assert done.code == 0
    assert "formatted: segments/wide.yaml\n" in done.err
    assert file.read_text().startswith("apiVersion: v1\nkind: Segment ")
    again = decisor("fmt", "--check")
    assert (again.code, again.out, again.err) == (0, "", "")


def test_only_the_files_at_the_paths_are_laid_out(shop: Path, decisor: Decisor) -> None:
    for name in ("one", "two"):
        (shop / f"segments/{name}.yaml").write_text(f"kind: Layer\napiVersion:  v1\nname: {name}\n")
    assert decisor("fmt", "segments/one.yaml").err == "formatted: segments/one.yaml\n"
    assert (shop / "segments/two.yaml").read_text().startswith("kind")


@pytest.mark.parametrize(
    "path, told", [("none.yaml", "does not exist"), ("notes.md", "is not a document file of this workspace")]
)
def test_a_path_without_documents_is_refused(path: str, told: str, shop: Path, decisor: Decisor) -> None:
    (shop / "notes.md").write_text("x")
    done = decisor("fmt", path)
    assert (done.code, done.err) == (2, f"decisor: `{path}` {told}\n")


@pytest.mark.parametrize("content", [b"a: [b\n", b"\xff\xfe", b"a: &a [*a]\n", b""])
def test_what_cannot_be_read_is_not_laid_out(content: bytes, shop: Path, decisor: Decisor) -> None:
    file = shop / "segments/odd.yaml"
    file.write_bytes(content)
    decisor("fmt")
    assert file.read_bytes() == content


def test_a_word_for_a_boolean_becomes_true_or_false(shop: Path, decisor: Decisor) -> None:
    profile = shop / "schemas/catalogue.yaml"
    profile.write_text(profile.read_text("utf-8").replace("fields:\n", "fields:\n  happy: {type: boolean}\n"), "utf-8")
    file = shop / "segments/happy.yaml"
    condition = "{field: happy, operator: equals, value: "
    file.write_text(f"apiVersion: v1\nkind: Segment\nname: happy\nconditions:\n  - {condition}yes}}\n", "utf-8")
    assert decisor("fix").code == 0
    assert f"{condition}true}}" in file.read_text("utf-8")
    assert decisor("check").code == 0


def test_a_name_and_its_references_are_renamed_in_one_direction(shop: Path, decisor: Decisor) -> None:
    (shop / "segments/heavy.yaml").write_text(
        "apiVersion: v1\nkind: Segment\nname: heavy-buyers\nconditions: [{segment: buyers}]\n", "utf-8"
    )
    references = "conditions: [{segment: heavy-buyers}, {segment: heavy_buyers}, {segment: heavy_byers}]\n"
    file = shop / "segments/more.yaml"
    file.write_text(f"apiVersion: v1\nkind: Segment\nname: more\n{references}", "utf-8")
    assert decisor("fix").code == 0
    assert file.read_text("utf-8").count("heavy_buyers") == 3
    assert decisor("check").code == 0


def test_a_name_with_two_near_ones_is_left_to_the_author(shop: Path, decisor: Decisor) -> None:
    for name in ("red_shoes", "rod_shoes"):
        (shop / f"segments/{name}.yaml").write_text(
            f"apiVersion: v1\nkind: Segment\nname: {name}\nconditions: [{{segment: buyers}}]\n", "utf-8"
        )
    text = "apiVersion: v1\nkind: Segment\nname: more\nconditions: [{segment: rad_shoes}]\n"
    (shop / "segments/more.yaml").write_text(text, "utf-8")
    assert decisor("fix").code == 0
    assert (shop / "segments/more.yaml").read_text("utf-8") == text
    assert "did you mean `red_shoes` or `rod_shoes`?" in decisor("check").out
