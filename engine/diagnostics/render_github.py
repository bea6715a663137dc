"""Findings as workflow commands, which GitHub shows as annotations of a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .codes import code
from .finding import Finding
from .lines import showable

MOST_OF_A_KIND = 10
"""GitHub shows no more errors, and no more warnings, of one step."""

_STAGES = {"Y": 0, "S": 1}


def render(findings: Iterable[Finding], sources: Mapping[str, str]) -> str:  # noqa: ARG001 - all renderers are called alike
    """One line per annotation, errors first and causes before what may follow; a last line counts what does not fit."""
    found = sorted(findings, key=_stage)
    out: list[str] = []
    left: list[str] = []
    for severity in ("error", "warning"):
        of_kind = [each for each in found if each.severity == severity]
        out += [_command(each) for each in of_kind[:MOST_OF_A_KIND]]
        over = len(of_kind) - MOST_OF_A_KIND
        if over > 0:
            left.append(f"{over} more {severity}{'s' if over > 1 else ''}")
    if left:
        out.append(f"::notice title=decisor::{' and '.join(left)} not annotated; the report has them all")
    return "".join(f"{line}\n" for line in out)


def _stage(finding: Finding) -> int:
    """Files and YAML come first, then shapes, then all else: what is not read may make names elsewhere unknown."""
    return _STAGES.get(finding.code[0], len(_STAGES))


def _command(finding: Finding) -> str:
    span = finding.span
    properties = {
        "file": span.file,
        "line": span.line,
        "endLine": max(span.line, span.end_line - (span.end_column == 1 and span.end_line > span.line)),
        "title": f"{finding.code} {code(finding.code).title}",
    }
    if span.line == span.end_line:
        properties |= {"col": span.column, "endColumn": max(span.column, span.end_column - 1)}
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    helps = "".join(f"\nhelp: {each}" for each in finding.help)
    return f"::{finding.severity} {written}::{_data(finding.message + helps)}"


def _data(text: str) -> str:
    return showable(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
