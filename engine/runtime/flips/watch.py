"""Gathers everything in a set of predicates that depends on the clock, and prepares it for look-ups."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, assert_never

from ...ir.binding import bind_instant
from ...ir.instant import format_instant
from ...ir.predicate import AllOf, AnyOf, Constant, Element, Events, EventSequence, InList, Leaf, Not, Now, Predicate
from ...ir.types import Aggregate
from ...ir.walk import children, parts
from ...operators.evaluate import present_values
from ..matcher.behaviour import aggregate_of
from ..matcher.checks import Check, Checks
from ..matcher.moment import Clock, Event, Moment
from .edges import NEVER, Edge, Edges, Limit, edges_of, ms_of, prepare_edges

DAY_MS = 86_400_000
FEW = 16  # events that are scanned one by one
UNBOUNDED = 1 << 62


def reads_clock(predicate: Predicate) -> bool:
    """Whether time alone can change the verdict on an unchanged profile."""
    return any(isinstance(part, Events | EventSequence) or _moves(part) for part in parts(predicate))


def _moves(part: Predicate) -> bool:
    return isinstance(part, Leaf) and bool(edges_of(part))


@dataclass(slots=True)
class Gathered:
    """The limits by path, those inside list elements, and the conditions on events."""

    fields: dict[str, set[Edge]] = field(default_factory=lambda: defaultdict(set))
    elements: dict[str, Gathered] = field(default_factory=dict)
    windows: dict[str, dict[Now, None]] = field(default_factory=dict)
    wheres: dict[str, Gathered] = field(default_factory=dict)
    results: dict[Events, set[Edge]] = field(default_factory=dict)

    def add(self, predicate: Predicate) -> None:
        """Gather from a predicate and all inside it."""
        seen: set[int] = set()
        open_parts = [predicate]
        while open_parts:
            part = open_parts.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            match part:
                case Leaf():
                    self._leaf(part)
                case Element(of, item):
                    self.elements.setdefault(of, Gathered()).add(item)
                case Events():
                    self._events(part)
                case EventSequence(steps, within):
                    for step in steps:
                        self._watch_count(step.type, step.where, within)
                case AllOf() | AnyOf() | Not() | Constant() | InList():
                    open_parts.extend(children(part))
                case _:
                    assert_never(part)

    def add_window(self, source: Aggregate) -> None:
        """Gather the window of a profile field that is an aggregate."""
        self._watch_count(source.event, None, None if source.within is None else Now(-source.within))

    def _leaf(self, leaf: Leaf) -> None:
        edges = edges_of(leaf)
        if edges:
            self.fields[leaf.field].update(edges)

    def _events(self, events: Events) -> None:
        self._watch_count(events.type, events.where, events.within)
        inside = Gathered()
        inside.add(events.test)
        edges = inside.fields.get("value")
        if edges:
            self.results.setdefault(events, set()).update(edges)

    def _watch_count(self, kind: str, where: Predicate | None, within: Now | None) -> None:
        windows = self.windows.setdefault(kind, {})
        if within is not None:
            windows[within] = None
        if where is not None:
            self.wheres.setdefault(kind, Gathered()).add(where)


class Watch:
    """Gathered limits on one profile, element or event's data, those of its elements included."""

    __slots__ = ("_elements", "_paths", "_plain")

    def __init__(self, gathered: Gathered) -> None:
        found = [(path, prepare_edges(edges)) for path, edges in sorted(gathered.fields.items())]
        self._plain = [each for each in found if "." not in each[0]]
        self._paths = [each for each in found if "." in each[0]]
        inside = [(path, Watch(each)) for path, each in sorted(gathered.elements.items())]
        self._elements = [(path, each) for path, each in inside if each]

    def __bool__(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self._plain or self._paths or self._elements)

    def next(self, data: Mapping[str, Any], now_ms: int) -> int:
        """The first instant after now at which a limit may pass a value, or NEVER."""
        found = NEVER
        for path, edges in self._plain:
            value = data.get(path)
            if type(value) is str:
                found = min(found, edges.next(value, now_ms))
            elif value:
                found = min(found, _least(edges, present_values(data, path), now_ms))
        for path, edges in self._paths:
            found = min(found, _least(edges, present_values(data, path), now_ms))
        for path, inside in self._elements:
            for element in present_values(data, path):
                found = min(found, inside.next(element, now_ms))
        return found


def _least(edges: Edges, values: Iterable[str], now_ms: int) -> int:
    return min([edges.next(value, now_ms) for value in values], default=NEVER)


class EventWatch:
    """Gathered limits on a customer's events; events in the future of now count from their time on."""

    __slots__ = ("_reach", "_results", "_wheres", "_windows")

    def __init__(self, gathered: Gathered) -> None:
        self._windows = {kind: _Windows(list(windows)) for kind, windows in gathered.windows.items() if windows}
        self._wheres = {kind: watch for kind, each in gathered.wheres.items() if (watch := Watch(each))}
        self._results = [_Result(events, edges) for events, edges in gathered.results.items()]
        self._reach = max((windows.reach for windows in self._windows.values()), default=0)

    def next(self, events: Sequence[Event], now_ms: int) -> int:
        """The first instant after now at which a condition on the events may change, or NEVER."""
        if not events:
            return NEVER
        found = _arrival(events, now_ms)
        if self._windows:
            found = min(found, self._next_leaving(events, now_ms))
        for kind, watch in self._wheres.items():
            found = min([found, *[watch.next(event["data"], now_ms) for event in events if event["type"] == kind]])
        for result in self._results:
            found = min(found, result.next(events, now_ms))
        return found

    def _next_leaving(self, events: Sequence[Event], now_ms: int) -> int:
        """When the next event leaves a window."""
        windows = self._windows
        times: dict[str, list[str]] = {}
        for event in self._within_reach(events, now_ms):
            kind = event["type"]
            if kind in windows:
                times.setdefault(kind, []).append(event["time"])
        return min([windows[kind].next(each, now_ms) for kind, each in times.items()], default=NEVER)

    def _within_reach(self, events: Sequence[Event], now_ms: int) -> Iterator[Event] | Sequence[Event]:
        if len(events) <= FEW:
            return events
        first = bisect_left(events, format_instant(now_ms - self._reach), key=_time)
        return islice(events, first, None)


def _arrival(events: Sequence[Event], now_ms: int) -> int:
    """When the next event in the future of now happens."""
    if ms_of(events[-1]["time"]) <= now_ms:
        return NEVER
    return ms_of(events[bisect_right(events, format_instant(now_ms), key=_time)]["time"])


def _time(event: Event) -> str:
    time: str = event["time"]
    return time


class _Windows:
    """The windows in which events of one type are counted."""

    __slots__ = ("_all", "_each", "reach")

    def __init__(self, windows: Sequence[Now]) -> None:
        self._all = prepare_edges([Limit(window, after=True) for window in windows])
        self._each = [(window, prepare_edges([Limit(window, after=True)])) for window in windows]
        self.reach = max(_reach(window) for window in windows)

    def next(self, times: Sequence[str], now_ms: int) -> int:
        """When the next of the events, given by their times in order, leaves one of the windows."""
        if len(times) <= max(FEW, 2 * len(self._each)):
            return _least(self._all, times, now_ms)
        found = NEVER
        for window, edge in self._each:
            first = bisect_left(times, bind_instant(window, now_ms))
            if first < len(times):
                found = min(found, edge.next(times[first], now_ms))
        return found


def _reach(window: Now) -> int:
    """Milliseconds before now within which the window begins."""
    if window.unit == "ms":
        return max(0, -window.amount)
    return max(0, -window.amount + 3) * DAY_MS * (31 if window.unit == "months" else 1)


class _Result:
    """An aggregate that is compared with now, such as the time of the last purchase."""

    __slots__ = ("_edges", "_events", "_where")

    def __init__(self, events: Events, edges: set[Edge]) -> None:
        self._events = events
        self._edges = prepare_edges(edges)
        self._where: Check | None = None if events.where is None else Checks({}, "", inner=True).of(events.where)

    def next(self, events: Sequence[Event], now_ms: int) -> int:
        value = aggregate_of(self._events, self._where, Moment(Clock(now_ms), events))
        return self._edges.next(value, now_ms) if isinstance(value, str) else NEVER
