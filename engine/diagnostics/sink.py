"""Collects the findings of every stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .finding import Finding, Span

KEPT_PER_RUN = 10_000
KEPT_PER_FILE = 200


class Sink:
    """Collects findings; keeps a bounded number of errors and of warnings, but counts all of them."""

    def __init__(self, *, per_run: int = KEPT_PER_RUN, per_file: int = KEPT_PER_FILE) -> None:
        self._per_run = per_run
        self._per_file = per_file
        self._kept: list[Finding] = []
        self._seen: Counter[str] = Counter()
        self._seen_in_file: Counter[tuple[str, str]] = Counter()
        self._dropped: Counter[tuple[str, str]] = Counter()
        self._left: Counter[str] = Counter()

    def add(self, finding: Finding) -> None:
        """Keep the finding, or only count it once its file or the run has its full number of that severity."""
        severity, file = finding.severity, finding.span.file
        if not self.room(file, severity):
            self.count(file, severity)
            return
        self._seen[severity] += 1
        self._seen_in_file[file, severity] += 1
        self._kept.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add each of them."""
        for finding in findings:
            self.add(finding)

    def room(self, file: str, severity: str) -> bool:
        """Whether a finding of that severity in that file would be kept; if not, `count` spares making it."""
        kept = self._seen[severity] - self._left[severity]
        return kept < self._per_run and self._seen_in_file[file, severity] < self._per_file

    def count(self, file: str, severity: str, times: int = 1) -> None:
        """Count findings that there is no room for."""
        self._seen[severity] += times
        self._seen_in_file[file, severity] += times
        self._dropped[file, severity] += times
        self._left[severity] += times

    @property
    def errors(self) -> int:
        """How many errors were added, kept or not."""
        return self._seen["error"]

    @property
    def warnings(self) -> int:
        """How many warnings were added, kept or not."""
        return self._seen["warning"]

    def findings(self) -> list[Finding]:
        """All that was kept, sorted by file, place and code, with one closing finding where some were left out."""
        return sorted([*self._kept, *self._left_out()], key=order)

    def _left_out(self) -> list[Finding]:
        """One finding per file and severity that lost some; one for all files together when there are many."""
        if len(self._dropped) <= self._per_file:
            return [_more(file, severity, count) for (file, severity), count in self._dropped.items()]
        totals: Counter[str] = Counter()
        for (_, severity), count in self._dropped.items():
            totals[severity] += count
        first = min(file for file, _ in self._dropped)
        return [_more(first, severity, count, where="these files") for severity, count in totals.items()]


def order(finding: Finding) -> tuple[str, int, int, str, str]:
    """The sort key of findings: file, line, column, code, then message so that equal places stay stable."""
    span = finding.span
    return (span.file, span.line, span.column, finding.code, finding.message)


def _more(file: str, severity: str, count: int, where: str = "this file") -> Finding:
    noun = severity if count == 1 else f"{severity}s"
    return Finding(
        code="H001",
        message=f"`{count}` more {noun} in {where} left out of this report",
        span=Span(file, 1, 1, 1, 1),
        severity="error" if severity == "error" else "warning",
    )
