"""Warnings that a document allows, for a reason and until a day; what it allows in vain is a warning itself."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..diagnostics import Code, Finding, Path, all_codes, nearest
from ..diagnostics.sink import order
from .document import Document
from .documents.envelope import Suppression


def suppress(findings: Iterable[Finding], documents: Sequence[Document], today: str) -> list[Finding]:
    """The findings that no document allows on that day (`2026-12-31`), and what is wrong with what they allow."""
    codes = {code.code: code for code in all_codes()}
    active, problems = _entries(documents, codes, today)
    places = _Places(documents) if active else None
    kept: list[Finding] = []
    used: set[tuple[str, str]] = set()
    complete = True
    for finding in findings:
        complete = complete and finding.code != "H001"
        key = (places.resource(finding), finding.code) if places else ("", "")
        if key in active and finding.severity == "warning":
            used.add(key)
        else:
            kept.append(finding)
    unused = [_unused_entry(*entry) for key, entry in active.items() if key not in used] if complete else []
    return sorted([*kept, *problems, *unused], key=order)


Entry = tuple[Document, int, Suppression]


def _entries(
    documents: Iterable[Document], codes: Mapping[str, Code], today: str
) -> tuple[dict[tuple[str, str], Entry], list[Finding]]:
    """The entries that count today by resource and code, and what is wrong with the others."""
    active: dict[tuple[str, str], Entry] = {}
    problems: list[Finding] = []
    for document in documents:
        for index, entry in enumerate(document.model.allow):
            code = codes.get(entry.code)
            if code is None:
                problems.append(_unknown(document, index, entry, codes))
            elif code.severity == "error":
                message = f"`{entry.code}` is an error; expected the code of a warning, as only warnings can be allowed"
                problems.append(_finding("H005", document, index, "code", message))
            elif entry.until < today:
                message = f"`{entry.until}` is past, so `{entry.code}` is reported again; expected a fix or a later day"
                problems.append(_finding("H003", document, index, "until", message))
            elif (document.resource, entry.code) in active:
                message = f"`{entry.code}` is allowed twice; expected one entry for each code"
                problems.append(_finding("S018", document, index, "code", message))
            else:
                active[document.resource, entry.code] = (document, index, entry)
    return active, problems


def _unknown(document: Document, index: int, entry: Suppression, codes: Iterable[str]) -> Finding:
    near = nearest(entry.code, codes)
    expected = f"`{near}`" if near else "one that `decisor explain` knows"
    return _finding("H002", document, index, "code", f"`{entry.code}` is not a code; expected {expected}")


def _unused_entry(document: Document, index: int, entry: Suppression) -> Finding:
    message = f"`{entry.code}` is allowed, but there is none in `{document.resource}`; expected no entry"
    return _finding("H004", document, index, "code", message)


def _finding(code: str, document: Document, index: int, key: str, message: str) -> Finding:
    path: Path = ("allow", index, key)
    return Finding(code, message, document.yaml.spans.value(path), resource=document.resource, path=path)


class _Places:
    """Which document a place belongs to, for findings that do not say."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._lines: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for document in documents:
            self._lines[document.yaml.file].append((document.yaml.start_line, document.resource))
        for lines in self._lines.values():
            lines.sort()

    def resource(self, finding: Finding) -> str:
        """The resource of a finding, or of the document that its place lies in."""
        if finding.resource:
            return finding.resource
        lines = self._lines.get(finding.span.file, [])
        index = bisect_right(lines, finding.span.line, key=lambda each: each[0])
        return lines[index - 1][1] if index else ""
