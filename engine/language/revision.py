"""A workspace as git has it: at which commit it stands, and what it was at an earlier one.

What a revision holds is written into a fresh folder as regular files: paths that could lead out of it, links that leave
the workspace and submodules are left out and told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from . import git
from .document import Document
from .documents.member_list import MemberListDocument
from .files import FOLDERS, WORKSPACE_FILE, is_one_line
from .git import RevisionError
from .workspace import Workspace
from .worktree import is_as_committed

MOST_BYTES = 2 * 1024 * 1024 * 1024  # of all files of a revision
MOST_FILES = 1_000_000
LINK_LIMIT = 4_096  # bytes of a link's target

_PIECE = 1024 * 1024
_PATHS = (WORKSPACE_FILE, *FOLDERS)
_BRANCHES = ("main", "master", "origin/main", "origin/master")
_FILE_MODES = ("100644", "100755", "100664")
_LINK = "120000"


@dataclass(frozen=True, slots=True)
class Provenance:
    """The commit that a workspace stands at, whether its files differ from it, and how many commits lead there."""

    commit: str
    dirty: bool
    count: int

    @property
    def revision(self) -> str:
        """The commit, with `+dirty` where files differ."""
        return f"{self.commit}+dirty" if self.dirty else self.commit


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision that was written out; `skipped` are paths of it that were not."""

    commit: str
    skipped: tuple[str, ...] = ()


def provenance(workspace: Workspace) -> Provenance | None:
    """Where the workspace's files come from; None outside a git repository, without git and before the first commit."""
    root = workspace.root
    commit = _commit(root, "HEAD")
    if commit is None:
        return None
    count = int(git.text(root, "rev-list", "--count", commit))
    return Provenance(commit, _is_dirty(workspace, commit), count)


def base_of(root: Path) -> str:
    """The commit that changes are seen against: where HEAD left main or master, else HEAD. Raises RevisionError."""
    head = commit_of(root, "HEAD")
    for branch in _BRANCHES:
        if _commit(root, branch) is not None:
            found = git.run_or_none(root, "merge-base", head, branch)
            if found is not None:
                return found.decode().strip()
    return head


def commit_of(root: Path, ref: str) -> str:
    """The full name of the commit that a ref leads to. Raises RevisionError."""
    commit = _commit(root, ref)
    if commit is not None:
        return commit
    if git.run_or_none(root, "rev-parse", "--git-dir") is None:
        raise RevisionError(f"`{root}` lies in no git repository that git opens: {_refusal(root)}")
    if ref == "HEAD":
        raise RevisionError("the repository has no commit yet")
    raise RevisionError(f"`{ref}` is not a commit, branch or tag of this repository")


def write_revision(root: Path, ref: str, folder: Path) -> Revision:
    """Write the workspace's files as they were at a ref into an empty folder. Raises RevisionError."""
    commit = commit_of(root, ref)
    entries = list(_entries(root, commit))
    if len(entries) > MOST_FILES:
        raise RevisionError(f"`{ref}` has {len(entries):,} files in the workspace; expected at most {MOST_FILES:,}")
    skipped = [each.path for each in entries if each.mode not in _FILE_MODES and each.mode != _LINK]
    links = [each for each in entries if each.mode == _LINK]
    files = [each for each in entries if each.mode in _FILE_MODES]
    followed, broken = _follow(root, commit, links)
    skipped += broken
    with git.blobs(root, [each.blob for each in (*files, *followed)]) as stream:
        left = MOST_BYTES
        for each in (*files, *followed):
            size = _size(stream)
            left -= size
            if left < 0:
                raise RevisionError(f"`{ref}` has more than {MOST_BYTES // 2**30} GiB of files in the workspace")
            if not _write(stream, size, folder, each.path):
                skipped.append(each.path)
    return Revision(commit, tuple(sorted(skipped)))


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    blob: str
    path: str


def _entries(root: Path, commit: str, paths: Sequence[str] = _PATHS) -> Iterator[_Entry]:
    """What the commit has at those paths, seen from the workspace's folder."""
    for line in git.run(root, "ls-tree", "-r", "-z", commit, "--", *paths).split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, _kind, blob = about.decode().split()
            yield _Entry(mode, blob, path.decode("utf-8", "surrogateescape"))


def _follow(root: Path, commit: str, links: Sequence[_Entry]) -> tuple[list[_Entry], list[str]]:
    """Links to files of the workspace, as those files; and the paths of all others."""
    found: list[_Entry] = []
    broken: list[str] = []
    for link in links:
        target = _target(root, link)
        ends = [] if target is None else [each for each in _entries(root, commit, [target]) if each.path == target]
        if len(ends) == 1 and ends[0].mode in _FILE_MODES:
            found.append(_Entry(ends[0].mode, ends[0].blob, link.path))
        else:
            broken.append(link.path)
    return found, broken


def _target(root: Path, link: _Entry) -> str | None:
    """Where a link leads, as a path from the workspace's folder; None when it leaves it."""
    raw = git.run(root, "cat-file", "blob", link.blob)
    if len(raw) > LINK_LIMIT or raw.startswith(b"/"):
        return None
    parts = list(PurePosixPath(link.path).parent.parts)
    for part in raw.decode("utf-8", "surrogateescape").split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _size(stream: IO[bytes]) -> int:
    words = stream.readline(256).split()
    if len(words) != 3 or words[1] != b"blob":
        raise RevisionError(
            "git could not give a file of the revision, and nothing is fetched here: in a partial clone, `git fetch"
            " --refetch --no-filter` gets what it lacks; otherwise `git fsck` tells more"
        )
    return int(words[2])


def _write(stream: IO[bytes], size: int, folder: Path, path: str) -> bool:
    """Copy the next blob to its place, or pass over it where the place is not safe; whether it was copied."""
    safe = _is_safe(path)
    try:
        if safe:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path if safe else Path(os.devnull)).open("xb" if safe else "wb") as file:
            _copy(stream, file, size)
    except OSError as problem:
        raise RevisionError(f"`{path}` cannot be written: {problem.strerror}") from None
    return safe


def _copy(stream: IO[bytes], file: IO[bytes], size: int) -> None:
    left = size + 1  # a line feed ends each blob
    while left > 0:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise RevisionError("git ended before all files of the revision were read")
        file.write(piece[: max(0, left - 1)])
        left -= len(piece)


def _is_safe(path: str) -> bool:
    """Whether the path stays in the folder on every system, and is one that a workspace reads."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    parts = path.split("/")
    return is_one_line(path) and all(
        part and not part.startswith(".") and not set(part) & set("\\:\0") for part in parts
    )


def _is_dirty(workspace: Workspace, commit: str) -> bool:
    """Whether a file that the workspace reads is not as committed, or a committed one is gone or changed."""
    root = Path(os.path.realpath(workspace.root))
    expected = {each.path: each for each in _entries(root, commit)}
    read = {_place(root, each) for document in workspace.documents for each in _files_of(document)}
    if (root / WORKSPACE_FILE).exists():
        read.add(_place(root, WORKSPACE_FILE))
    if elsewhere := read - expected.keys():  # behind links that the workspace has into its other folders
        expected |= {each.path: each for each in _entries(root, commit, ()) if each.path in elsewhere}
    if read - expected.keys():
        return True
    files = (each for each in expected.values() if each.mode in {*_FILE_MODES, _LINK})
    return not all(is_as_committed(root / each.path, each.mode, each.blob) for each in files)


def _place(root: Path, path: str) -> str:
    """Where a file really lies, seen from the workspace."""
    return Path(os.path.relpath(os.path.realpath(root / path), root)).as_posix()


def _files_of(document: Document) -> Iterator[str]:
    yield document.yaml.file
    if isinstance(document.model, MemberListDocument) and document.model.file is not None:
        yield (PurePosixPath(document.yaml.file).parent / document.model.file).as_posix()


def _commit(root: Path, ref: str) -> str | None:
    if ref.startswith("-") or "\0" in ref:
        return None
    found = git.run_or_none(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return None if found is None else found.decode().strip()


def _refusal(root: Path) -> str:
    """Why git does not open the repository, in its words."""
    try:
        git.run(root, "rev-parse", "--git-dir")
    except RevisionError as problem:
        return str(problem)
    return ""
