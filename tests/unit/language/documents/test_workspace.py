"""Workspaces: what a folder says, what is found in it, and which warnings its documents allow."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from engine.diagnostics import Finding, Sink, Span
from engine.language import member_files
from engine.language.workspace import Workspace, apply_suppressions, load_workspace

PROFILE = "{apiVersion: v1, kind: Profile, name: customer, key: customer_id, fields: {}}\n"
LAYER = "apiVersion: v1\nkind: Layer\nname: checkout\n"
ALLOWED = LAYER + "allow: [{code: Y010, reason: known, until: '2026-06-30'}]\ntags: [NO]\n"


def load(folder: Path, files: dict[str, str]) -> tuple[Workspace, list[Finding]]:
    """The workspace of some files, and what is found in it."""
    for name, text in {"decisor.yaml": "name: shop\n", "schemas/profile.yaml": PROFILE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    sink = Sink()
    return load_workspace(folder, sink), sink.findings()


def codes(findings: list[Finding]) -> list[str]:
    """The codes of findings."""
    return [each.code for each in findings]


def test_workspace_has_its_name_and_zone_and_documents_in_the_order_of_files(tmp_path: Path) -> None:
    files = {"segments/b.yaml": LAYER, "rules/a.yaml": f"{LAYER}---\n{LAYER}".replace("checkout", "search", 1)}
    files["segments/b.yaml"] = LAYER.replace("checkout", "last")
    workspace, findings = load(tmp_path, {"decisor.yaml": "name: shop\ntimezone: Europe/Berlin\n", **files})
    assert (workspace.name, workspace.timezone, findings) == ("shop", "Europe/Berlin", [])
    names = [(each.resource, each.yaml.file) for each in workspace.documents]
    assert names == [
        ("layer/search", "rules/a.yaml"),
        ("layer/checkout", "rules/a.yaml"),
        ("profile/customer", "schemas/profile.yaml"),
        ("layer/last", "segments/b.yaml"),
    ]


def test_time_zone_is_utc_unless_said(tmp_path: Path) -> None:
    assert load(tmp_path, {})[0].timezone == "UTC"


@pytest.mark.parametrize(
    "text,expected",
    [
        ("", ["S011"]),
        ("[]\n", ["S001"]),
        ("name: shop\ntimezone: Berlin\n", ["S015"]),
        ("name: shop\ntimezone: ../../etc/passwd\n", ["S015"]),
        ("name: shop\ntimzone: UTC\n", ["S010"]),
        ("name: Shop\n", ["S004"]),
        ("name: shop\n---\nname: shop\n", ["S019"]),
    ],
)
def test_settings_are_checked(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert codes(load(tmp_path, {"decisor.yaml": text})[1]) == expected


def test_broken_settings_leave_the_rest_to_be_checked(tmp_path: Path) -> None:
    workspace, findings = load(tmp_path, {"decisor.yaml": "nme: shop\n", "segments/a.yaml": "kind: Segmnt\n"})
    assert codes(findings) == ["S010", "S002"]
    assert (workspace.name, workspace.timezone) == ("", "UTC")


def test_second_document_of_a_name_is_left_out_and_shown_with_the_first(tmp_path: Path) -> None:
    workspace, (found,) = load(tmp_path, {"segments/a.yaml": LAYER, "segments/b.yaml": LAYER + "salt: b\n"})
    assert (found.code, found.span.file, found.related[0].span.file) == ("S021", "segments/b.yaml", "segments/a.yaml")
    assert [each.yaml.file for each in workspace.documents if each.kind == "Layer"] == ["segments/a.yaml"]


def test_names_of_broken_documents_are_declared(tmp_path: Path) -> None:
    workspace, findings = load(tmp_path, {"segments/a.yaml": "apiVersion: v1\nkind: Segment\nname: vip\n"})
    assert codes(findings) == ["S011"]
    assert "vip" in workspace.declared["Segment"]
    assert [each.kind for each in workspace.documents] == ["Profile"]


def test_broken_profile_is_not_called_missing(tmp_path: Path) -> None:
    broken = PROFILE.replace("fields: {}", "fields: 3")
    assert codes(load(tmp_path, {"schemas/profile.yaml": broken})[1]) == ["S012"]


def test_loading_leaves_garbage_collection_as_it_was(tmp_path: Path) -> None:
    assert gc.isenabled()
    load(tmp_path, {})
    assert gc.isenabled()


def members(folder: Path, data: bytes) -> tuple[list[tuple[int, str]], list[str]]:
    """The ids read from a file of these bytes, and the codes of what is found."""
    (folder / "segments").mkdir()
    (folder / "segments/staff.txt").write_bytes(data)
    document = "apiVersion: v1\nkind: MemberList\nname: staff\nfile: staff.txt\n"
    workspace, findings = load(folder, {"segments/staff.yaml": document})
    return list(workspace.member_lines("staff")), codes(findings)


def test_member_file_has_one_id_a_line(tmp_path: Path) -> None:
    data = "\ufeffc-1\r\n\r\n c 2\nç\n\n# 3".encode()
    assert members(tmp_path, data) == ([(1, "c-1"), (3, " c 2"), (4, "ç"), (6, "# 3")], [])


def test_member_file_that_is_too_large_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_files, "MOST_BYTES", 10)
    assert members(tmp_path, b"c-1\nc-2\nc-3\n") == ([], ["S024"])


def test_member_file_that_leaves_the_workspace_by_a_link_is_found(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "segments").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("c-1\n")
    (root / "segments/staff.txt").symlink_to(tmp_path / "secret.txt")
    document = "apiVersion: v1\nkind: MemberList\nname: staff\nfile: staff.txt\n"
    workspace, findings = load(root, {"segments/staff.yaml": document})
    assert (list(workspace.member_lines("staff")), codes(findings)) == ([], ["Y060", "S024"])


def test_member_file_that_is_a_pipe_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    os.mkfifo(tmp_path / "segments/staff.txt")
    document = "apiVersion: v1\nkind: MemberList\nname: staff\nfile: staff.txt\n"
    assert codes(load(tmp_path, {"segments/staff.yaml": document})[1]) == ["S024"]


def test_allowed_warning_is_gone_until_its_day_has_passed(tmp_path: Path) -> None:
    workspace, findings = load(tmp_path, {"segments/a.yaml": ALLOWED})
    assert codes(findings) == ["Y010"]
    assert codes(apply_suppressions(findings, workspace, "2026-06-30")) == []
    assert codes(apply_suppressions(findings, workspace, "2026-07-01")) == ["H003", "Y010"]


def test_warning_is_allowed_in_its_own_document_only(tmp_path: Path) -> None:
    other = LAYER.replace("checkout", "search") + "tags: [NO]\n"
    workspace, findings = load(tmp_path, {"segments/a.yaml": f"{other}---\n{ALLOWED}---\n{other.replace('ch', 'ck')}"})
    lines = [(each.code, each.span.line) for each in apply_suppressions(findings, workspace, "2026-01-01")]
    assert lines == [("Y010", 4), ("Y010", 15)]


def test_warning_about_a_resource_is_allowed_wherever_its_place_is(tmp_path: Path) -> None:
    workspace, _ = load(tmp_path, {"segments/a.yaml": ALLOWED})
    far = Finding("Y010", "`x` is odd", Span("decisor.yaml", 1, 1, 1, 2), resource="layer/checkout")
    assert apply_suppressions([far], workspace, "2026-01-01") == []


def test_errors_cannot_be_allowed(tmp_path: Path) -> None:
    text = LAYER + "allow: [{code: S010, reason: known, until: '2026-06-30'}]\n"
    workspace, findings = load(tmp_path, {"segments/a.yaml": text})
    error = Finding("S010", "`x` is odd", Span("segments/a.yaml", 1, 1, 1, 2), resource="layer/checkout")
    assert codes(apply_suppressions([*findings, error], workspace, "2026-01-01")) == ["S010", "H005"]


def test_code_allowed_twice_is_found(tmp_path: Path) -> None:
    entry = "{code: Y010, reason: known, until: '2026-06-30'}"
    workspace, findings = load(tmp_path, {"segments/a.yaml": LAYER + f"allow: [{entry}, {entry}]\ntags: [NO]\n"})
    assert codes(apply_suppressions(findings, workspace, "2026-01-01")) == ["S018"]


def test_nothing_is_called_unused_in_a_report_that_left_some_out(tmp_path: Path) -> None:
    workspace, _ = load(tmp_path, {"segments/a.yaml": ALLOWED})
    more = Finding("H001", "`3` more warnings", Span("segments/a.yaml", 1, 1, 1, 1))
    assert codes(apply_suppressions([more], workspace, "2026-01-01")) == ["H001"]
    assert codes(apply_suppressions([], workspace, "2026-01-01")) == ["H004"]
