"""Findings as SARIF 2.1.0, which code hosts show next to the lines of a change."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from .codes import code
from .finding import Finding, Fix, Span
from .lines import showable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "decisor/v1"
_ROOT = "%SRCROOT%"


def render(
    findings: Iterable[Finding],
    sources: Mapping[str, str],  # noqa: ARG001 - all renderers are called alike
    *,
    version: str = "",
) -> str:
    """One SARIF run; a result per finding, a rule per code that occurs, paths relative to the workspace."""
    found = list(findings)
    rules = {name: index for index, name in enumerate(sorted({each.code for each in found}))}
    driver: dict[str, Any] = {"name": "decisor", "rules": [_rule(name) for name in rules]}
    if version:
        driver["version"] = version
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder of the workspace"}}},
        "results": [_result(each, rules[each.code], seen) for each in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(name: str) -> dict[str, Any]:
    declared = code(name)
    page = f"{declared.summary} {declared.help}".strip()
    examples = "".join(
        f"\n\n{title}:\n\n```yaml\n{text.rstrip()}\n```"
        for title, text in (("Gives it", declared.bad), ("Does not", declared.good))
        if text
    )
    return {
        "id": name,
        "shortDescription": {"text": declared.title},
        "fullDescription": {"text": declared.summary},
        "help": {"text": page, "markdown": page + examples},
        "defaultConfiguration": {"level": declared.severity},
    }


def _result(finding: Finding, rule: int, seen: Counter[str]) -> dict[str, Any]:
    fingerprint = finding.fingerprint
    seen[fingerprint] += 1
    label = f"\n{finding.label}" if finding.label else ""
    helps = "".join(f"\nhelp: {each}" for each in finding.help)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": showable(finding.message + label + helps)},
        "locations": [{"physicalLocation": _physical(finding.span)}],
        "partialFingerprints": {FINGERPRINT: f"{fingerprint}:{seen[fingerprint]}"},
    }
    if finding.resource:
        result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": finding.resource, "kind": "resource"}]
    if finding.related:
        result["relatedLocations"] = [
            {"id": index, "message": {"text": showable(each.message)}, "physicalLocation": _physical(each.span)}
            for index, each in enumerate(finding.related, 1)
        ]
    if finding.fix:
        result["fixes"] = [_fix(finding.fix)]
    return result


def _fix(fix: Fix) -> dict[str, Any]:
    by_file: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        replacement = {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
        by_file.setdefault(edit.span.file, []).append(replacement)
    changes = [{"artifactLocation": _artifact(file), "replacements": each} for file, each in by_file.items()]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _physical(span: Span) -> dict[str, Any]:
    return {"artifactLocation": _artifact(span.file), "region": _region(span)}


def _artifact(file: str) -> dict[str, str]:
    return {"uri": quote(file, errors="replace"), "uriBaseId": _ROOT}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
