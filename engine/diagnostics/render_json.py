"""Findings for programs, in the form that `findings/1` names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .finding import Finding, Fix, Span

SCHEMA = "findings/1"


def render(findings: Iterable[Finding], sources: Mapping[str, str]) -> str:  # noqa: ARG001 - all renderers are called alike
    """A JSON object with the schema's name and the findings in order; every key is always there."""
    report = {"schema": SCHEMA, "findings": [as_json(each) for each in findings]}
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding as plain values."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        **_span(finding.span),
        "message": finding.message,
        "label": finding.label,
        "help": list(finding.help),
        "fix": _fix(finding.fix) if finding.fix else None,
        "related": [{"message": each.message, **_span(each.span)} for each in finding.related],
        "resource": finding.resource,
        "path": list(finding.path),
        "fingerprint": finding.fingerprint,
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {"title": fix.title, "edits": [{**_span(edit.span), "text": edit.text} for edit in fix.edits]}
