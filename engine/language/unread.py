"""YAML files that look like documents and are not read: in other folders, hidden, or with another ending.

A document in the wrong place would otherwise be missing in silence. Only a bounded part of the workspace's folder is
looked at, as it may hold anything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from ..diagnostics import Finding, Sink, Span, code
from .documents.kinds import KINDS
from .files import FOLDERS, SUFFIXES, WORKSPACE_FILE, SourceFile, is_one_line, is_private

DEPTH: Final = 2  # levels of folders below the workspace's …
ENTRIES: Final = 5_000  # … and entries of them all that are looked at
SHOWN: Final = 20

_HEAD: Final = 16_384  # bytes that are looked at of one file
# Both together: other systems have an `apiVersion` and a `kind`, too.
_VERSION: Final = re.compile(rb"^apiVersion:[ \t]*[\"']?v1\b(?!/)", re.MULTILINE)
_KIND: Final = re.compile(rb"^kind:[ \t]*[\"']?(?:%s)\b" % "|".join(KINDS).encode(), re.MULTILINE)


def report_unread(root: Path, sink: Sink) -> None:
    """Warn about files that look like documents and are not read, at most `SHOWN` of them."""
    found = sorted(path for path in _candidates(root) if is_one_line(path) and _is_document(root, path))
    for path in found[:SHOWN]:
        message = f"`{path}` is not read; expected {_expected_text(path)}"
        sink.add(Finding("Y065", message, Span(path, 1, 1, 1, 1), help=(code("Y065").help,)))


def _candidates(root: Path) -> Iterator[str]:
    """The paths of YAML files that `find_files` passes over."""
    pending, left = [("", 0), *((each, 1) for each in FOLDERS if not (root / each).is_symlink())], ENTRIES
    while pending and left > 0:
        folder, depth = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                listed = sorted(islice(entries, left), key=lambda entry: entry.name)
        except OSError:
            continue
        left -= len(listed)
        if folder and any(entry.name == WORKSPACE_FILE for entry in listed):
            continue  # a workspace of its own
        for entry in listed:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_symlink() or path in {WORKSPACE_FILE, *FOLDERS}:  # those folders come first
                continue
            if entry.is_dir() and depth < DEPTH and (_is_inside(path) or not is_private(path)):
                pending.append((path, depth + 1))
            elif entry.is_file() and path.lower().endswith(SUFFIXES) and not _is_read(path):
                yield path


def _is_inside(path: str) -> bool:
    return path.partition("/")[0] in FOLDERS


def _is_read(path: str) -> bool:
    parts = path.split("/")
    return parts[0] in FOLDERS and path.endswith(SUFFIXES) and not any(part.startswith(".") for part in parts)


def _is_document(root: Path, path: str) -> bool:
    """Whether the file looks like a document; beside those that are read, an ending in capitals is enough."""
    if _is_inside(path) and not path.endswith(SUFFIXES):
        return True
    try:
        head = SourceFile(path, root / path).head(_HEAD)
    except OSError:
        return False
    return _VERSION.search(head) is not None and _KIND.search(head) is not None


def _expected_text(path: str) -> str:
    if not _is_inside(path):
        return f"it below {', '.join(f'`{each}`' for each in FOLDERS[:-1])} or `{FOLDERS[-1]}`"
    if not path.endswith(SUFFIXES):
        return "a name that ends with `.yaml`, in small letters"
    return "a name without a leading `.`, also of its folders"
