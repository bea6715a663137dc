"""Renders findings in the requested format, with paths relative to the current folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CannotRunError, program_version, reason

if TYPE_CHECKING:
    from ..diagnostics import Finding, Span

FORMATS = ("text", "json", "sarif", "junit", "github")


def render(
    form: str,
    findings: Iterable[Finding],
    sources: Mapping[str, str],
    root: Path,
    *,
    strict: bool = False,
    color: bool = False,
) -> str:
    """The findings in one format. JSON has paths relative to the workspace, the others to the current folder."""
    from ..diagnostics import render_github, render_json, render_junit, render_sarif, render_text

    if form == "json":
        return render_json.render(findings, sources)
    way = way_into(root)
    if way:
        findings = [_move(each, way) for each in findings]
        sources = {way + file: text for file, text in sources.items()}
    if form == "sarif":
        return render_sarif.render(findings, sources, version=program_version())
    if form == "junit":
        return render_junit.render(findings, sources, strict=strict)
    if form == "github":
        return render_github.render(findings, sources)
    return render_text.render(findings, sources, color=color)


def way_into(root: Path) -> str:
    """The path from the current folder into a workspace, such as `shop/`; empty if the workspace lies elsewhere."""
    here, there = Path.cwd().resolve(), root.resolve()
    inside = there.relative_to(here).as_posix() if there.is_relative_to(here) else "."
    return "" if inside == "." else f"{inside}/"


def _move(finding: Finding, way: str) -> Finding:
    def move(span: Span) -> Span:
        return replace(span, file=way + span.file)

    fix = finding.fix
    if fix is not None:
        fix = replace(fix, edits=tuple(replace(edit, span=move(edit.span)) for edit in fix.edits))
    related = tuple(replace(each, span=move(each.span)) for each in finding.related)
    return replace(finding, span=move(finding.span), related=related, fix=fix)


def colours(choice: str) -> bool:
    """Whether to use colours; `auto` uses them on a terminal."""
    if choice == "auto":
        return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return choice == "always"


def output(text: str, forms: Iterable[str]) -> tuple[str, Path]:
    """The format and the file of `--output FORMAT=FILE`. Raises CannotRunError."""
    form, found, file = text.partition("=")
    if not found or form not in forms or not file:
        raise CannotRunError(f"--output {text}: expected FORMAT=FILE with one of the formats {', '.join(forms)}")
    return form, Path(file)


def write_report(file: Path, text: str) -> None:
    """Write a report, and its folder if needed. Raises CannotRunError."""
    from .files import check_output

    check_output(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(with_line_break(text), "utf-8", newline="\n")
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be written: {reason(problem)}") from None


def with_line_break(text: str) -> str:
    """The text with a line break at its end, unless it is empty."""
    return text if not text or text.endswith("\n") else f"{text}\n"


def counted(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
