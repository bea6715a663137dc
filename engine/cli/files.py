"""Writes an author's files: whole or not at all, and new files never over old ones."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .command import CannotRunError, reason

CONTEXT: Final = 3  # unchanged lines around a change

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")  # `str.splitlines` also splits where YAML and a patch do not


def check_output(file: Path, within: Path | None = None) -> None:
    """Refuse a path that is written as if inside a folder but leads out of it by a link. Raises CannotRunError.

    The folder is the current one, or the one given. Otherwise a repository could choose which of the user's files a
    report replaces. A path that is written as lying outside is accepted.
    """
    for folder in (Path.cwd(), *([] if within is None else [within])):
        base = os.path.abspath(folder)  # noqa: PTH100 - as written: links are followed below
        if not Path(os.path.abspath(file)).is_relative_to(base):  # noqa: PTH100 - as above
            continue
        real = Path(os.path.realpath(file))
        if not real.is_relative_to(os.path.realpath(base)):
            raise CannotRunError(
                f"`{file}` leads out of `{base}` through a link: remove the link, or pass `{real}` itself"
            )


def write_whole(file: Path, content: bytes) -> None:
    """Replace the file in one step and keep its mode; a link's target is replaced. Raises CannotRunError."""
    try:
        file = file.resolve()
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            Path(name).chmod(mode)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be written: {reason(problem)}") from None


def write_new(file: Path, text: str, root: Path) -> None:
    """Write a new file of a workspace, and its folder if needed. Raises CannotRunError."""
    check_output(file, root)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError as problem:
        raise CannotRunError(f"`{problem.filename}` already exists and is never overwritten") from None
    except OSError as problem:
        raise CannotRunError(f"`{problem.filename or file}` cannot be written: {reason(problem)}") from None


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """A unified diff of every file that changes, for people: what would steer a terminal is shown as U+FFFD."""
    from ..diagnostics.lines import showable

    parts: list[str] = []
    for name in sorted(after):
        old, new = _LINE.findall(before[name]), _LINE.findall(after[name])
        # GitHub takes a line that begins with `::` as a command, also behind the space of an unchanged line.
        context = 0 if any(line.lstrip().startswith("::") for line in old) else CONTEXT
        parts.extend(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", n=context))
    shown = (showable(part.replace("\r\n", "\n")) for part in parts)
    return "".join(part if part.endswith("\n") else f"{part}\n\\ No newline at end of file\n" for part in shown)
