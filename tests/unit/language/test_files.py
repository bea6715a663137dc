from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from engine.diagnostics import Finding, Sink
from engine.language import files
from engine.language.files import MOST_BYTES, SourceFile, find_files


def write(root: Path, path: str, text: str = "a: 1\n") -> Path:
    location = root / path
    location.parent.mkdir(parents=True, exist_ok=True)
    location.write_text(text)
    return location


def found(root: Path) -> tuple[list[str], list[Finding]]:
    sink = Sink()
    return [each.path for each in find_files(root, sink)], sink.findings()


def test_yaml_files_of_the_folders_and_the_workspace_file_are_found_in_order(tmp_path: Path) -> None:
    wanted = ["decisor.yaml", "rules/a.yaml", "rules/a/b.yml", "schemas/profile.yaml", "segments/z/y/x.test.yaml"]
    for path in reversed(wanted):
        write(tmp_path, path)
    for path in ["other.yaml", "docs/a.yaml", "segments/readme.md", "segments/.hidden.yaml", "rules/.git/a.yaml"]:
        write(tmp_path, path)
    assert found(tmp_path) == (wanted, [])


def test_an_empty_workspace_has_no_files(tmp_path: Path) -> None:
    assert found(tmp_path) == ([], [])


def test_a_file_is_read_when_asked_for(tmp_path: Path) -> None:
    location = write(tmp_path, "rules/a.yaml", "old")
    file = find_files(tmp_path, Sink())[0]
    location.write_text("new")
    assert file.data == b"new"


def test_no_more_is_read_than_shows_that_a_file_is_too_large(tmp_path: Path) -> None:
    write(tmp_path, "rules/a.yaml", "x" * (MOST_BYTES + 1000))
    assert len(find_files(tmp_path, Sink())[0].data) == MOST_BYTES + 1


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_link_out_of_the_workspace_is_a_finding_and_not_followed(tmp_path: Path, target: str) -> None:
    write(tmp_path, "outside/secret.yaml")
    root = tmp_path / "inside"
    write(root, "segments/a.yaml")
    link = {"file": "outside/secret.yaml", "folder": "outside"}[target]
    (root / "segments" / "link.yaml").symlink_to(tmp_path / link)
    paths, findings = found(root)
    assert paths == ["segments/a.yaml"]
    assert [(each.code, each.span.file) for each in findings] == [("Y060", "segments/link.yaml")]


def test_a_folder_of_the_workspace_that_leads_out_of_it_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "outside/a.yaml")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "rules").symlink_to(tmp_path / "outside")
    paths, findings = found(tmp_path / "inside")
    assert (paths, [each.code for each in findings]) == ([], ["Y060"])


def test_a_root_that_is_a_link_itself_is_fine(tmp_path: Path) -> None:
    write(tmp_path, "real/rules/a.yaml")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert found(tmp_path / "link") == (["rules/a.yaml"], [])


def test_a_link_to_elsewhere_in_the_workspace_is_followed(tmp_path: Path) -> None:
    write(tmp_path, "shared/a.yaml")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "shared").symlink_to(tmp_path / "shared")
    assert found(tmp_path) == (["rules/shared/a.yaml"], [])


def test_links_to_what_is_found_anyway_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "rules/a.yaml")
    (tmp_path / "rules" / "again.yaml").symlink_to("a.yaml")
    (tmp_path / "rules" / "loop").symlink_to(".")
    (tmp_path / "segments").symlink_to("rules")
    (tmp_path / "rules" / "root").symlink_to("..")
    assert found(tmp_path) == (["rules/a.yaml"], [])


def test_a_link_to_nothing_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").symlink_to("gone.yaml")
    assert [each.code for each in found(tmp_path)[1]] == ["Y062"]


def test_a_pipe_is_a_finding_and_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    os.mkfifo(tmp_path / "rules" / "a.yaml")
    os.mkfifo(tmp_path / "rules" / "not_ours")
    paths, findings = found(tmp_path)
    assert (paths, [each.message for each in findings]) == (
        [],
        ["`rules/a.yaml` is a pipe; expected a regular file"],
    )


def test_a_socket_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules").mkdir()
    monkeypatch.chdir(tmp_path / "rules")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.yaml")
        assert [each.code for each in found(tmp_path)[1]] == ["Y061"]


def test_a_file_that_became_a_pipe_is_a_finding(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    sink = Sink()
    assert SourceFile("a.yaml", tmp_path / "a.yaml").read(sink) is None
    assert [each.code for each in sink.findings()] == ["Y062"]


def test_a_file_that_went_away_is_a_finding(tmp_path: Path) -> None:
    location = write(tmp_path, "rules/a.yaml")
    file = find_files(tmp_path, Sink())[0]
    location.unlink()
    sink = Sink()
    assert file.read(sink) is None
    assert [each.message for each in sink.findings()] == [
        "`rules/a.yaml` cannot be read (no such file or directory); expected a readable file"
    ]


def test_a_name_that_is_not_utf_8_is_a_finding_that_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / os.fsdecode(b"\xff.yaml")).write_text("a: 1\n")
    paths, findings = found(tmp_path)
    assert paths == []
    assert [(each.code, each.span.file.encode()) for each in findings] == [("Y064", "rules/\ufffd.yaml".encode())]


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    for index in range(5):
        write(tmp_path, f"rules/{index}.yaml")
    sink = Sink()
    assert len(find_files(tmp_path, sink, most=3)) == 3
    assert [each.code for each in sink.findings()] == ["Y063"]


def test_the_number_of_entries_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(5):
        write(tmp_path, f"rules/{index}/a.yaml")
    monkeypatch.setattr(files, "MOST_ENTRIES", 4)
    assert [each.code for each in found(tmp_path)[1]] == ["Y063"]


def test_a_folder_named_like_a_file_is_searched(tmp_path: Path) -> None:
    write(tmp_path, "rules/odd.yaml/a.yaml")
    assert found(tmp_path)[0] == ["rules/odd.yaml/a.yaml"]


def test_a_workspace_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    paths, findings = found(tmp_path / "gone")
    assert (paths, [each.code for each in findings]) == ([], ["Y062"])


@pytest.mark.parametrize("target", [".env", ".git/config", ".decisor/servers.json", "shared/.netrc", ".git"])
def test_a_link_to_a_hidden_file_is_a_finding_and_not_followed(tmp_path: Path, target: str) -> None:
    write(tmp_path, "segments/a.yaml")
    (tmp_path / target).parent.mkdir(exist_ok=True)
    (tmp_path / target).mkdir() if target == ".git" else (tmp_path / target).write_text("token: secret")
    (tmp_path / "segments" / "link.yaml").symlink_to(tmp_path / target)
    paths, findings = found(tmp_path)
    assert paths == ["segments/a.yaml"]
    assert [(each.code, each.span.file) for each in findings] == [("Y060", "segments/link.yaml")]


def test_files_behind_the_hidden_folder_of_a_mounted_volume_are_read(tmp_path: Path) -> None:
    write(tmp_path, "..data/segments/a.yaml")
    (tmp_path / "segments").symlink_to("..data/segments")
    assert found(tmp_path) == (["segments/a.yaml"], [])
