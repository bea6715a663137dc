"""The files of ids that `MemberList`s refer to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..diagnostics import Finding, Sink
from .document import Document
from .documents.member_list import MemberListDocument
from .files import is_private

MOST_BYTES = 256 * 1024 * 1024


def read_member_file(root: Path, document: Document, sink: Sink) -> str | None:
    """The text of the file that a `MemberList` names, None where it names none or where the sink was told why."""
    model = document.model
    if not isinstance(model, MemberListDocument) or model.file is None:
        return None
    location = root / Path(document.yaml.file).parent / model.file
    text, problem = _read(root, location)
    if problem:
        span = document.yaml.spans.value(("file",))
        message = f"`{model.file}` {problem}"
        sink.add(Finding("S024", message, span, resource=document.resource, path=("file",)))
    return text


def _read(root: Path, location: Path) -> tuple[str | None, str]:
    """The text and nothing, or nothing and why not."""
    real = os.path.realpath(location)
    if not real.startswith(os.path.realpath(root).rstrip(os.sep) + os.sep):
        return None, "leads out of the workspace; expected a file inside it"
    if is_private(os.path.relpath(real, os.path.realpath(root))):
        return None, "leads to what is not part of a workspace; expected a file of its own"
    try:
        handle = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as stream:  # noqa: PTH123 - opens a descriptor, so that a pipe cannot block
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None, "is not a regular file; expected a text file with one id a line"
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "the system refuses").lower()
        return None, f"cannot be read ({reason}); expected a text file with one id a line"
    if len(data) > MOST_BYTES:
        return None, f"has more than {MOST_BYTES // 2**20} MiB; expected at most that"
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, f"is not UTF-8 in line {line}; expected a text file with one id a line"
