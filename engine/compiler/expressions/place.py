"""Where a text stands in a file, and findings about parts of it before that place is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...diagnostics import Edit, Finding, Fix, Path, Sink, Span
from ...diagnostics.codes import code as declared_code


class Places(Protocol):
    """Spans of a document's values; `engine.language.spans.Spans` is one."""

    def value(self, path: Path) -> Span:
        """Where the value at a path stands."""
        ...

    def inside(self, path: Path, start: int, end: int) -> Span:
        """Where some characters of the text at a path stand."""
        ...


@dataclass(frozen=True, slots=True)
class DocumentValue:
    """A value of a document: its path, and the resource (`ruleset/homepage_hero`) it belongs to."""

    places: Places
    path: Path
    resource: str = ""

    def at(self, *steps: str | int) -> DocumentValue:
        """A value inside this one."""
        return DocumentValue(self.places, (*self.path, *steps), self.resource)

    @property
    def whole(self) -> Span:
        """All of the value."""
        return self.places.value(self.path)

    def span(self, start: int, end: int) -> Span:
        """Some characters of a text."""
        return self.places.inside(self.path, start, end)


@dataclass(frozen=True, slots=True)
class Note:
    """A finding about the characters from `start` up to `end`; `replace` is a repair of them: a title and a text."""

    code: str
    start: int
    end: int
    message: str
    label: str = ""
    help: tuple[str, ...] = ()
    replace: tuple[str, str] | None = None

    def finding(self, place: DocumentValue) -> Finding:
        """The finding, now that its place is known."""
        span = place.span(self.start, self.end)
        fix = None
        if self.replace is not None:
            title, text = self.replace
            fix = Fix(title, (Edit(span, text),))
        return Finding(self.code, self.message, span, self.label, self.help, fix, (), place.resource, place.path)


@dataclass(slots=True)
class Notes:
    """What was found in one text."""

    kept: list[Note] = field(default_factory=list)

    def add(
        self,
        code: str,
        node: Any,
        message: str,
        *,
        label: str = "",
        help: Iterable[str] = (),  # noqa: A002 - the finding's own word
        replace: tuple[str, str] | None = None,
    ) -> None:
        """A note about a node, or anything else with `start` and `end`."""
        self.kept.append(Note(code, node.start, node.end, message, label, tuple(help), replace))

    @property
    def failed(self) -> bool:
        """Whether one of them is an error."""
        return any(declared_code(note.code).severity == "error" for note in self.kept)

    def give(self, sink: Sink, place: DocumentValue) -> None:
        """Add them all to the sink."""
        sink.extend(note.finding(place) for note in self.kept)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some characters of a text."""

    start: int
    end: int
