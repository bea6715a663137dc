"""The files of a workspace: found in a fixed order, never outside of it, nothing but regular files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..diagnostics import Finding, Sink, Span, code
from ..diagnostics.lines import one_line, showable

WORKSPACE_FILE = "decisor.yaml"
FOLDERS = ("rules", "schemas", "segments")
SUFFIXES = (".yaml", ".yml")
MOST_BYTES = 2 * 1024 * 1024
MOST_FILES = 200_000
MOST_ENTRIES = 1_000_000

_PRIVATE = frozenset({".git", ".decisor"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the workspace: its path from the root, with `/`, and where it lies."""

    path: str
    location: Path

    @property
    def data(self) -> bytes:
        """The file's bytes, read now; of one that is too large only so many that this can be seen."""
        return self.head(MOST_BYTES + 1)

    def head(self, most: int) -> bytes:
        """The file's first bytes, read now. Raises OSError, also for what is not a regular file."""
        handle = os.open(self.location, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as stream:  # noqa: PTH123 - opens a descriptor, so that a pipe cannot block
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(None, "not a regular file")
            return stream.read(most)

    def read(self, sink: Sink) -> bytes | None:
        """The file's bytes, or None with a finding where it cannot be read."""
        try:
            return self.data
        except OSError as error:
            sink.add(_unreadable(self.path, error))
            return None


def find_files(root: Path, sink: Sink, *, most: int = MOST_FILES) -> list[SourceFile]:
    """`decisor.yaml` and the YAML files below `rules`, `schemas` and `segments`, sorted by path; not read yet.

    Hidden files and folders are passed over. A link is followed while it stays in the workspace and does not lead
    to what is found anyway; what else is odd is a finding.
    """
    search = _Search(root, sink)
    found: list[SourceFile] = []
    for each in search.files():
        if len(found) == most:
            message = f"`{each.path}` is file {most + 1:,} of the workspace; expected at most {most:,}"
            sink.add(_finding("Y063", each.path, message))
            break
        found.append(each)
    return sorted(found, key=lambda each: each.path)


class _Search:
    """One walk over a workspace."""

    def __init__(self, root: Path, sink: Sink) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._searched = [os.path.join(self._real_root, each) for each in FOLDERS]  # noqa: PTH118 - compared as text
        self._sink = sink
        self._entries = 0

    def files(self) -> Iterator[SourceFile]:
        """The files, folder by folder."""
        pending = [""]
        while pending and self._entries <= MOST_ENTRIES:
            folder = pending.pop()
            for entry in self._scan(folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                kind = self._kind(entry, path)
                if kind == "folder":
                    pending.append(path)
                elif kind == "file":
                    yield SourceFile(path, self._root / path)
        if pending:
            message = f"`{pending[-1]}` was not searched; expected a workspace of at most {MOST_ENTRIES:,} entries"
            self._sink.add(_finding("Y063", pending[-1], message))

    def _scan(self, folder: str) -> list[os.DirEntry[str]]:
        """The entries of a folder that count, sorted by name."""
        try:
            with os.scandir(self._root / folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._sink.add(_unreadable(folder or ".", error))
            return []
        self._entries += len(listed)
        if not folder:
            return [entry for entry in listed if entry.name in {WORKSPACE_FILE, *FOLDERS}]
        return [entry for entry in listed if not entry.name.startswith(".")]

    def _kind(self, entry: os.DirEntry[str], path: str) -> str:
        """`file`, `folder`, or empty for what is passed over, with a finding where an author should know."""
        named = entry.name.endswith(SUFFIXES)
        try:
            path.encode()
        except UnicodeEncodeError:
            printable = path.encode(errors="surrogateescape").decode(errors="replace")
            self._sink.add(
                _finding("Y064", printable, f"`{printable}` has a name that is not UTF-8; expected one that is")
            )
            return ""
        if not is_one_line(path):
            shown = one_line(path)
            self._sink.add(
                _finding("Y064", shown, f"`{shown}` has a control character in its name; expected a name without")
            )
            return ""
        try:
            if entry.is_symlink() and not self._follows(path, named=named):
                return ""
            if entry.is_dir():
                return "folder"
            if entry.is_file():
                return "file" if named else ""
        except OSError as error:
            self._sink.add(_unreadable(path, error))
            return ""
        if named:
            self._sink.add(_finding("Y061", path, f"`{path}` is {_what(entry)}; expected a regular file"))
        return ""

    def _follows(self, path: str, *, named: bool) -> bool:
        """Whether a link is worth following: it stays inside, and leads to what is not found by itself."""
        target = os.path.realpath(self._root / path)
        if not _within(target, self._real_root):
            message = f"`{path}` is a link that leaves the workspace; expected a file inside it"
            self._sink.add(_finding("Y060", path, message))
            return False
        if is_private(os.path.relpath(target, self._real_root)):
            message = f"`{path}` is a link to what is not part of a workspace; expected a file of its own"
            self._sink.add(_finding("Y060", path, message))
            return False
        if not os.path.exists(target):  # noqa: PTH110 - the target is text from realpath
            if named:
                self._sink.add(_finding("Y062", path, f"`{path}` is a link to nothing; expected a file"))
            return False
        return target != self._real_root and not any(_within(target, each) for each in self._searched)


def is_private(path: str) -> bool:
    """Whether a path in a workspace is that of a hidden file, of git or of our servers: keys and settings lie there."""
    parts = Path(path).parts  # none of the workspace itself
    return bool(parts) and (parts[-1].startswith(".") or not _PRIVATE.isdisjoint(parts))


def is_one_line(path: str) -> bool:
    """Whether a path can be printed as it is: nothing in it ends a line or steers a terminal."""
    return "\t" not in path and "\n" not in path and showable(path) == path


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _what(entry: os.DirEntry[str]) -> str:
    mode = entry.stat().st_mode
    names = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for test, name in names if test(mode)), "something else")


def _unreadable(path: str, error: OSError) -> Finding:
    reason = (error.strerror or "the system refuses").lower()
    return _finding("Y062", path, f"`{path}` cannot be read ({reason}); expected a readable file")


def _finding(name: str, path: str, message: str) -> Finding:
    return Finding(name, message, Span(path, 1, 1, 1, 1), help=(code(name).help,))
