"""Strict YAML 1.2: bytes in, plain values with places out, every trap of the format a finding."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from ...diagnostics import Finding, Severity, Sink
from ...diagnostics.sink import KEPT_PER_FILE
from ..files import MOST_BYTES
from . import findings as say
from .anchors import Anchor, measure
from .characters import decode
from .document import YamlDocument, YamlFile
from .events import events_of
from .recovery import Resumption, declaration, most_errors, resumption
from .scalar_places import places_of
from .scalars import SPECIAL, resolve
from .spans import NONE, Source, Spans, after_properties
from .syntax import syntax_finding

MOST_VALUES = 200_000
MOST_DOCUMENTS = 10_000
MOST_CHARACTERS = 65_536
DEEPEST = 64
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}
_COMPLEX = {AliasEvent: "an alias", MappingStartEvent: "a mapping", SequenceStartEvent: "a list"}
_ANCHOR = re.compile(r"(?:!\S*[ \t]+)?&([A-Za-z0-9_-]+)")
_NAME_GOES_ON = tuple("?:%@`")


__all__ = ["YamlDocument", "YamlFile", "read_documents", "read_yaml"]


def read_documents(data: bytes, file: str, sink: Sink) -> list[YamlDocument]:
    """The documents of a file in order, empty ones left out; what is wrong with them goes to the sink."""
    return list(read_yaml(data, file, sink).documents)


def read_yaml(data: bytes, file: str, sink: Sink) -> YamlFile:
    """The documents of a file; what is wrong with them goes to the sink.

    A document with findings still comes back, with the nearest plain value, so that later stages see the rest of it.
    One that is not YAML is left out, and reading goes on with the next.
    """
    if len(data) > MOST_BYTES:
        sink.add(say.too_large(file, MOST_BYTES))
        return YamlFile(complete=False)
    source = decode(data, file, sink)
    if source is None:
        return YamlFile(complete=False)
    reader = _Reader(source, sink, events_of(source.text))
    documents = reader.documents()
    texts = (declaration(source.text, start, end) for start, end in reader.broken)
    broken = [each for text in texts for each in _Reader(source, Sink(), events_of(text)).documents()]
    return YamlFile(tuple(documents), tuple(broken), not reader.broken)


class _StopReadingError(Exception):
    """The rest of the file is not read; the finding that says why is noted."""


class _Reader:
    """Builds the documents of one file from the parser's events, in one pass."""

    __slots__ = (
        "aliases",
        "anchors",
        "broken",
        "marks",
        "may_be_long",
        "next_event",
        "noted",
        "room",
        "sink",
        "skipped",
        "source",
        "text_room",
        "unmade",
    )

    def __init__(self, source: Source, sink: Sink, next_event: Callable[[], Any]) -> None:
        self.source = source
        self.sink = sink
        self.next_event = next_event
        self.may_be_long = len(source.text) > MOST_CHARACTERS
        self.room = MOST_VALUES
        self.text_room = MOST_BYTES
        self.noted: dict[str, list[tuple[int, Finding]]] = {"error": [], "warning": []}
        self.unmade: Counter[str] = Counter()
        self.broken: list[tuple[int, int]] = []
        self._begin_document()

    def _begin_document(self) -> None:
        self.marks: list[int] = []
        self.skipped: dict[int, int] = {}
        self.aliases: dict[int, int] = {}
        self.anchors: dict[str, Anchor] = {}

    def documents(self) -> list[YamlDocument]:
        """All documents of the file that are YAML; what is behind too many errors is not read."""
        found: list[YamlDocument] = []
        begun, text = 0, self.source.text
        for _error in range(most_errors(text)):
            room = self.room, self.text_room
            try:
                self._stream(found)
            except _StopReadingError:
                break
            except yaml.YAMLError as error:
                if not (more := self._resumption(error, text, begun)):
                    break
            else:
                break
            text = more.text
            if more.broken:
                self.broken.append(more.broken)
                _, begun = more.broken
            else:
                self.room, self.text_room = room
            self.next_event = events_of(text)
        self._report(None)
        return found

    def _resumption(self, error: yaml.YAMLError, text: str, begun: int) -> Resumption | None:
        """How reading goes on behind an error, which is reported."""
        finding = syntax_finding(error, self.source)
        more = resumption(error, finding, self.source, text, begun)
        if more is not None and more.broken is None:
            self.noted, self.unmade = {"error": [], "warning": []}, Counter()
        self._report(None)
        self.sink.add(finding)
        return more

    def _stream(self, found: list[YamlDocument]) -> None:
        count = 0
        while True:
            event = self.next_event()
            kind = type(event)
            if kind is DocumentStartEvent:
                count += 1
                if count > MOST_DOCUMENTS:
                    self._stop(say.too_many(self.source, event.start_mark.index, MOST_DOCUMENTS, "documents"))
                self._document(event, found)
            elif kind is StreamEndEvent:
                return

    def _document(self, event: Any, found: list[YamlDocument]) -> None:
        if event.tags or (event.version and event.version != (1, 2)):
            self._note("error", 0, say.directive, event.start_mark.index, event.version)
        self._begin_document()
        root = self.next_event()
        value = self._value(root, 1)
        self.next_event()
        if value is None and root.start_mark.index == root.end_mark.index:
            self._report(None)
            return
        spans = self._spans(value)
        found.append(YamlDocument(value, spans, self.source.file, root.start_mark.line + 1))
        self._report(spans)

    def _value(self, event: Any, depth: int) -> Any:
        """The value of a node whose first event was read; its marks go before those of what is in it."""
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event, depth)
        start = event.start_mark.index
        if depth > DEEPEST:
            self._stop(say.too_deep(self.source, start, DEEPEST))
        marks = self.marks
        own = len(marks)
        marks.append(start)
        marks.append(0)
        anchor = self._properties(event, start, None) if event.anchor or event.tag else None
        value: Any
        if kind is MappingStartEvent:
            value = {}
            marks[own + 1] = self._mapping(value, depth, own // 2)
        else:
            value = []
            marks[own + 1] = self._sequence(value, depth)
        self.room -= len(value)
        if anchor:
            anchor.value, anchor.complete = value, True
        return value

    def _sequence(self, sequence: list[Any], depth: int) -> int:
        """The offset where a list ends, once its entries are read."""
        next_event = self.next_event
        while True:
            event = next_event()
            kind = type(event)
            if kind is SequenceEndEvent:
                return int(event.end_mark.index)
            sequence.append(self._value(event, depth + 1))
            if len(sequence) > self.room:
                self._stop(say.too_many(self.source, event.start_mark.index, MOST_VALUES, "values"))

    def _mapping(self, mapping: dict[str, Any], depth: int, own: int) -> int:
        """The offset where a mapping ends, once its entries are read; `own` is its node."""
        next_event, marks = self.next_event, self.marks
        first: dict[str, int] | None = None
        while True:
            event = next_event()
            kind = type(event)
            if kind is MappingEndEvent:
                return int(event.end_mark.index)
            node = len(marks) // 2
            key = self._key(event, depth)
            if key is not None and key not in mapping:
                if first is not None:
                    first[key] = node
                mapping[key] = self._value(next_event(), depth + 1)
            else:
                if key is not None:
                    first = first or self._spans(mapping).key_nodes(mapping, own)
                    self._twice(key, node, first[key])
                self._value(next_event(), depth + 1)
                self.skipped[node] = len(marks) // 2
                self.room -= 1
            if len(mapping) > self.room:
                self._stop(say.too_many(self.source, event.start_mark.index, MOST_VALUES, "values"))

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        start, end = event.start_mark.index, event.end_mark.index
        self.marks += (start, end)
        if event.anchor or event.tag:
            return self._scalar_with_properties(event, start, end)
        if event.style:
            return self._unquote(text, start, end)
        if text and text[0] not in SPECIAL:
            if self.may_be_long:
                self._check_length(text, start)
            return text
        return self._plain(text, start, end)

    def _plain(self, text: str, start: int, end: int) -> Any:
        value, said = resolve(text)
        if said == "Y010":
            self._note("warning", start, say.ambiguous, text, start, end)
        elif said == "Y012":
            self._note("error", start, say.out_of_range, text, start, end)
        elif said == "Y013":
            self._note("error", start, say.not_finite, text, start, end)
        self._check_length(text, start)
        return value

    def _unquote(self, text: str, start: int, end: int) -> str:
        self._check_length(text, start)
        found = _NO_CHARACTER.search(text) if "\0" in text or not text.isascii() else None
        if not found:
            return text
        places = places_of(self.source.text, start, end, text)
        begin, stop = places[found.start()] if places else (start, end)
        self._note("error", start, say.no_character, begin, stop)
        return _NO_CHARACTER.sub("\ufffd", text)

    def _check_length(self, text: str, start: int) -> None:
        if self.may_be_long and len(text) > MOST_CHARACTERS:
            self._note("error", start, say.too_long, start, len(text), MOST_CHARACTERS)

    def _scalar_with_properties(self, event: Any, start: int, end: int) -> Any:
        """The value of a scalar behind an anchor or a tag; `!!str` keeps it text."""
        text = event.value
        plain = not event.style
        anchor = self._properties(event, start, (text, end) if plain else None)
        begin = after_properties(self.source.text, start, end)
        value = (
            self._plain(text, begin, end) if plain and event.tag not in _TEXT_TAGS else self._unquote(text, begin, end)
        )
        if anchor:
            anchor.value, anchor.complete = value, True
        return value

    def _properties(self, event: Any, start: int, plain: tuple[str, int] | None) -> Anchor | None:
        """The anchor that a node sets, noted as incomplete; a tag is a finding."""
        if event.tag:
            self._note("error", start, say.tag_finding, start, plain)
        if not event.anchor:
            return None
        if found := _ANCHOR.match(self.source.text, start):
            self._name_ends("&", *found.span(1))
        anchor = self.anchors[event.anchor] = Anchor(len(self.marks) // 2 - 1)
        return anchor

    def _name_ends(self, sign: str, start: int, end: int) -> bool:
        """Whether all readers end an anchor's name here; noted if YAML 1.2 goes on."""
        if self.source.text[end : end + 1] not in _NAME_GOES_ON:
            return True
        self._note("error", start, say.name_goes_on, sign, start, end)
        return False

    def _key(self, event: Any, depth: int) -> str | None:
        """The text of a key, or None with a finding where it cannot be one; its marks are noted."""
        start, end = event.start_mark.index, event.end_mark.index
        if type(event) is not ScalarEvent:
            what = _COMPLEX[type(event)]
            self._note("error", start, say.key_not_scalar, start, what)
            self._value(event, depth + 1)
            return None
        text: str = event.value
        if event.anchor or event.tag or event.style or not text or text[0] in SPECIAL:
            return self._unusual_key(event, start, end)
        self.marks += (start, end)
        if self.may_be_long:
            self._check_length(text, start)
        return text

    def _unusual_key(self, event: Any, start: int, end: int) -> str | None:
        text: str = event.value
        if event.style or event.anchor or event.tag:
            self._scalar(event)
            return text
        self.marks += (start, end)
        if text == "<<":
            self._note("error", start, say.merge_key, start, end)
            return None
        value, said = resolve(text)
        if not isinstance(value, str):
            self._note("error", start, say.key_not_text, text, value, start, end)
        elif said:
            self._note("warning", start, say.ambiguous, text, start, end)
        self._check_length(text, start)
        return text

    def _twice(self, key: str, node: int, first: int) -> None:
        marks = self.marks
        here = marks[2 * node], marks[2 * node + 1]
        there = marks[2 * first], marks[2 * first + 1]
        self._note("error", there[0], say.twice, key, here, there)

    def _alias(self, event: Any, depth: int) -> Any:
        """The value that an alias stands for, itself and not a copy, counted as often as it is used."""
        name, start, end = event.anchor, event.start_mark.index, event.end_mark.index
        node = len(self.marks) // 2
        self.marks += (start, end)
        if not self._name_ends("*", start + 1, end):
            return None
        anchor = self.anchors.get(name)
        if not anchor:
            self._note("error", start, say.unknown_alias, name, start, end, list(self.anchors))
            return None
        if not anchor.complete:
            self._note("error", start, say.endless_alias, name, start, end)
            return None
        anchor.size = size = anchor.size or measure(anchor.value)
        self.room -= size.values
        self.text_room -= size.characters
        if self.room < 0 or self.text_room < 0:
            self._stop(say.too_many_by_alias(self.source, name, start, end, MOST_VALUES))
        if depth - 1 + size.levels > DEEPEST + 1:
            self._stop(say.too_deep_by_alias(self.source, name, start, end, DEEPEST))
        self.aliases[node] = anchor.node
        return anchor.value

    def _spans(self, value: Any) -> Spans:
        return Spans(self.source, value, array("I", self.marks), self.skipped or NONE, self.aliases or NONE)

    def _note(self, severity: Severity, offset: int, make: Callable[..., Finding], *facts: Any) -> None:
        """Keep a finding until its document is complete and its path known; where there is no room, only count it."""
        if len(self.noted[severity]) >= KEPT_PER_FILE or not self.sink.room(self.source.file, severity):
            self.unmade[severity] += 1
        else:
            self.noted[severity].append((offset, make(self.source, *facts)))

    def _stop(self, finding: Finding) -> NoReturn:
        self.sink.add(finding)
        raise _StopReadingError

    def _report(self, spans: Spans | None) -> None:
        """Hand the noted findings over, each with its path in the document where there is one."""
        noted = self.noted["error"] + self.noted["warning"]
        if not noted:
            return
        paths = spans.paths_by_offset() if spans else {}
        self.sink.extend(replace(finding, path=paths.get(offset, ())) for offset, finding in noted)
        self.noted = {"error": [], "warning": []}
        for severity, times in self.unmade.items():
            self.sink.count(self.source.file, severity, times)
        self.unmade.clear()
