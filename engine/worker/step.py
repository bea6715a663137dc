"""What one transaction is to do, and the computation of its result, without the database."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..ir.instant import format_instant
from ..profiles.refused_values import Refused
from ..runtime.fold import after
from ..segments.definitions import Live
from ..segments.transitions import Reason, Transition
from ..storage.partitions import partition_of
from .arrivals import Arrival, Letter
from .changes import Change, Tally
from .state import State, overridden_segments

if TYPE_CHECKING:
    from psycopg import Connection

CATCH_UP_MS = 600_000  # a due instant at most this far behind the clock is evaluated at the instant itself


@dataclass(slots=True)
class Work:
    """What one transaction is to do.

    `due` maps customers to the instant at which time alone may have changed something; `touched` are customers to
    evaluate again for the given `reason`. `first` runs inside the transaction, after the locks have been taken.
    `catalogue` is the digest of the catalogue with which the arrivals were read.
    """

    arrivals: Sequence[Arrival] = ()
    letters: Sequence[Letter] = ()
    due: Mapping[str, int] = field(default_factory=dict)
    touched: Sequence[str] = ()
    reason: Reason = "manual"
    first: Callable[[Connection], None] | None = None
    catalogue: str | None = None


class Step:
    """The computation of one transaction's result, without the database."""

    def __init__(self, live: Live, work: Work, now_ms: int, last: dict[int, int], tally: Tally) -> None:
        self.live = live
        self.now_ms = now_ms
        self.last = last
        self.changes: list[Change] = []
        self.verdicts: list[tuple[str, str, bool]] = []
        self._due = work.due
        self._touched = frozenset(work.touched)
        self._reason = work.reason
        self._tally = tally
        self._causes: dict[str, str] = {}
        self._types: dict[str, set[str]] = {}
        self._come: dict[str, list[Mapping[str, Any]]] = {}
        self.refused: Counter[Refused] = Counter()

    def add_events(self, states: Mapping[str, State], kept: Iterable[tuple[Arrival, bool]]) -> list[dict[str, Any]]:
        """Add the events to the histories; returns the rows to store, their data not yet encrypted."""
        rows = []
        received = format_instant(self.now_ms)
        for arrival, conflict in kept:
            event = dict(arrival.event)
            state = states[arrival.profile]
            state.position += 1
            state.events.insert(bisect_right(state.events, event["time"], key=_time), event)
            self._causes[arrival.profile] = event["id"]
            self._types.setdefault(arrival.profile, set()).add(event["type"])
            self._come.setdefault(arrival.profile, []).append(event)
            rows.append(
                {
                    "profile": arrival.profile,
                    "position": state.position,
                    "at": event["time"],
                    "id": event["id"],
                    "type": event["type"],
                    "customer": event[self.live.key],
                    "data": event["data"],
                    "conflict": conflict,
                    "received_at": received,
                }
            )
        return rows

    def evaluate(self, states: Mapping[str, State], moved: Iterable[tuple[Transition, bool]]) -> None:
        """Evaluate every customer once and record what changes."""
        staged: dict[str, list[tuple[Transition, bool]]] = {}
        for transition, enter in moved:
            staged.setdefault(transition.profile, []).append((transition, enter))
        for profile, state in states.items():
            self._evaluate(state, staged.get(profile, ()))

    def _evaluate(self, state: State, staged: Iterable[tuple[Transition, bool]]) -> None:
        profile, live = state.profile, self.live
        happened = profile in self._causes
        if not (happened or state.exists):
            return  # due or touched, but erased in the meantime
        transitions = self._append_staged(state, staged)
        at_ms = self.now_ms if happened else self._instant(state)
        unheld: set[str] = set()
        value = live.folding.profile(profile, state.events, at_ms, unheld)
        self._count_refused(state, unheld)
        transitions += self._transitions(state, value, at_ms)
        changed = value != state.value or bool(transitions)
        due_ms = self._due_after(state, value, at_ms)
        rewritten = changed or happened or profile in self._touched or state.catalogue != live.catalogue_digest
        if not rewritten and due_ms == state.due_ms and profile not in self._due:
            return
        foreseen = self._crosses_future_event(state, at_ms)
        partition = partition_of(profile)
        state.version += rewritten or foreseen
        state.value, state.computed_ms, state.due_ms, state.catalogue = value, at_ms, due_ms, live.catalogue_digest
        change = Change(profile, partition, state.version, value, at_ms, due_ms, None, transitions)
        if changed or foreseen or profile in self._touched:
            change.slide = live.slide(value, state.events, at_ms)
            self.last[partition] += 1
            change.seq = self.last[partition]
        self._tally.profiles += 1
        self.changes.append(change)

    def _count_refused(self, state: State, unheld: Iterable[str]) -> None:
        """Count values that their field may not hold: of the events that arrived, or of all under a new catalogue.

        `unheld` are aggregates whose result is such a value; each is counted under the type of the events behind it.
        """
        folding, partition = self.live.folding, partition_of(state.profile)
        anew = state.catalogue != self.live.catalogue_digest
        for event in state.events if anew else self._come.get(state.profile, ()):
            for name in folding.refused_fields(event):
                self.refused[partition, event["type"], name] += 1
        for name in unheld:
            kind = folding.source_of(name)
            if anew or kind in self._types.get(state.profile, ()):
                self.refused[partition, kind, name] += 1

    def _crosses_future_event(self, state: State, at_ms: int) -> bool:
        """Whether an event arrived that lies in the future, or one that lay in the future has now happened.

        A serving copy is exact up to such an event, and again after it, whatever that event has changed.
        """
        before, now = after(state.events, state.computed_ms), after(state.events, at_ms)
        come = self._come.get(state.profile, ())
        late = sum(format_instant(state.computed_ms) < event["time"] <= format_instant(at_ms) for event in come)
        return (bool(come) and now < len(state.events)) or (state.exists and now - before > late)

    def _instant(self, state: State) -> int:
        """The instant to evaluate at: for a due customer the due instant, so that transitions carry their true time.

        If a rebuild has already decided as of a later instant, it is that later one.
        """
        due = self._due.get(state.profile, self.now_ms)
        if max(state.computed_ms, self.now_ms - CATCH_UP_MS) <= due <= self.now_ms:
            return min(max(due, state.moved_ms), self.now_ms)
        return self.now_ms

    def _transition_instant(self, state: State, at_ms: int) -> int:
        """The instant of a transition: never before the previous one, even if another clock produced that one."""
        state.moved_ms = max(state.moved_ms, at_ms)
        return state.moved_ms

    def _append_staged(self, state: State, staged: Iterable[tuple[Transition, bool]]) -> list[Transition]:
        """The transitions that rebuilds have decided, appended to the memberships."""
        found = []
        held = state.held = {} if state.held is None else state.held
        for each, enter in staged:
            number = held.get(each.segment, 0)
            if enter != (number % 2 == 1):
                held[each.segment] = number + 1
                at_ms = self._transition_instant(state, each.at_ms)
                found.append(
                    Transition(
                        each.segment, each.profile, number + 1, at_ms, each.reason, each.digest, None, each.silent
                    )
                )
        return found

    def _transitions(self, state: State, value: Mapping[str, Any], at_ms: int) -> list[Transition]:
        live = self.live
        held = state.held = {} if state.held is None else state.held
        included, excluded = overridden_segments(state, at_ms)
        if live.building:
            building = (live.match_building(value, state.events, at_ms) | included) - excluded
            self.verdicts += [(name, state.profile, name in building) for name in live.building]
        was = {name for name, number in held.items() if number % 2 == 1}
        if self._changes_alone(state, at_ms) and state.value is not None:
            types = self._types[state.profile]
            entered, left = live.moves(state.value, value, state.events, at_ms, event_types=types, was=was)
            moves = [*(name for name in entered if name not in was and name not in excluded)]
            moves += [name for name in left if name in was and name not in included]
        else:
            wanted = (set(live.match(value, state.events, at_ms)) | included) - excluded
            moves = list((wanted ^ was) & live.active.keys())
        if not moves:
            return []
        cause = self._causes.get(state.profile)
        reason: Reason = "event" if cause is not None else self._reason if state.profile in self._touched else "time"
        found = []
        at_ms = self._transition_instant(state, at_ms)
        for name in sorted(moves):
            number = held[name] = held.get(name, 0) + 1
            found.append(Transition(name, state.profile, number, at_ms, reason, live.active[name].digest, cause))
            self._tally.entered += number % 2
            self._tally.left += 1 - number % 2
        return found

    def _changes_alone(self, state: State, at_ms: int) -> bool:
        """Whether only events, and not time, can have changed verdicts since the last evaluation."""
        return (
            state.profile in self._types
            and state.profile not in self._touched
            and state.catalogue == self.live.catalogue_digest
            and (state.due_ms is None or state.due_ms > at_ms)
        )

    def _due_after(self, state: State, value: Mapping[str, Any], at_ms: int) -> int | None:
        due = self.live.due(value, state.events, at_ms)
        expiries = [
            each.expires_ms
            for each in state.overrides.values()
            if each.expires_ms is not None and each.expires_ms > at_ms
        ]
        return min([*([] if due is None else [due]), *expiries], default=None)


def _time(event: Mapping[str, Any]) -> str:
    time: str = event["time"]
    return time
