from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.diagnostics import Sink
from engine.language.git import RevisionError
from engine.language.git import run as run_git
from engine.language.revision import base_of, commit_of, provenance, write_revision
from engine.language.workspace import Workspace, load_workspace

SEGMENT = """apiVersion: v1
kind: Segment
name: rich
conditions:
  - {field: spend, operator: greater_than, value: 1}
"""
LIST = "apiVersion: v1\nkind: MemberList\nname: staff\nfile: staff.txt\n"


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, input=stdin).stdout.decode().strip()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def commit(folder: Path, message: str = "more") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def loaded(folder: Path) -> Workspace:
    return load_workspace(folder, Sink())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository on main with one commit; the workspace is a folder in it."""
    git(tmp_path, "init", "-q", "-b", "main")
    files = {"decisor.yaml": "name: shop\n", "segments/rich.yaml": SEGMENT, "segments/lists/staff.yaml": LIST}
    write(tmp_path / "shop", {**files, "segments/lists/staff.txt": "c-1\n", "notes.txt": "not read"})
    write(tmp_path, {"outside.yaml": "x: 1\n"})
    commit(tmp_path, "one")
    return tmp_path / "shop"


def test_a_clean_workspace_stands_at_its_commit(shop: Path) -> None:
    found = provenance(loaded(shop))
    assert found is not None
    assert (found.revision, found.dirty, found.count) == (git(shop, "rev-parse", "HEAD"), False, 1)


@pytest.mark.parametrize(
    "file, text",
    [
        ("segments/rich.yaml", SEGMENT + "# a comment\n"),
        ("segments/new.yaml", SEGMENT.replace("rich", "new")),
        ("segments/lists/staff.txt", "c-2\n"),
        ("decisor.yaml", "name: other\n"),
    ],
)
def test_a_changed_or_new_file_makes_it_dirty(shop: Path, file: str, text: str) -> None:
    write(shop, {file: text})
    found = provenance(loaded(shop))
    assert found is not None
    assert found.revision == git(shop, "rev-parse", "HEAD") + "+dirty"


def test_a_lost_file_makes_it_dirty(shop: Path) -> None:
    (shop / "segments" / "rich.yaml").unlink()
    found = provenance(loaded(shop))
    assert found is not None
    assert found.dirty


def test_a_file_that_git_ignores_and_the_workspace_reads_makes_it_dirty(shop: Path) -> None:
    write(shop, {".gitignore": "segments/hidden/\n"})
    commit(shop)
    clean = provenance(loaded(shop))
    assert clean is not None
    assert (clean.dirty, clean.count) == (False, 2)
    write(shop, {"segments/hidden/new.yaml": SEGMENT.replace("rich", "new")})
    found = provenance(loaded(shop))
    assert found is not None
    assert found.dirty


def test_files_that_the_workspace_does_not_read_do_not_count(shop: Path) -> None:
    write(shop, {"notes.txt": "changed", "segments/notes.md": "new"})
    write(shop.parent, {"outside.yaml": "x: 2\n"})
    found = provenance(loaded(shop))
    assert found is not None
    assert not found.dirty


def test_the_repository_is_that_of_the_folder_inside_a_hook_too(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = git(shop, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    found = provenance(loaded(shop))
    assert found is not None
    assert found.revision == commit


def test_without_a_repository_or_a_commit_there_is_no_provenance(tmp_path: Path) -> None:
    write(tmp_path, {"decisor.yaml": "name: shop\n"})
    assert provenance(loaded(tmp_path)) is None
    with pytest.raises(RevisionError, match="no git repository"):
        commit_of(tmp_path, "HEAD")
    git(tmp_path, "init", "-q")
    assert provenance(loaded(tmp_path)) is None
    with pytest.raises(RevisionError, match="no commit yet"):
        commit_of(tmp_path, "HEAD")


def test_a_revision_is_written_as_it_was(shop: Path, tmp_path: Path) -> None:
    first = git(shop, "rev-parse", "HEAD")
    write(shop, {"segments/rich.yaml": "broken: ["})
    (shop / "segments" / "lists" / "staff.txt").unlink()
    folder = tmp_path / "then"
    found = write_revision(shop, "HEAD", folder)
    assert (found.commit, found.skipped) == (first, ())
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "decisor.yaml",
        "segments/lists/staff.txt",
        "segments/lists/staff.yaml",
        "segments/rich.yaml",
    ]
    assert (folder / "segments" / "rich.yaml").read_text("utf-8") == SEGMENT


def test_tags_branches_and_ancestors_are_revisions_and_options_are_not(shop: Path, tmp_path: Path) -> None:
    first = git(shop, "rev-parse", "HEAD")
    git(shop, "tag", "-a", "v1", "-m", "one")
    commit(shop)
    for ref in ("v1", "HEAD~1", first[:12], "main~1"):
        assert commit_of(shop, ref) == first
    for ref in ("nope", "--upload-pack=x", "-h", "HEAD^{tree}", "x\0y", ""):
        with pytest.raises(RevisionError, match="is not a commit"):
            write_revision(shop, ref, tmp_path / "none")


def test_changes_are_seen_against_where_the_branch_left_main(shop: Path) -> None:
    left = git(shop, "rev-parse", "HEAD")
    git(shop, "checkout", "-q", "-b", "feature")
    commit(shop, "on the branch")
    git(shop, "checkout", "-q", "main")
    commit(shop, "on main")
    assert base_of(shop) == git(shop, "rev-parse", "HEAD")
    git(shop, "checkout", "-q", "feature")
    assert base_of(shop) == left
    git(shop, "branch", "-D", "main")
    assert base_of(shop) == git(shop, "rev-parse", "HEAD")


def entry(shop: Path, mode: str, text: bytes, name: str) -> str:
    blob = git(shop, "hash-object", "-w", "--stdin", stdin=text)
    return f"{mode} blob {blob}\t{name}\n"


def test_links_inside_are_followed_and_what_could_leave_the_folder_is_left_out(shop: Path, tmp_path: Path) -> None:
    inside = "".join(
        [
            entry(shop, "100644", b"name: a\n", "plain.yaml"),
            entry(shop, "120000", b"plain.yaml", "beside.yaml"),
            entry(shop, "120000", b"../together/common.yaml", "up.yaml"),
            entry(shop, "120000", b"../../outside.yaml", "out.yaml"),
            entry(shop, "120000", b"/etc/passwd", "absolute.yaml"),
            entry(shop, "120000", b"../segments", "circle"),
            entry(shop, "100644", b"x", "a\\..\\b.yaml"),
            entry(shop, "100644", b"x", "C:x.yaml"),
            entry(shop, "100644", b"x", "-dash.yaml"),
            entry(shop, "100755", b"x", "sp ace\u00e9.yaml"),
        ]
    )
    segments = git(shop, "mktree", stdin=inside.encode())
    together = git(shop, "mktree", stdin=entry(shop, "100644", b"name: b\n", "common.yaml").encode())
    submodule = "160000 commit " + "1" * 40 + "\trules\n"
    top = f"040000 tree {segments}\tsegments\n040000 tree {together}\ttogether\n{submodule}"
    root = git(shop, "mktree", "--missing", stdin=top.encode())
    whole = git(shop, "mktree", "--missing", stdin=f"040000 tree {root}\tshop\n".encode())
    made = git(shop, "commit-tree", whole, "-m", "odd")
    folder = tmp_path / "then"
    found = write_revision(shop, made, folder)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    assert files.keys() == {
        "segments/plain.yaml",
        "segments/beside.yaml",
        "segments/up.yaml",
        "segments/-dash.yaml",
        "segments/sp aceé.yaml",
    }
    assert not any(path.is_symlink() for path in files.values())
    assert files["segments/beside.yaml"].read_bytes() == b"name: a\n"
    assert files["segments/up.yaml"].read_bytes() == b"name: b\n"
    assert set(found.skipped) == {
        "rules",
        "segments/out.yaml",
        "segments/absolute.yaml",
        "segments/circle",
        "segments/a\\..\\b.yaml",
        "segments/C:x.yaml",
    }


def test_a_folder_that_holds_such_a_file_is_not_overwritten(shop: Path, tmp_path: Path) -> None:
    write(tmp_path / "then", {"decisor.yaml": "mine"})
    with pytest.raises(RevisionError, match="cannot be written"):
        write_revision(shop, "HEAD", tmp_path / "then")
    assert (tmp_path / "then" / "decisor.yaml").read_text("utf-8") == "mine"


MARK = "RAN"


def traps(folder: Path) -> dict[str, str]:
    """Settings of a repository that make git run a program, which leaves a mark."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\ntouch '{folder / MARK}'\ncat\n")
    program.chmod(0o755)
    return {
        "core.fsmonitor": str(program),
        "core.sshCommand": str(program),
        "core.askPass": str(program),
        "core.pager": str(program),
        "core.hooksPath": str(folder / "hooks"),
        "credential.helper": f"!{program}",
        "diff.external": str(program),
        "diff.evil.textconv": str(program),
        "filter.evil.clean": str(program),
        "filter.evil.smudge": str(program),
        "filter.evil.process": str(program),
        "filter.evil.required": "true",
        "alias.status": f"!{program}",
        "protocol.ext.allow": "always",
    }


@pytest.mark.parametrize("url", ["ext::PROGRAM", "ssh://example.org/x"])
def test_nothing_that_the_repository_names_is_run(shop: Path, tmp_path: Path, url: str) -> None:
    settings = traps(tmp_path)
    for name, value in settings.items():
        git(shop, "config", name, value)
    (tmp_path / "hooks").mkdir()
    for name in ("post-index-change", "reference-transaction", "post-checkout"):
        (tmp_path / "hooks" / name).symlink_to(tmp_path / "program")
    (tmp_path / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil\n")
    lost = git(shop, "-c", "core.fsmonitor=false", "rev-parse", "HEAD:shop/segments/rich.yaml")
    (tmp_path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()  # git would fetch it
    git(shop, "config", "extensions.partialClone", "origin")
    git(shop, "config", "remote.origin.promisor", "true")
    git(shop, "config", "remote.origin.url", url.replace("PROGRAM", settings["core.sshCommand"]))
    (tmp_path / MARK).unlink(missing_ok=True)
    (shop / "segments" / "rich.yaml").touch()
    found = provenance(loaded(shop))
    assert found is not None
    assert not found.dirty
    assert base_of(shop) == found.commit
    with pytest.raises(RevisionError):
        write_revision(shop, "HEAD", tmp_path / "out")
    assert not (tmp_path / MARK).exists()


def test_a_folder_that_looks_like_a_bare_repository_is_none(tmp_path: Path) -> None:
    write(tmp_path / "real", {"decisor.yaml": "name: shop\n"})
    git(tmp_path / "real", "init", "-q", "-b", "main")
    commit(tmp_path / "real")
    cloned = (tmp_path / "real" / ".git").rename(
        tmp_path / "cloned"
    )  # its files can be committed in another repository
    git(tmp_path, f"--git-dir={cloned}", "config", "core.bare", "true")
    write(cloned, {"decisor.yaml": "name: shop\n"})
    assert provenance(loaded(cloned)) is None


def test_environment_that_is_about_another_repository_is_passed_over(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = traps(tmp_path)["core.sshCommand"]
    for name in ("GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_ASKPASS", "GIT_EDITOR", "GIT_PROXY_COMMAND"):
        monkeypatch.setenv(name, program)
    for name in ("GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_SHALLOW_FILE", "GIT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    assert commit_of(shop, "HEAD") == (tmp_path / ".git" / "refs" / "heads" / "main").read_text().strip()
    assert not (tmp_path / MARK).exists()


def test_a_replaced_commit_is_the_commit_that_its_name_says(shop: Path, tmp_path: Path) -> None:
    first = commit_of(shop, "HEAD")
    write(shop, {"segments/rich.yaml": "replaced\n"})
    git(shop, "replace", first, commit(shop))
    write_revision(shop, first, tmp_path / "out")
    assert (tmp_path / "out" / "segments" / "rich.yaml").read_text() == SEGMENT


def test_line_breaks_of_a_checkout_and_large_files_of_lfs_are_as_committed(shop: Path) -> None:
    content = b"c-1\n"
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 4\n"
    write(shop, {"segments/lists/staff.txt": pointer})
    commit(shop)
    write(shop, {"segments/lists/staff.txt": "c-1\n"})
    (shop / "segments" / "rich.yaml").write_bytes(SEGMENT.replace("\n", "\r\n").encode())
    found = provenance(loaded(shop))
    assert found is not None
    assert not found.dirty


def test_a_file_behind_a_link_counts_as_the_file_that_it_is(shop: Path) -> None:
    write(shop, {"common/more.yaml": SEGMENT.replace("rich", "more"), "common/ids.txt": "c-2\n"})
    (shop / "segments" / "common").symlink_to("../common")
    (shop / "segments" / "lists" / "staff.txt").unlink()
    (shop / "segments" / "lists" / "staff.txt").symlink_to("../../common/ids.txt")
    commit(shop)
    clean = provenance(loaded(shop))
    assert clean is not None
    assert not clean.dirty
    for name in ("more.yaml", "ids.txt"):
        before = (shop / "common" / name).read_text()
        write(shop, {f"common/{name}": f"{before}# changed\n"})
        changed = provenance(loaded(shop))
        assert changed is not None
        assert changed.dirty
        write(shop, {f"common/{name}": before})


def test_a_repository_with_a_pipe_for_a_file_holds_nobody_up(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.language.git.SECONDS", 1)
    blob = git(tmp_path, "rev-parse", "HEAD:shop/decisor.yaml")
    loose = tmp_path / ".git/objects" / blob[:2] / blob[2:]
    loose.unlink()
    os.mkfifo(loose)
    with pytest.raises(RevisionError, match=r"`git cat-file` took more than 1 s"):
        write_revision(shop, "HEAD", tmp_path / "before")
    (tmp_path / ".git/HEAD").unlink()
    os.mkfifo(tmp_path / ".git/HEAD")
    with pytest.raises(RevisionError, match=r"`git rev-parse` took more than 1 s"):
        commit_of(shop, "HEAD")  # not that there is no repository, or no commit
    with pytest.raises(RevisionError, match=r"`git rev-parse` took more than 1 s"):
        provenance(loaded(shop))  # not that the workspace is in no repository


def test_output_without_an_end_is_cut(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.language.git.MOST_BYTES", 2**20)
    endless = [sys.executable, "-c", "while True: print('x' * 100_000)"]
    monkeypatch.setattr("engine.language.git._command", lambda *_: endless)
    with pytest.raises(RevisionError, match=r"`git help` printed more than 1 MiB"):
        run_git(shop, "help")
