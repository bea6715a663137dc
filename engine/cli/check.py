"""`decisor check`: every problem of the workspace in one run."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from ..diagnostics import Finding
from .command import CLEAN, FINDINGS, CannotRunError, Command
from .opening import Opened, open_workspace, workspace_root

FORMATS = ("text", "json", "sarif", "junit", "github")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", type=Path, help="the workspace, or a file or folder of it to report on")
    parser.add_argument("--format", choices=FORMATS, default="text", help="what is printed (default: text)")
    parser.add_argument(
        "--output", action="append", default=[], metavar="FORMAT=FILE", help="write a further format; may be repeated"
    )
    parser.add_argument("--strict", action="store_true", help="warnings fail too")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in text")


def _run(options: argparse.Namespace) -> int:
    outputs = [_output(text) for text in options.output]
    started = time.perf_counter()
    root, only = _place(options.path)
    opened = open_workspace(root)
    findings = [finding for finding in opened.findings if only is None or _within(finding.span.file, only)]
    sources = opened.sources()
    for form, file in outputs:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(_rendered(form, findings, sources, color=False) + "\n", "utf-8")
        except OSError as problem:
            raise CannotRunError(f"`{file}` cannot be written: {problem.strerror}") from None
    text = _rendered(options.format, findings, sources, color=_colours(options.color))
    if text:
        print(text)
    errors, warnings = _totals(opened, findings, only)
    seconds = time.perf_counter() - started
    files = len({document.yaml.file for document in opened.workspace.documents})
    print(
        f"{_counted(files, 'file')}, {_counted(len(opened.workspace.documents), 'document')}, "
        f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')} in {seconds:.1f} s",
        file=sys.stderr,
    )
    return FINDINGS if errors or (options.strict and warnings) else CLEAN


def _place(path: Path | None) -> tuple[Path, str | None]:
    """The workspace's folder and, when only a part of it is asked for, that part's path inside."""
    if path is None:
        return workspace_root(None), None
    if not path.exists():
        raise CannotRunError(f"`{path}` does not exist")
    start = path if path.is_dir() else path.parent
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "decisor.yaml").is_file():
            inside = path.resolve().relative_to(folder).as_posix()
            return (path, None) if inside == "." else (folder, inside)
    raise CannotRunError(f"`{path}` lies in no workspace: no decisor.yaml there or above; `decisor init` makes one")


def _within(file: str, only: str) -> bool:
    return file == only or file.startswith(only + "/")


def _totals(opened: Opened, findings: Sequence[Finding], only: str | None) -> tuple[int, int]:
    if only is None:
        return opened.errors, opened.warnings
    errors = sum(finding.severity == "error" for finding in findings)
    return errors, len(findings) - errors


def _output(text: str) -> tuple[str, Path]:
    form, found, file = text.partition("=")
    if not found or form not in FORMATS or not file:
        raise CannotRunError(f"--output {text}: expected FORMAT=FILE with a format of {', '.join(FORMATS)}")
    return form, Path(file)


def _rendered(form: str, findings: Sequence[Finding], sources: Mapping[str, str], *, color: bool) -> str:
    module = import_module(f"...diagnostics.render_{form}", __name__)
    text: str = module.render(findings, sources, color=color) if form == "text" else module.render(findings, sources)
    return text


def _colours(choice: str) -> bool:
    if choice == "auto":
        return sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return choice == "always"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


COMMAND = Command(
    "Report every problem of the workspace: YAML, shapes, names, types, graphs, tables, experiments.",
    "decisor check --format github --output sarif=decisor.sarif",
    _configure,
    _run,
)
