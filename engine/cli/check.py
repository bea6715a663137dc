"""`decisor check`: reports every problem of the workspace in one run."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .finding import WORKSPACE_FILE, nearest_workspace
from .opening import Opened, open_workspace, workspace_root
from .report import FORMATS, colours, counted, output, render, with_line_break, write_report

if TYPE_CHECKING:
    from ..diagnostics import Finding


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", type=Path, help="the workspace, or a file or folder of it to report on")
    parser.add_argument("--format", choices=FORMATS, default="text", help="what is printed (default: text)")
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="also write this format to a file; may be repeated",
    )
    parser.add_argument("--strict", action="store_true", help="fail on warnings too")
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="whether to colour text output (default: auto)",
    )


def _run(options: argparse.Namespace) -> int:
    outputs = [output(text, FORMATS) for text in options.output]
    started = time.perf_counter()
    root, only = _target(options.path)
    opened = open_workspace(root)
    findings = [finding for finding in opened.findings if only is None or _within(finding.span.file, only)]
    sources = opened.sources()
    strict, color = options.strict, colours(options.color)
    for form, file in outputs:
        write_report(file, render(form, findings, sources, root, strict=strict))
    print(with_line_break(render(options.format, findings, sources, root, strict=strict, color=color)), end="")
    errors, warnings = _totals(opened, findings, only)
    print(_summary(opened, only, errors, warnings, time.perf_counter() - started), file=sys.stderr)
    return FINDINGS if errors or (strict and warnings) else CLEAN


def _target(path: Path | None) -> tuple[Path, str | None]:
    """The workspace's folder, and the path inside it when only a part is to be reported."""
    if path is None:
        return workspace_root(None), None
    if not path.exists():
        raise CannotRunError(f"`{path}` does not exist")
    if (path / WORKSPACE_FILE).is_file():
        return path, None
    for whole in (Path(os.path.abspath(path)), path.resolve()):  # noqa: PTH100 - as written, so that links keep their names
        folder = nearest_workspace(whole)
        if folder is not None:
            return folder, _read_path(path, folder, whole.relative_to(folder).as_posix())
    raise CannotRunError(
        f"`{path}` is not in a workspace: there is no {WORKSPACE_FILE} in it or above it; `decisor init` creates one"
    )


def _read_path(path: Path, root: Path, inside: str) -> str:
    """The path, if `check` reads it. Raises CannotRunError otherwise, as reporting nothing would look like approval."""
    from ..language.files import FOLDERS, SUFFIXES

    if inside == WORKSPACE_FILE:
        return inside
    if inside.partition("/")[0] not in FOLDERS or (path.is_file() and not inside.endswith(SUFFIXES)):
        where = " and ".join([", ".join(FOLDERS[:-1]), FOLDERS[-1]])
        raise CannotRunError(f"`{path}` is not read: the documents of `{root}` are the YAML files in {where}")
    return inside


def _within(file: str, only: str) -> bool:
    return file == only or file.startswith(only + "/")


def _totals(opened: Opened, findings: Sequence[Finding], only: str | None) -> tuple[int, int]:
    """The numbers of errors and warnings; for the whole workspace, those beyond the limit on findings count too."""
    if only is None:
        return opened.errors, opened.warnings
    errors = sum(finding.severity == "error" for finding in findings)
    return errors, len(findings) - errors


def _summary(opened: Opened, only: str | None, errors: int, warnings: int, seconds: float) -> str:
    declared = [document for named in opened.workspace.declared.values() for document in named.values()]
    documents = [document for document in declared if only is None or _within(document.file, only)]
    files = len({document.file for document in documents})
    found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    return f"{counted(files, 'file')}, {counted(len(documents), 'document')}, {found} in {seconds:.1f} s"


COMMAND = Command(
    "Report every problem of the workspace: YAML, shapes, names, types, graphs, tables, experiments.",
    "decisor check --format github --output sarif=decisor.sarif",
    _configure,
    _run,
)
