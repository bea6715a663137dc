"""What a test run looks like: text for people, JUnit and JSON for machines."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..diagnostics.lines import one_line, showable
from .run import CaseResult, TestRun

MISSING_SHOWN = 20


def as_text(run: TestRun, *, missing: bool) -> str:
    """The failures with their differences, the coverage, and the count last; `missing` lists what was not seen."""
    lines: list[str] = []
    for result in run.results:
        if not result.passed:
            lines.extend(_failure(result))
    lines.extend(_coverage(run, missing=missing))
    todo = sum(result.passed and result.todo is not None for result in run.results)
    passed = len(run.results) - run.failed - todo
    counts = [f"{passed} passed", f"{run.failed} failed"]
    if todo:
        counts.append(f"{todo} to do")
    lines.append(", ".join(counts))
    return "\n".join(lines)


def _failure(result: CaseResult) -> Iterator[str]:
    yield one_line(f"FAILED {result.test}: {result.case}")
    yield showable(f"  --> {result.span.file}:{result.span.line}:{result.span.column}")
    for difference in result.differences:
        yield showable(f"  {difference}")
    yield ""


def _coverage(run: TestRun, *, missing: bool) -> Iterator[str]:
    coverage = run.coverage
    yield f"coverage: {coverage.percent:.1f} % ({coverage.covered} of {len(coverage.possible)})"
    gaps = coverage.missing()
    if not missing:
        return
    for resource, place, outcome in gaps[:MISSING_SHOWN]:
        yield showable(f"  not seen: {resource}: {place}: {outcome}")
    if len(gaps) > MISSING_SHOWN:
        yield f"  and {len(gaps) - MISSING_SHOWN:,} more; --format json lists them all"


def as_json(run: TestRun) -> str:
    """Results and coverage; the shape `tests/1`."""
    return json.dumps(
        {
            "schema": "tests/1",
            "results": [
                {
                    "test": each.test,
                    "case": each.case,
                    "file": each.span.file,
                    "line": each.span.line,
                    "passed": each.passed,
                    "todo": each.todo,
                    "differences": list(each.differences),
                }
                for each in run.results
            ],
            "coverage": {
                "percent": round(run.coverage.percent, 2),
                "covered": run.coverage.covered,
                "possible": len(run.coverage.possible),
                "missing": [
                    {"resource": resource, "place": place, "outcome": outcome}
                    for resource, place, outcome in run.coverage.missing()
                ],
            },
        },
        ensure_ascii=False,
    )


def as_junit(run: TestRun) -> str:
    """JUnit XML: one suite per file, one case per test; failures carry the differences, cases to do are skipped."""
    files: defaultdict[str, list[CaseResult]] = defaultdict(list)
    for result in run.results:
        files[result.span.file].append(result)
    root = ET.Element("testsuites", name="decisor test", tests=str(len(run.results)), failures=str(run.failed))
    for file, results in sorted(files.items()):
        root.append(_suite(file, results))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(file: str, results: Sequence[CaseResult]) -> ET.Element:
    counts = {
        "tests": len(results),
        "failures": sum(not result.passed for result in results),
        "errors": 0,
        "skipped": sum(result.passed and result.todo is not None for result in results),
    }
    seconds = sum(result.seconds for result in results)
    attributes = {name: str(count) for name, count in counts.items()}
    suite = ET.Element("testsuite", {"name": showable(file), **attributes, "time": f"{seconds:.3f}"})
    for result in results:
        _add_case(suite, file, result)
    return suite


def _add_case(suite: ET.Element, file: str, result: CaseResult) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=result.test,
        name=showable(result.case),
        file=showable(file),
        line=str(result.span.line),
        time=f"{result.seconds:.3f}",
    )
    if not result.passed:
        failure = ET.SubElement(case, "failure", type="difference", message=showable(result.differences[0]))
        failure.text = showable("\n".join(result.differences))
    elif result.todo is not None:
        ET.SubElement(case, "skipped", message=showable(result.todo))
