"""The one transaction that changes customers: events, profile, membership, transitions and outbox, all or nothing."""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...ir.instant import format_instant
from ...profiles.encryption.key_file import KeysRefusedError
from ...profiles.erase.suppression import Suppressed
from ...profiles.events import Months, keep, unseen
from ...profiles.vault import Vault
from ...storage.partitions import advance, lock, partition_of
from ..registry import read_registry
from . import writes
from .arrivals import Arrival, Letter, fingerprint
from .changes import Change, Reason, Tally, Transition
from .definitions import Live
from .load import Loader, ask_versions
from .secret import fingerprint_secret
from .state import Cache, State, overridden

if TYPE_CHECKING:
    from psycopg import Connection

CATCH_UP_MS = 600_000  # how far behind the clock a due instant is still evaluated at the instant itself

STAGED_SECONDS = 1.0  # between two looks whether anything is left of what rebuilds have decided


_VERSION = "SELECT version, NULL FROM registry"
_STAGED = "SELECT version, EXISTS (SELECT FROM staged_transition) FROM registry"


class NoCatalogueError(RuntimeError):
    """The database has no catalogue yet."""


class OtherCatalogueError(RuntimeError):
    """What arrived was read by another catalogue than the one in force: read it anew. Nothing has changed."""


@dataclass(slots=True)
class Work:
    """What one transaction is to do.

    `due` are customers by the instant at which time alone may have changed something; `touched` are evaluated anew for
    the reason given. `first` runs inside the transaction, after the locks were taken. `catalogue` is the digest of the
    one by which the arrivals were read.
    """

    arrivals: Sequence[Arrival] = ()
    letters: Sequence[Letter] = ()
    due: Mapping[str, int] = field(default_factory=dict)
    touched: Sequence[str] = ()
    reason: Reason = "manual"
    first: Callable[[Connection], None] | None = None
    catalogue: str | None = None


@dataclass(slots=True)
class Outcome:
    """What was committed: the changes in the order of their partitions' numbers, and those numbers before and after."""

    changes: list[Change]
    tally: Tally
    before: Mapping[int, int]
    after: Mapping[int, int]
    live: Live


class Processor:
    """Runs transactions on one connection, which nobody else uses meanwhile."""

    def __init__(
        self,
        connection: Connection,
        vault: Vault,
        *,
        cache: Cache | None = None,
        suppressed: Suppressed | None = None,
    ) -> None:
        self.connection = connection
        self.vault = vault
        self._cache = cache if cache is not None else Cache()
        self._suppressed = suppressed
        self._months = Months()
        self._live: Live | None = None
        self._staged = True  # whether anything may be left of what rebuilds have decided
        self._next_staged = 0.0
        self._secret = b""

    def live(self) -> Live:
        """What runs now, read anew when the registry has changed. Raises NoCatalogueError before the first worker."""
        row = self.connection.execute("SELECT version FROM registry").fetchone()
        return self._current(row[0] if row else 0)

    def last_live(self) -> Live:
        """What ran in the last transaction, without a question; with its catalogue events are read."""
        return self._live or self.live()

    def process(self, work: Work, now_ms: int) -> Outcome:
        """Do the work in one transaction. Raises what the database raises; then nothing has changed."""
        connection = self.connection
        self._months.make(connection, (each.event["time"] for each in work.arrivals), now_ms)
        profiles = sorted({*(each.profile for each in work.arrivals), *work.due, *work.touched})
        try:
            with connection.pipeline(), connection.transaction():
                return self._transaction(work, profiles, now_ms)
        except BaseException:
            self._cache.forget(profiles)
            self._secret = b""  # it may have been this transaction's
            raise

    def touch(
        self, profiles: Sequence[str], reason: Reason, now_ms: int, before: Callable[[Connection], None] | None = None
    ) -> Outcome:
        """Evaluate customers anew, in one transaction; `before` runs first inside it, under the locks."""
        return self.process(Work(touched=profiles, reason=reason, first=before), now_ms)

    def _transaction(self, work: Work, profiles: Sequence[str], now_ms: int) -> Outcome:
        connection = self.connection
        partitions = {partition_of(profile) for profile in profiles}
        lettered = {partition_of(each.profile) for each in work.letters if each.profile is not None}
        # Everything is asked at once: the locks come first, and each later statement sees what is committed then.
        locks = lock(connection, partitions | lettered)
        look = self._staged and time.monotonic() >= self._next_staged
        registry = connection.execute(_STAGED if look else _VERSION)
        if work.first is not None:
            work.first(connection)
        names = _named(work, self.last_live().key)
        erased = self._suppressed.ask(connection, names) if self._suppressed is not None else set
        versions = ask_versions(connection, profiles)

        last: dict[int, int] = dict(locks.fetchall())
        before = {number: last[number] for number in partitions}
        live = self._in_force(registry.fetchone(), work)
        tally = Tally(events=len(work.arrivals) + len(work.letters), dead=len(work.letters), ticks=len(work.due))
        arrivals, letters = self._admitted(work, live, erased(), tally)
        kept = self._kept(arrivals, live, tally)
        wanted = {*(each.profile for each, _ in kept), *work.due, *work.touched}
        states = Loader(self._cache, self.vault, live.key).answer(connection, wanted, versions)
        step = _Step(live, work, now_ms, dict(before), tally)
        moved = writes.take_staged(connection, states) if self._staged else []
        rows = step.add_events(states, kept)
        step.evaluate(states, moved)
        self._write(step, states, rows, letters)
        if step.last != before:
            advance(connection, {number: seq for number, seq in step.last.items() if seq != before[number]})
        for state in states.values():
            self._cache.put(state)
        return Outcome(step.changes, tally, before, step.last, live)

    def _in_force(self, row: tuple[int, bool | None] | None, work: Work) -> Live:
        """What runs now, in this transaction. Raises OtherCatalogueError."""
        version, staged = row or (0, None)
        live = self._current(version)
        if staged is not None:
            # What rebuilds decide comes into force with a new version, so nothing does unseen.
            self._staged, self._next_staged = staged, time.monotonic() + STAGED_SECONDS
        if work.catalogue is not None and work.catalogue != live.catalogue_digest:
            raise OtherCatalogueError
        return live

    def _current(self, version: int) -> Live:
        if self._live is None or self._live.version != version:
            registry = read_registry(self.connection, self.vault)
            if registry.catalogue is None:
                raise NoCatalogueError("the database has no catalogue yet; `decisor worker` registers the workspace's")
            if not self.vault.covers(registry.catalogue):
                raise KeysRefusedError(
                    "the catalogue now encrypts fields that this process knows in plain: start it anew, with keys"
                )
            self._live = Live(registry, registry.catalogue)
            self._staged, self._next_staged = True, 0.0
            self._cache.forget_membership()
        return self._live

    def _admitted(
        self, work: Work, live: Live, erased: Collection[str], tally: Tally
    ) -> tuple[Sequence[Arrival], Sequence[Letter]]:
        """The events and dead letters of customers who were not erased."""
        if not erased:
            return work.arrivals, work.letters
        arrivals = [each for each in work.arrivals if each.profile not in erased and each.event[live.key] not in erased]
        letters = [each for each in work.letters if each.profile not in erased]
        tally.suppressed += len(work.arrivals) - len(arrivals) + len(work.letters) - len(letters)
        tally.dead -= len(work.letters) - len(letters)
        return arrivals, letters

    def _kept(self, arrivals: Sequence[Arrival], live: Live, tally: Tally) -> list[tuple[Arrival, bool]]:
        """The events that were not there before, each with whether its id was there with other content."""
        if not arrivals:
            return []
        secret = self._fingerprint_secret()
        prints = [(each.event["id"], fingerprint(each.event, live.key, secret), each.profile) for each in arrivals]
        flags = unseen(self.connection, prints)
        tally.kept += len(flags)
        tally.duplicates += len(arrivals) - len(flags)
        tally.conflicts += sum(flags.values())
        return [(arrivals[place], flags[place]) for place in sorted(flags)]

    def _fingerprint_secret(self) -> bytes:
        if not self._secret:
            self._secret = fingerprint_secret(self.connection, self.vault)
        return self._secret

    def _write(
        self, step: _Step, states: Mapping[str, State], rows: list[dict[str, Any]], letters: Sequence[Letter]
    ) -> None:
        connection, changes = self.connection, step.changes
        sealed = self.vault.seal_values(connection, {each.profile: dict(each.value) for each in changes})
        keys = self.vault.serving_keys(connection, [each.profile for each in changes if each.seq is not None])
        for change in changes:
            change.sealed, change.key = sealed[change.profile], keys.get(change.profile)
        if rows:
            data = self.vault.seal_events(connection, [(row["profile"], row) for row in rows])
            for row, each in zip(rows, data, strict=True):
                row["data"] = json.dumps(each, ensure_ascii=False, separators=(",", ":"))
            keep(connection, rows)
        if changes:
            positions = {profile: state.position for profile, state in states.items()}
            writes.write_profiles(connection, changes, positions, step.live.catalogue_digest)
        writes.write_outbox(connection, changes)
        writes.write_transitions(connection, changes)
        writes.write_verdicts(connection, step.verdicts)
        writes.write_letters(connection, letters, self.vault, step.now_ms)


class _Step:
    """The thinking of one transaction, without the database."""

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

    def add_events(self, states: Mapping[str, State], kept: Iterable[tuple[Arrival, bool]]) -> list[dict[str, Any]]:
        """Put the events into the histories; the rows to keep of them, their data still in plain."""
        rows = []
        received = format_instant(self.now_ms)
        for arrival, conflict in kept:
            event = dict(arrival.event)
            state = states[arrival.profile]
            state.position += 1
            state.events.insert(bisect_right(state.events, event["time"], key=_time), event)
            self._causes[arrival.profile] = event["id"]
            self._types.setdefault(arrival.profile, set()).add(event["type"])
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
        """Evaluate every customer once and note what changes."""
        staged: dict[str, list[tuple[Transition, bool]]] = {}
        for transition, enter in moved:
            staged.setdefault(transition.profile, []).append((transition, enter))
        for profile, state in states.items():
            self._evaluate(state, staged.get(profile, ()))

    def _evaluate(self, state: State, staged: Iterable[tuple[Transition, bool]]) -> None:
        profile, live = state.profile, self.live
        happened = profile in self._causes
        if not (happened or state.exists):
            return  # due or touched, and erased meanwhile
        transitions = self._appended(state, staged)
        at_ms = self.now_ms if happened else self._instant(state)
        value = live.fold(profile, state.events, at_ms)
        transitions += self._transitions(state, value, at_ms)
        changed = value != state.value or bool(transitions)
        due_ms = self._due_after(state, value, at_ms)
        rewritten = changed or happened or profile in self._touched or state.catalogue != live.catalogue_digest
        if not rewritten and due_ms == state.due_ms and profile not in self._due:
            return
        partition = partition_of(profile)
        state.version += rewritten
        state.value, state.computed_ms, state.due_ms, state.catalogue = value, at_ms, due_ms, live.catalogue_digest
        change = Change(profile, partition, state.version, value, at_ms, due_ms, None, transitions)
        if changed or profile in self._touched:
            change.slides_ms, change.then = live.slide(value, state.events, at_ms)
            self.last[partition] += 1
            change.seq = self.last[partition]
        self._tally.profiles += 1
        self.changes.append(change)

    def _instant(self, state: State) -> int:
        """When to evaluate: a due customer at the due instant itself, so that transitions happen when they happened.

        A rebuild may have decided as of a later instant already; then it is that one.
        """
        due = self._due.get(state.profile, self.now_ms)
        if max(state.computed_ms, self.now_ms - CATCH_UP_MS) <= due <= self.now_ms:
            return min(max(due, state.moved_ms), self.now_ms)
        return self.now_ms

    def _moved(self, state: State, at_ms: int) -> int:
        """The instant of a transition: never before the last one, whoever made that, and by whichever clock."""
        state.moved_ms = max(state.moved_ms, at_ms)
        return state.moved_ms

    def _appended(self, state: State, staged: Iterable[tuple[Transition, bool]]) -> list[Transition]:
        """What rebuilds have decided, appended to what was held."""
        found = []
        held = state.held = {} if state.held is None else state.held
        for each, enter in staged:
            number = held.get(each.segment, 0)
            if enter != (number % 2 == 1):
                held[each.segment] = number + 1
                at_ms = self._moved(state, each.at_ms)
                found.append(
                    Transition(
                        each.segment, each.profile, number + 1, at_ms, each.reason, each.digest, None, each.silent
                    )
                )
        return found

    def _transitions(self, state: State, value: Mapping[str, Any], at_ms: int) -> list[Transition]:
        live = self.live
        held = state.held = {} if state.held is None else state.held
        included, excluded = overridden(state, at_ms)
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
        at_ms = self._moved(state, at_ms)
        for name in sorted(moves):
            number = held[name] = held.get(name, 0) + 1
            found.append(Transition(name, state.profile, number, at_ms, reason, live.active[name].digest, cause))
            self._tally.entered += number % 2
            self._tally.left += 1 - number % 2
        return found

    def _changes_alone(self, state: State, at_ms: int) -> bool:
        """Whether events alone may have changed verdicts since the last evaluation, and time has not."""
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


def _named(work: Work, key: str) -> set[str]:
    """Everybody of whom something arrived."""
    names = {name for each in work.arrivals for name in (each.profile, each.event[key])}
    return names | {each.profile for each in work.letters if each.profile is not None}


def _time(event: Mapping[str, Any]) -> str:
    time: str = event["time"]
    return time
