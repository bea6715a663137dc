"""Findings of one document: paths in its value become places in its file."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostics import Finding, Fix, Path, Related, Sink, Span
from ..language.yaml.spans import Spans
from .repairs import repair_of


class Report:
    """Adds findings about one resource (`segment/vips`) to the sink."""

    __slots__ = ("_sink", "failed", "resource", "spans")

    def __init__(self, resource: str, spans: Spans, sink: Sink) -> None:
        self.resource = resource
        self.spans = spans
        self.failed = False
        self._sink = sink

    def add(  # noqa: PLR0913 - the parts of a finding, all but two of them optional and named
        self,
        code: str,
        path: Path,
        message: str,
        *,
        label: str = "",
        help: Iterable[str] = (),  # noqa: A002 - the finding's own word
        fix: Fix | None = None,
        related: Iterable[Related] = (),
        span: Span | None = None,
    ) -> None:
        """Report at the value that `path` names, or at `span` inside it."""
        place, helps = span or self.spans.value(path), tuple(help)
        finding = Finding(
            code,
            message,
            place,
            label,
            helps,
            fix or repair_of(message, helps, self.spans, path, place),
            tuple(related),
            self.resource,
            path,
        )
        if finding.severity == "error":
            self.failed = True
        self._sink.add(finding)

    def at_key(
        self,
        code: str,
        path: Path,
        message: str,
        *,
        help: Iterable[str] = (),  # noqa: A002 - as in `add`
    ) -> None:
        """Report at the key that `path` names."""
        self.add(code, path, message, help=help, span=self.spans.key(path))
