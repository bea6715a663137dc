"""Segments, each resolved into one predicate; references are written in, cycles refused, limits held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from ..diagnostics import Path, Sink
from ..ir.predicate import AllOf, Predicate
from ..ir.walk import DEPTH_LIMIT, LEAF_LIMIT, depth, leaf_count
from ..language.documents import conditions as shapes
from ..language.documents.segment import SegmentDocument
from ..language.workspace import Document
from .conditions import Lowering
from .report import Report
from .satisfiability import Known, always_holds, never_holds
from .scope import Scope
from .targets.elasticsearch import Exact, compile_query
from .targets.limits import check_limits, surely_within

Reference = tuple[str, Path]
_LOOKED_THROUGH = 64  # conditions among which the contradicting one is looked for


def lower_segments(documents: Sequence[Document], scope: Scope, sink: Sink) -> dict[str, Predicate]:
    """The predicates of all sound segments by name; a segment that refers to an unsound one is left out silently."""
    by_name = {document.name: document for document in documents}
    known: dict[str, Predicate] = {}
    for name in _in_order(by_name, sink):
        predicate = _lower(by_name[name], known, scope, sink)
        if predicate is not None:
            known[name] = predicate
    return {name: known[name] for name in sorted(known)}


@dataclass(frozen=True, slots=True)
class _References:
    """Gives the predicate of a referred segment; one that is declared but unsound was reported already."""

    known: Mapping[str, Predicate]
    scope: Scope
    report: Report

    def __call__(self, name: str, path: Path) -> Predicate | None:
        if not self.scope.has("Segment", name):
            help_ = self.scope.suggestion("Segment", name)
            self.report.add("L005", path, f"`{name}` is not a segment of this workspace", help=help_)
        return self.known.get(name)


def lower_segment(document: Document, known: Mapping[str, Predicate], scope: Scope, sink: Sink) -> Predicate | None:
    """The predicate of one segment that may refer to known ones; None with all that is wrong told to the sink."""
    return _lower(document, known, scope, sink)


def _lower(document: Document, known: Mapping[str, Predicate], scope: Scope, sink: Sink) -> Predicate | None:
    report = Report(document.resource, document.yaml.spans, sink)
    lowering = Lowering(scope, report, _References(known, scope, report))
    path: Path = ("conditions",)
    predicate = lowering.conditions(_conditions(document), path, lowering.profile_facts())
    if predicate is None:
        return None
    if not _within_limits(predicate, document.name, scope, report):
        return None
    known_facts = Known.of(scope.catalogue, scope.empty_lists)
    if reason := never_holds(predicate, known_facts):
        place = _contradicting(predicate, _conditions(document), path, known_facts)
        report.at_key("C002", place, f"`{document.name}` can never match: {reason}")
    elif always_holds(predicate, known_facts):
        report.at_key("C003", path, f"`{document.name}` always matches, whatever the profile")
    return predicate


def _contradicting(predicate: Predicate, written: shapes.Conditions, path: Path, known: Known) -> Path:
    """Where the first condition stands that cannot hold together with those before it; else all conditions."""
    group = isinstance(written, shapes.AllOf)
    items = written.items if isinstance(written, shapes.AllOf) else written
    if not isinstance(predicate, AllOf) or not isinstance(items, list | tuple):
        return path
    if len(items) != len(predicate.items) or len(items) > _LOOKED_THROUGH:
        return path
    counts = (count for count in range(1, len(items)) if never_holds(AllOf(predicate.items[:count]), known))
    index = next(counts, len(items)) - 1
    return (*path, "all", index) if group else (*path, index)


def _conditions(document: Document) -> shapes.Conditions:
    return document.read_as(SegmentDocument).conditions


def _within_limits(predicate: Predicate, name: str, scope: Scope, report: Report) -> bool:
    """Whether every target can take the predicate; what is too large is reported."""
    if surely_within(predicate):
        return True
    path: Path = ("conditions",)
    count = leaf_count(predicate)
    if count > LEAF_LIMIT:
        message = f"`{name}` has {count:,} conditions, references written in; expected at most {LEAF_LIMIT:,}"
        report.at_key("C001", path, message)
        return False
    if depth(predicate) > DEPTH_LIMIT:
        message = f"`{name}` has conditions more than {DEPTH_LIMIT} levels deep, references written in"
        report.at_key("C004", path, message)
        return False
    compiled = compile_query(predicate, scope.catalogue, scope.lists)
    query = compiled.query if isinstance(compiled, Exact) else compiled.surely_contains
    problems = check_limits(query, name, scope.catalogue)
    for problem in problems:
        report.at_key("C004", path, problem.message, help=(problem.help,))
    return not problems


def _in_order(documents: Mapping[str, Document], sink: Sink) -> Iterator[str]:
    """Names, each after those it refers to. A reference that closes a cycle is reported and left out."""
    done: set[str] = set()
    for first in documents:
        if first in done:
            continue
        stack = [(first, references(_conditions(documents[first]), ("conditions",)))]
        on_stack = {first: None}
        while stack:
            name, pending = stack[-1]
            following = next(pending, None)
            if following is None:
                stack.pop()
                del on_stack[name]
                done.add(name)
                yield name
                continue
            target, path = following
            if target in on_stack:
                _cycle(documents[name], path, [*list(on_stack)[list(on_stack).index(target) :], target], sink)
            elif target in documents and target not in done:
                stack.append((target, references(_conditions(documents[target]), ("conditions",))))
                on_stack[target] = None


def _cycle(document: Document, path: Path, names: Sequence[str], sink: Sink) -> None:
    report = Report(document.resource, document.yaml.spans, sink)
    way = " → ".join(f"`{name}`" for name in (names if len(names) < 10 else [*names[:4], "…", *names[-4:]]))
    report.add("L008", path, f"`{document.name}` refers to itself: {way}", label="closes the circle")


def references(written: shapes.Conditions, path: Path) -> Iterator[Reference]:
    """The segments that conditions refer to, and where, in the order of the text."""
    open_parts: list[tuple[shapes.Condition, Path]] = []

    def open_all(conditions: Sequence[shapes.Condition], at: Path) -> None:
        open_parts.extend(reversed([(each, (*at, index)) for index, each in enumerate(conditions)]))

    if isinstance(written, tuple):
        open_all(written, path)
    else:
        open_parts.append((written, path))
    while open_parts:
        part, at = open_parts.pop()
        match part:
            case shapes.SegmentReference():
                yield part.segment, (*at, "segment")
            case shapes.AllOf():
                open_all(part.items, (*at, "all"))
            case shapes.AnyOf():
                open_all(part.items, (*at, "any"))
            case shapes.NotOf():
                open_parts.append((part.item, (*at, "not")))
            case shapes.Leaf() | shapes.ListReference() | shapes.ElementCondition() | shapes.EventsCondition():
                pass
            case _:
                assert_never(part)
