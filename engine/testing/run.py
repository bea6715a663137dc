"""Running a workspace's tests: every case on its own, with its own clock, and what differed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..diagnostics import Span
from ..ir.program import Program
from ..language.documents.test import CaseShape, TestDocument
from ..language.workspace import Document
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .case import CaseRun, Stage
from .coverage import Coverage, coverage_of


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: where it stands, whether it came out as it says, and if not, the differences line by line."""

    test: str
    case: str
    span: Span
    passed: bool
    differences: tuple[str, ...] = ()
    todo: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TestRun:
    """All results in order, and what they cover."""

    __test__ = False  # pytest takes a class of this name for a test

    results: tuple[CaseResult, ...]
    coverage: Coverage

    @property
    def failed(self) -> int:
        """How many cases did not come out as they say."""
        return sum(not result.passed for result in self.results)


def run_tests(
    documents: Sequence[Document],
    program: Program,
    wanted: Callable[[str, str], bool] = lambda _test, _case: True,
    kinds: NodeKinds = NODE_KINDS,
) -> TestRun:
    """Run every case of the Test documents whose (test, case) names are wanted."""
    coverage = coverage_of(program, kinds)
    stage = Stage(program, kinds)
    results: list[CaseResult] = []
    for document in documents:
        test = document.read_as(TestDocument)
        for index, case in enumerate(test.cases):
            if wanted(document.name, case.name):
                started = time.perf_counter()
                differences = tuple(CaseRun(stage, coverage, test, case).differences())
                seconds = time.perf_counter() - started
                span = document.yaml.spans.value(("cases", index, "name"))
                results.append(_result(document.name, case, span, differences, seconds))
    return TestRun(tuple(results), coverage)


def _result(test: str, case: CaseShape, span: Span, differences: tuple[str, ...], seconds: float) -> CaseResult:
    if case.todo is None:
        return CaseResult(test, case.name, span, not differences, differences, None, seconds)
    if differences:
        return CaseResult(test, case.name, span, passed=True, todo=case.todo, seconds=seconds)
    told = ("passes, and is still marked `todo`; take the mark out",)
    return CaseResult(test, case.name, span, passed=False, differences=told, todo=case.todo, seconds=seconds)
