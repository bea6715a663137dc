"""Findings as JUnit XML, which build servers list as failed tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from xml.etree import ElementTree as ET

from . import render_text
from .finding import Finding
from .lines import showable


def render(findings: Iterable[Finding], sources: Mapping[str, str], *, strict: bool = False) -> str:
    """One suite per file, one case per finding; warnings fail only with `strict`. Without findings, one case passes."""
    found = sorted(findings, key=lambda each: each.span.file)
    failed = sum(_fails(each, strict=strict) for each in found)
    root = ET.Element("testsuites", name="decisor check", tests=str(len(found) or 1), failures=str(failed))
    if not found:
        suite = ET.SubElement(root, "testsuite", name="decisor check", tests="1", failures="0")
        ET.SubElement(suite, "testcase", classname="decisor check", name="no findings")
    for file, group in groupby(found, key=lambda each: each.span.file):
        in_file = list(group)
        failed = sum(_fails(each, strict=strict) for each in in_file)
        suite = ET.SubElement(root, "testsuite", name=showable(file), tests=str(len(in_file)), failures=str(failed))
        for each in in_file:
            _add_case(suite, each, sources, strict=strict)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _fails(finding: Finding, *, strict: bool) -> bool:
    return strict or finding.severity == "error"


def _add_case(suite: ET.Element, finding: Finding, sources: Mapping[str, str], *, strict: bool) -> None:
    span = finding.span
    case = ET.SubElement(
        suite,
        "testcase",
        classname=showable(span.file),
        name=f"{finding.code} {span.line}:{span.column}",
        file=showable(span.file),
        line=str(span.line),
    )
    report = render_text.render([finding], sources)
    if _fails(finding, strict=strict):
        ET.SubElement(case, "failure", type=finding.code, message=showable(finding.message)).text = report
    else:
        ET.SubElement(case, "system-out").text = report
