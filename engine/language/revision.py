"""A workspace as git has it: at which commit it stands, and what it was at an earlier one.

Only git's plumbing is asked. What a revision holds is written into a fresh folder as regular files: paths that could
lead out of it, links that leave the workspace and submodules are left out and told.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from .document import Document
from .documents.member_list import MemberListDocument
from .files import FOLDERS, WORKSPACE_FILE
from .workspace import Workspace

MOST_BYTES = 2 * 1024 * 1024 * 1024  # of all files of a revision
MOST_FILES = 1_000_000
LINK_LIMIT = 4_096  # bytes of a link's target
SECONDS = 120

_PIECE = 1024 * 1024
_PATHS = (WORKSPACE_FILE, *FOLDERS)
_BRANCHES = ("main", "master", "origin/main", "origin/master")
_OF_A_HOOK = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})  # git sets these for its hooks
_FILE_MODES = ("100644", "100755", "100664")


class RevisionError(Exception):
    """Git cannot give what was asked for; the message says what and why."""


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
    count = int(_text(root, "rev-list", "--count", commit))
    return Provenance(commit, _is_dirty(workspace), count)


def base_of(root: Path) -> str:
    """The commit that changes are seen against: where HEAD left main or master, else HEAD. Raises RevisionError."""
    head = commit_of(root, "HEAD")
    for branch in _BRANCHES:
        if _commit(root, branch) is not None:
            found = _try(root, "merge-base", head, branch)
            if found is not None:
                return found.decode().strip()
    return head


def commit_of(root: Path, ref: str) -> str:
    """The full name of the commit that a ref leads to. Raises RevisionError."""
    commit = _commit(root, ref)
    if commit is not None:
        return commit
    if _try(root, "rev-parse", "--git-dir") is None:
        raise RevisionError(f"`{root}` lies in no git repository that git opens: {_refusal(root)}")
    if ref == "HEAD":
        raise RevisionError("the repository has no commit yet")
    raise RevisionError(f"`{ref}` is no commit, branch or tag of this repository")


def write_revision(root: Path, ref: str, folder: Path) -> Revision:
    """Write the workspace's files as they were at a ref into an empty folder. Raises RevisionError."""
    commit = commit_of(root, ref)
    entries = list(_entries(root, commit))
    if len(entries) > MOST_FILES:
        raise RevisionError(f"`{ref}` has {len(entries):,} files in the workspace; expected at most {MOST_FILES:,}")
    skipped = [each.path for each in entries if each.mode not in _FILE_MODES and each.mode != "120000"]
    links = [each for each in entries if each.mode == "120000"]
    files = [each for each in entries if each.mode in _FILE_MODES]
    followed, broken = _followed(root, commit, links)
    skipped += broken
    with _Blobs(root, [each.blob for each in (*files, *followed)]) as stream:
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
    for line in _run(root, "ls-tree", "-r", "-z", commit, "--", *paths).split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, _kind, blob = about.decode().split()
            yield _Entry(mode, blob, path.decode("utf-8", "surrogateescape"))


def _followed(root: Path, commit: str, links: Sequence[_Entry]) -> tuple[list[_Entry], list[str]]:
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
    raw = _run(root, "cat-file", "blob", link.blob)
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


class _Blobs:
    """The contents of blobs one after the other, as `git cat-file --batch` gives them."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self._asked = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit; a pipe could fill up and block
        self._asked.write("".join(f"{name}\n" for name in names).encode())
        self._asked.seek(0)
        self._process = subprocess.Popen(
            _command(root, "cat-file", "--batch"),
            stdin=self._asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )

    def __enter__(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise AssertionError("the process was started with a pipe")
        return self._process.stdout

    def __exit__(self, *_: object) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.kill()
        self._process.wait()
        self._asked.close()


def _size(stream: IO[bytes]) -> int:
    words = stream.readline(256).split()
    if len(words) != 3 or words[1] != b"blob":
        raise RevisionError("git could not give a file of the revision; `git fsck` tells more")
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
    return all(part and not part.startswith(".") and not set(part) & set("\\:\0") for part in parts)


def _is_dirty(workspace: Workspace) -> bool:
    """Whether a file that the workspace reads is not as committed, or a committed one is gone."""
    read = {each for document in workspace.documents for each in _files_of(document)}
    options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=traditional")
    prefix = _text(workspace.root, "rev-parse", "--show-prefix")
    listed = _run(workspace.root, "status", *options, "--", *_PATHS).decode("utf-8", "surrogateescape")
    for line in listed.split("\0"):
        state, path = line[:2], line[3:].removeprefix(prefix)
        if state.strip() and (state not in {"??", "!!"} or path in read or path == WORKSPACE_FILE):
            return True
    return False


def _files_of(document: Document) -> Iterator[str]:
    yield document.yaml.file
    if isinstance(document.model, MemberListDocument) and document.model.file is not None:
        yield (PurePosixPath(document.yaml.file).parent / document.model.file).as_posix()


def _commit(root: Path, ref: str) -> str | None:
    if ref.startswith("-") or "\0" in ref:
        return None
    found = _try(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return None if found is None else found.decode().strip()


def _text(root: Path, *arguments: str) -> str:
    return _run(root, *arguments).decode("utf-8", "surrogateescape").rstrip("\n")


def _try(root: Path, *arguments: str) -> bytes | None:
    """What git prints, or None when it fails or is not there."""
    try:
        return _run(root, *arguments)
    except RevisionError:
        return None


def _run(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            _command(root, *arguments),
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=_environment(),
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise RevisionError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"`git {arguments[0]}` took more than {SECONDS} s") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise RevisionError(f"`git {arguments[0]}` failed: {said.removeprefix('fatal: ')}")
    return done.stdout


def _refusal(root: Path) -> str:
    """Why git does not open the repository, in its words."""
    try:
        _run(root, "rev-parse", "--git-dir")
    except RevisionError as problem:
        return str(problem)
    return ""


def _command(root: Path, *arguments: str) -> list[str]:
    settings = ["-c", "core.quotePath=false", "-c", "core.fsmonitor=false"]
    return ["git", "-C", str(root), "--literal-pathspecs", *settings, *arguments]


def _environment() -> dict[str, str]:
    """The environment with git speaking English, asking nothing, taking no locks, and looking where it is told to."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
