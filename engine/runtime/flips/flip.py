"""Finds the instant at which time alone next flips a verdict, to the millisecond."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...ir.predicate import AllOf, AnyOf, Constant, Events, EventSequence, InList, Not, Predicate
from ...ir.types import Catalogue
from ...ir.walk import fields
from ...operators.evaluate import Subject
from ..matcher.checks import Check, Checks
from ..matcher.moment import Clock, Moment
from .edges import NEVER
from .watch import EventWatch, Gathered, Watch

ATTEMPTS = 400  # instants at which one question is evaluated again

ProfileAt = Callable[[int], Mapping[str, Any]]


class Flip(NamedTuple):
    """When the verdict flips, None for never; if not `exact`, it is only known not to flip earlier."""

    at_ms: int | None
    exact: bool = True


def next_flip(
    predicate: Predicate,
    subject: Subject,
    now_ms: int,
    *,
    catalogue: Catalogue | None = None,
    profile_at: ProfileAt | None = None,
) -> Flip:
    """The first instant after now at which the verdict on the subject changes, provided that no new event arrives.

    `profile_at` gives the profile as of later instants, where aggregates in windows (which the catalogue declares) and
    events in the future of now change it; without it the profile stays as it is.
    """
    return Flips(subject, catalogue=catalogue, profile_at=profile_at).of(predicate, now_ms)


class Flips:
    """Verdicts on one subject and their flips, each computed once."""

    def __init__(
        self, subject: Subject, *, catalogue: Catalogue | None = None, profile_at: ProfileAt | None = None
    ) -> None:
        self._subject = subject
        self._catalogue = catalogue if profile_at is not None else None
        self._profile_at = profile_at
        self._checks = Checks(subject.lists, subject.key_field)
        # by identity, which stays unique while the predicate is held
        self._asked: dict[int, tuple[Predicate, Check]] = {}
        self._candidates: dict[int, Callable[[int], int]] = {}
        self._moments: dict[int, tuple[Mapping[str, Any], Moment]] = {}
        self._known: dict[tuple[int, int], Flip] = {}
        self._attempts = ATTEMPTS

    def of(self, predicate: Predicate, now_ms: int) -> Flip:
        """The next flip after now, within a bounded number of attempts."""
        self._attempts = ATTEMPTS
        return self._flip(predicate, now_ms)

    def holds(self, predicate: Predicate, at_ms: int) -> bool:
        """The verdict at an instant."""
        profile, moment = self._moment(at_ms)
        return self._check(predicate)(profile, moment)

    def _check(self, predicate: Predicate) -> Check:
        found = self._asked.get(id(predicate))
        if found is None:
            found = self._asked[id(predicate)] = (predicate, self._checks.of(predicate))
        return found[1]

    def _moment(self, at_ms: int) -> tuple[Mapping[str, Any], Moment]:
        found = self._moments.get(at_ms)
        if found is None:
            subject = self._subject
            profile = subject.profile if self._profile_at is None else self._profile_at(at_ms)
            found = self._moments[at_ms] = (profile, Moment(Clock(at_ms), subject.events))
        return found

    def _flip(self, predicate: Predicate, now_ms: int) -> Flip:
        if isinstance(predicate, Not):
            return self._flip(predicate.item, now_ms)
        key = (id(predicate), now_ms)
        known = self._known.get(key)
        if known is not None and known.exact:
            return known
        self._check(predicate)
        found = (
            self._group(predicate, now_ms) if isinstance(predicate, AllOf | AnyOf) else self._single(predicate, now_ms)
        )
        self._known[key] = found
        return found

    def _group(self, group: AllOf | AnyOf, now_ms: int) -> Flip:
        """A group that every item agrees to flips with its first item; otherwise not before all that object have."""
        agreed = isinstance(group, AllOf)
        at_ms = now_ms
        while True:
            objecting = [item for item in group.items if self.holds(item, at_ms) is not agreed]
            if not objecting:
                return self._first(group.items, at_ms) if at_ms == now_ms else Flip(at_ms)
            last = self._last(objecting, at_ms)
            if last is None:
                return Flip(None)
            at_ms = last
            if self.holds(group, at_ms) is agreed:
                return Flip(at_ms)
            if self._attempts <= 0:
                return Flip(at_ms, exact=False)

    def _first(self, items: Sequence[Predicate], now_ms: int) -> Flip:
        flips = [self._flip(item, now_ms) for item in items]
        coming = [flip for flip in flips if flip.at_ms is not None]
        return min(coming, key=lambda flip: (flip.at_ms, not flip.exact), default=Flip(None))

    def _last(self, items: Sequence[Predicate], now_ms: int) -> int | None:
        last = now_ms
        for item in items:
            at_ms = self._flip(item, now_ms).at_ms
            if at_ms is None:
                return None
            last = max(last, at_ms)
        return last

    def _single(self, predicate: Predicate, now_ms: int) -> Flip:
        """The first candidate at which the verdict is another."""
        if isinstance(predicate, Constant | InList):
            return Flip(None)
        candidate = self._candidate(predicate)
        held = self.holds(predicate, now_ms)
        at_ms = candidate(now_ms)
        while at_ms < NEVER:
            if self._attempts <= 0:
                return Flip(at_ms, exact=False)
            self._attempts -= 1
            if self.holds(predicate, at_ms) is not held:
                return Flip(at_ms)
            at_ms = candidate(at_ms)
        return Flip(None)

    def _candidate(self, predicate: Predicate) -> Callable[[int], int]:
        """From an instant to the next one at which the verdict may be another."""
        found = self._candidates.get(id(predicate))
        if found is None:
            found = self._candidates[id(predicate)] = self._candidates_of(predicate)
        return found

    def _candidates_of(self, predicate: Predicate) -> Callable[[int], int]:
        gathered = Gathered()
        gathered.add(predicate)
        behaves = self._add_windows(gathered, predicate) or isinstance(predicate, Events | EventSequence)
        watch, event_watch = Watch(gathered), EventWatch(gathered)

        def candidate(at_ms: int) -> int:
            found = watch.next(self._moment(at_ms)[0], at_ms) if watch else NEVER
            return min(found, event_watch.next(self._subject.events, at_ms)) if behaves else found

        return candidate

    def _add_windows(self, gathered: Gathered, predicate: Predicate) -> bool:
        """Gather the windows of the profile's fields that the predicate reads; whether events change the profile."""
        if self._catalogue is None:
            return self._profile_at is not None
        read = fields(predicate)
        for field in self._catalogue.fields:
            if field.source is not None and field.name in read:
                gathered.add_window(field.source)
        return True
