"""Documents in the wrong place are a warning; what is no document of ours is nobody's business."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.diagnostics import Sink
from engine.language.unread import SHOWN
from engine.language.workspace import load_workspace

SEGMENT = "apiVersion: v1\nkind: Segment\nname: rich\nconditions: []\n"


def unread(root: Path) -> dict[str, str]:
    """The files that are warned about, with what is expected."""
    sink = Sink()
    load_workspace(root, sink)
    found = [each for each in sink.findings() if each.code == "Y065"]
    assert all(each.severity == "warning" for each in found)
    return {each.span.file: each.message.partition("; expected ")[2] for each in found}


def put(root: Path, path: str, text: str = SEGMENT) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, "utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "decisor.yaml", "name: shop\n")
    put(tmp_path, "segments/read.yml")
    return tmp_path


ELSEWHERE = "it below `rules`, `schemas` or `segments`"


@pytest.mark.parametrize(
    "path, expected",
    [
        ("audiences/rich.yaml", ELSEWHERE),
        ("Segments/rich.yaml", ELSEWHERE),
        ("rich.yaml", ELSEWHERE),
        ("a/b/rich.yml", ELSEWHERE),
        ("segments/rich.YAML", "a name that ends with `.yaml`, in small letters"),
        ("segments/.old/rich.yaml", "a name without a leading `.`, also of its folders"),
        ("segments/.x/rich.YAML", "a name that ends with `.yaml`, in small letters"),
        ("segments/.rich.yaml", "a name without a leading `.`, also of its folders"),
    ],
)
def test_a_document_that_is_not_read_is_a_warning(root: Path, path: str, expected: str) -> None:
    put(root, path)
    assert unread(root) == {path: expected}


@pytest.mark.parametrize(
    "path, text",
    [
        ("docker-compose.yaml", "services: {}\n"),
        ("deploy/pod.yaml", "apiVersion: v1\nkind: Pod\n"),
        ("deploy/trial.yaml", "apiVersion: example.org/v1\nkind: Experiment\n"),
        ("other/decisor.yaml", "name: other\n"),
        (".github/rich.yaml", SEGMENT),
        ("segments/notes.txt", SEGMENT),
        ("a/b/c/d/e/rich.yaml", SEGMENT),
    ],
)
def test_what_is_not_a_document_here_is_passed_over(root: Path, path: str, text: str) -> None:
    put(root, path, text)
    put(root, "other/segments/theirs.yaml") if path.startswith("other") else None
    assert unread(root) == {}


def test_an_ending_in_capitals_is_enough_beside_those_that_are_read(root: Path) -> None:
    put(root, "segments/rich.YAML", "{kind: Segment}\n")
    assert list(unread(root)) == ["segments/rich.YAML"]


def test_a_document_behind_a_long_comment_is_a_warning(root: Path) -> None:
    put(root, "audiences/rich.yaml", f"# {'x' * 8_000}\n{SEGMENT}")
    assert list(unread(root)) == ["audiences/rich.yaml"]


def test_the_folders_that_are_read_come_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.language.unread.ENTRIES", 20)
    for number in range(30):
        put(root, f"zz/{number}.txt")
        put(root, f"{number}.txt")
    put(root, "segments/rich.YAML")
    assert list(unread(root)) == ["segments/rich.YAML"]


def test_a_folder_behind_a_link_is_not_searched(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    put(outside, "rich.YAML")
    (root / "rules").symlink_to(outside)
    assert unread(root) == {}


def test_links_and_pipes_are_not_opened(root: Path) -> None:
    (root / "link.yaml").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe.yaml")
    assert unread(root) == {}


def test_only_so_many_are_reported(root: Path) -> None:
    for number in range(SHOWN + 5):
        put(root, f"audiences/{number:02}.yaml")
    assert len(unread(root)) == SHOWN
