"""Findings for people: the line, carets under the place, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .finding import Finding, Span
from .lines import lines_of, showable, window

COLUMNS = 120
_COLOURS = {"error": "1;31", "warning": "1;33", "frame": "34", "second": "36"}


def render(
    findings: Iterable[Finding], sources: Mapping[str, str], *, color: bool = False, columns: int = COLUMNS
) -> str:
    """All findings as text, an empty line between them; `sources` maps a file to its text, for the lines shown.

    A file without text in `sources` is named without its line.
    """
    printer = _Printer(sources, color=color, columns=columns)
    return "\n".join(printer.finding(each) for each in findings)


class _Printer:
    def __init__(self, sources: Mapping[str, str], *, color: bool, columns: int) -> None:
        self._sources = sources
        self._color = color
        self._columns = columns
        self._lines: dict[str, list[str]] = {}

    def finding(self, finding: Finding) -> str:
        """One finding, ending with a line break."""
        spans = [finding.span, *(each.span for each in finding.related)]
        gutter = max(len(str(span.end_line)) for span in spans)
        bar = self._paint("frame", f"{' ' * gutter} |")
        head = self._paint(finding.severity, f"{finding.severity}[{finding.code}]")
        out = [f"{head}: {_within(bar, finding.message)}"]
        out += self._place(finding.span, "-->", gutter, finding.severity, "^", finding.label)
        for each in finding.related:
            out += self._place(each.span, ":::", gutter, "second", "-", each.message)
        notes = [f"help: {each}" for each in finding.help]
        if finding.fix:
            notes.append(f"fix: {finding.fix.title} (apply with `decisor fix`)")
        if notes and out[-1] != bar:
            out.append(bar)
        sign = self._paint("frame", f"{' ' * gutter} =")
        out += [f"{sign} {_within(bar, note)}" for note in notes]
        return "\n".join(out) + "\n"

    def _place(self, span: Span, arrow: str, gutter: int, colour: str, mark: str, label: str) -> list[str]:
        bar = self._paint("frame", f"{' ' * gutter} |")
        out = [self._paint("frame", f"{' ' * gutter}{arrow} ") + showable(f"{span.file}:{span.line}:{span.column}")]
        lines = self._lines_of(span.file)
        if span.line > len(lines):
            return [*out, f"{bar} {_within(bar, label)}"] if label else out
        rows = [bar, *self._row(span, lines[span.line - 1], gutter, colour, mark, label)]
        more = span.end_line - span.line - (span.end_column == 1)
        if more > 0:
            last = span.line + more
            rows.append(self._paint("frame", f"{' ' * gutter} : ") + f"and on to line {last}")
        return [*out, *rows]

    def _row(self, span: Span, line: str, gutter: int, colour: str, mark: str, label: str) -> list[str]:
        """The line with its number, and below it the marks and the label."""
        start = min(span.column - 1, len(line))
        end = min(span.end_column - 1, len(line)) if span.end_line == span.line else len(line)
        shown, begin, stop = window(line, start, max(start, end), max(20, self._columns - gutter - 3))
        bar = self._paint("frame", f"{' ' * gutter} |")
        marks = self._paint(colour, mark * max(1, stop - begin) + (f" {_within(bar, label)}" if label else ""))
        number = self._paint("frame", f"{span.line:>{gutter}} |")
        return [f"{number} {shown}".rstrip(), f"{bar} {' ' * begin}{marks}"]

    def _lines_of(self, file: str) -> list[str]:
        if file not in self._lines:
            text = self._sources.get(file)
            self._lines[file] = [] if text is None else lines_of(text)
        return self._lines[file]

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._color else text


def _within(bar: str, text: str) -> str:
    """The text, each further line of it behind the bar.

    A text of the workspace would otherwise end ours and be read as one: by people, and by CI, which takes a line that
    begins with `::` as a command, indented or not.
    """
    return showable(text).replace("\n", f"\n{bar} ")
