"""Updates membership after a change by evaluating only the segments that mention what changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...ir.instant import FIRST_MS, LAST_MS
from ...ir.predicate import Predicate
from ...ir.walk import event_types as event_types_of
from ...ir.walk import fields as fields_of
from ..flips.watch import reads_clock
from .bits import MEMORY
from .checks import Checks
from .delta_index import FieldIndex, asks, field_index
from .matcher import Matcher
from .moment import Clock, Event, Moment
from .plain import Match
from .rows import rows_of

SEVERAL_FIELDS = 4  # changed at once, beyond which matching everything costs no more

Moves: TypeAlias = tuple[list[str], list[str]]
Asked: TypeAlias = tuple[Mapping[str, Any], int, Sequence[Event]]


class Delta:
    """Follows changes of profiles and events, with the same result as matching everything again with `Matcher`.

    `lists` are the MemberLists by name, `key` is the profile's key field. An index of a field is made when the field
    first changes, or by `prepare`; `memory` bounds the bytes of all their masks. `clocked` are the names of the
    segments whose verdict time alone can change though the profile stays as it is.
    """

    __slots__ = (
        "_by_event",
        "_by_field",
        "_checks",
        "_event_parts",
        "_everything",
        "_field_parts",
        "_memory",
        "_predicates",
        "clocked",
    )

    def __init__(
        self,
        segments: Iterable[tuple[str, Predicate]],
        lists: Mapping[str, Container[str]],
        key: str,
        *,
        memory: int = MEMORY,
    ) -> None:
        ordered = sorted(segments, key=lambda segment: segment[0])
        self._predicates = dict(ordered)
        if len(self._predicates) < len(ordered):
            raise ValueError("two segments have the same name")
        self._checks = Checks(lists, key)
        self.clocked = frozenset(name for name, predicate in ordered if reads_clock(predicate))
        self._by_field = _names_by(fields_of, ordered)
        self._by_event = _names_by(event_types_of, ordered)
        self._memory = memory // max(1, len(self._by_field))
        self._field_parts: dict[str, _FieldPart] = {}
        self._event_parts: dict[str, _Rematch] = {}
        self._everything: _Rematch | None = None

    def mentions(self, fields: Collection[str], event_types: Collection[str] = ()) -> frozenset[str]:
        """The names of the segments that ask about one of the top-level fields or event types, absence included."""
        found = [self._by_field[field] for field in fields if field in self._by_field]
        found += [self._by_event[kind] for kind in event_types if kind in self._by_event]
        return found[0] if len(found) == 1 else frozenset[str]().union(*found)

    def prepare(self, fields: Collection[str] | None = None) -> None:
        """Build the indexes of these fields, or of all that segments read, so that the first change is fast too."""
        for field in sorted(self._by_field if fields is None else self._by_field.keys() & fields):
            self._field_part(field)

    def moves(  # noqa: PLR0913 - one call a change, of which a record would cost as much as the answer
        self,
        old: Mapping[str, Any] | None,
        new: Mapping[str, Any],
        now_ms: int,
        events: Sequence[Event] = (),
        *,
        fields: Collection[str],
        event_types: Collection[str] = (),
        was: AbstractSet[str],
        as_of_now: bool = False,
    ) -> Moves:
        """The segments that the customer has entered, and those that they have left, in order of their names.

        `old` and `new` are canonical profiles, `old` is None if there was none: all are matched. `fields` are
        the top-level ones that differ, `event_types` those of events that came or went; `events` are all that there
        are now, in event order. `was` are the segments that the customer is in, as `old` has it; for those that are
        `clocked` at some instant up to now, or `as_of_now`, which is answered sooner: nothing was due in between.
        """
        asked = (new, now_ms, events)
        if old is None:
            return self._all().moves(asked, was)
        if len(fields) == 1 and not event_types:
            (field,) = fields
            part = self._field_parts.get(field) or self._field_part(field)
            if part.plain:
                return part.index.single(old, new, now_ms, events, part.index.every)
        parts = [self._field_parts.get(field) or self._field_part(field) for field in fields]
        if len(parts) > SEVERAL_FIELDS or any(part.is_near_an_end(now_ms) for part in parts):
            return self._all().moves(asked, was, self.mentions(fields, event_types))
        again = [rematch for part in parts if (rematch := part.left_out if as_of_now else part.stale) is not None]
        if len(parts) == 1 and not event_types:
            (part,) = parts
            index = part.index
            moves = index.single(old, new, now_ms, events, index.every if as_of_now else index.steady)
            if not (part.in_rows or again):
                return moves
            return self._combine_moves([moves], [part.in_rows], again, asked, was)
        found = [
            part.index.several(old, new, now_ms, events, part.index.every if as_of_now else part.index.steady, fields)
            for part in parts
        ]
        again += [self._event_part(kind) for kind in event_types]
        return self._combine_moves(found, [part.in_rows for part in parts], again, asked, was)

    def _combine_moves(
        self,
        moves: Sequence[Moves],
        in_rows: Sequence[frozenset[str]],
        again: Sequence[_Rematch],
        asked: Asked,
        was: AbstractSet[str],
    ) -> Moves:
        """The moves of the indexes, combined with those of the segments that are matched again."""
        verdicts: dict[str, bool] = {}
        for entered, left in moves:
            verdicts |= dict.fromkeys(left, False)
            verdicts |= dict.fromkeys(entered, True)
        for names in in_rows:
            self._ask_again(names & verdicts.keys(), verdicts, asked)
        unclear = frozenset[str]().union(*in_rows)
        for part in again:
            for name in verdicts.keys() & part.names:
                del verdicts[name]
        for part in again:
            entered, left = part.moves(asked, was)
            verdicts |= dict.fromkeys(left, False)
            verdicts |= dict.fromkeys(entered, True)
        found = [name for name in sorted(verdicts) if name not in unclear or verdicts[name] is not (name in was)]
        return [name for name in found if verdicts[name]], [name for name in found if not verdicts[name]]

    def _ask_again(self, names: Collection[str], verdicts: dict[str, bool], asked: Asked) -> None:
        """Evaluate segments of which a row no longer holds, since another row may hold."""
        profile, now_ms, events = asked
        moment = Moment(Clock(now_ms), events) if names else None
        for name in names:
            if moment is not None and not verdicts[name]:
                verdicts[name] = self._checks.of(self._predicates[name])(profile, moment)

    def _all(self) -> _Rematch:
        if self._everything is None:
            self._everything = self._rematch(self._predicates.keys())
        return self._everything

    def _rematch(self, names: Collection[str]) -> _Rematch:
        segments = [(name, self._predicates[name]) for name in sorted(names)]
        matcher = Matcher(segments, self._checks.lists, self._checks.key, memory=self._memory)
        return _Rematch(frozenset(names), matcher.match)

    def _event_part(self, kind: str) -> _Rematch:
        part = self._event_parts.get(kind)
        if part is None:
            part = self._event_parts[kind] = self._rematch(self._by_event.get(kind, ()))
        return part

    def _field_part(self, field: str) -> _FieldPart:
        names = self._by_field.get(field, frozenset())
        rows = {name: rows_of(self._predicates[name]) for name in sorted(names)}
        asking = [(name, row) for name, own in rows.items() for row in own if asks(row, field)]
        index = field_index(field, asking, self._checks, clocked=self.clocked, memory=self._memory)
        in_rows = frozenset(name for name, own in rows.items() if len(own) > 1) - index.left_out
        stale = (names & self.clocked) | index.left_out
        part = self._field_parts[field] = _FieldPart(
            index,
            in_rows,
            self._rematch(index.left_out) if index.left_out else None,
            self._rematch(stale) if stale else None,
            plain=not (in_rows or stale),
        )
        return part


def _names_by(
    of: Callable[[Predicate], Iterable[str]], segments: Iterable[tuple[str, Predicate]]
) -> dict[str, frozenset[str]]:
    found = defaultdict(list)
    for name, predicate in segments:
        for each in of(predicate):
            found[each].append(name)
    return {each: frozenset(names) for each, names in found.items()}


@dataclass(frozen=True, slots=True)
class _Rematch:
    """Segments that are matched again."""

    names: frozenset[str]
    match: Match

    def moves(self, asked: Asked, was: AbstractSet[str], of: frozenset[str] | None = None) -> Moves:
        """The moves of these segments, or of those among them that are named by `of`."""
        names = self.names if of is None else of
        matched = self.match(*asked)
        entered = [name for name in matched if name not in was and name in names]
        return entered, sorted((names & was).difference(matched))


@dataclass(frozen=True, slots=True)
class _FieldPart:
    """The segments that ask about one field.

    The `index` decides about most of them; of those, `in_rows` may hold by other rows too. `left_out` are those that it
    does not hold; `stale` are these and all that time alone may have changed since. `plain` says that the index alone
    decides, at whatever instant.
    """

    index: FieldIndex
    in_rows: frozenset[str]
    left_out: _Rematch | None
    stale: _Rematch | None
    plain: bool

    def is_near_an_end(self, now_ms: int) -> bool:
        """Whether limits relative to now may leave the calendar."""
        reach = self.index.reach
        return reach > 0 and not FIRST_MS + reach <= now_ms <= LAST_MS - reach
