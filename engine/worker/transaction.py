"""The one transaction that changes customers: events, profile, membership, transitions and outbox, all or nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..encryption.key_file import KeysRefusedError
from ..encryption.vault import Vault
from ..profiles.event_store import Months, keep, unseen_events
from ..profiles.fingerprint_secret import fingerprint_secret
from ..profiles.refused_values import count_refused
from ..profiles.suppression import Suppressed
from ..segments.definitions import Live
from ..segments.registry import read_registry
from ..segments.staging_store import take_staged, write_verdicts
from ..segments.transitions import Reason
from ..storage.partitions import advance, partition_of, request_locks
from . import writes
from .arrivals import Arrival, Letter, fingerprint
from .changes import Change, Tally
from .load import Loader, ask_versions
from .state import Cache, State
from .step import Step, Work

if TYPE_CHECKING:
    from psycopg import Connection

STAGED_SECONDS = 1.0  # between checks for decisions of rebuilds that have yet to be applied


_VERSION = "SELECT version, NULL FROM registry"
_STAGED = "SELECT version, EXISTS (SELECT FROM staged_transition) FROM registry"


class NoCatalogueError(RuntimeError):
    """The database has no catalogue yet."""


class OtherCatalogueError(RuntimeError):
    """The arrivals were read with a catalogue that is no longer in force: read them again. Nothing has changed."""


@dataclass(slots=True)
class Outcome:
    """What was committed: the changes in partition order, and each partition's last number before and after."""

    changes: list[Change]
    tally: Tally
    before: Mapping[int, int]
    after: Mapping[int, int]
    live: Live


class Processor:
    """Runs transactions on one connection, which nobody else may use at the same time."""

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
        self._staged = True  # whether decisions of rebuilds may have yet to be applied
        self._next_staged = 0.0
        self._secret = b""

    def live(self) -> Live:
        """What runs now, read again when the registry has changed. Raises NoCatalogueError before the first worker."""
        row = self.connection.execute("SELECT version FROM registry").fetchone()
        return self._current(row[0] if row else 0)

    def last_live(self) -> Live:
        """What ran in the last transaction, without a query; events are read with its catalogue."""
        return self._live or self.live()

    def forget(self, profiles: Collection[str]) -> None:
        """Drop everything in memory about customers who no longer exist."""
        self._cache.forget(profiles)
        self.vault.forget(profiles)

    def abandon(self, partition: int) -> None:
        """Drop everything in memory about a partition's customers: their changes now reach its next owner."""
        self.forget([profile for profile in self._cache.profiles() if partition_of(profile) == partition])

    def process(self, work: Work, now_ms: int) -> Outcome:
        """Do the work in one transaction. Raises what the database raises; nothing has changed then."""
        connection = self.connection
        self._months.make(connection, (each.event["time"] for each in work.arrivals), now_ms)
        profiles = sorted({*(each.profile for each in work.arrivals), *work.due, *work.touched})
        if work.first is not None:
            self._cache.forget(profiles)  # it may change what the version does not cover
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
        """Evaluate customers again, in one transaction; `before` runs first inside it, under the locks."""
        return self.process(Work(touched=profiles, reason=reason, first=before), now_ms)

    def _transaction(self, work: Work, profiles: Sequence[str], now_ms: int) -> Outcome:
        connection = self.connection
        partitions = {partition_of(profile) for profile in profiles}
        lettered = {partition_of(each.profile) for each in work.letters if each.profile is not None}
        # All queries are sent at once: the locks come first, and each later statement sees what is committed by then.
        locks = request_locks(connection, partitions | lettered)
        look = self._staged and time.monotonic() >= self._next_staged
        registry = connection.execute(_STAGED if look else _VERSION)
        if work.first is not None:
            work.first(connection)
        names = _named_customers(work, self.last_live().key)
        erased = self._suppressed.ask(connection, names) if self._suppressed is not None else set
        versions = ask_versions(connection, profiles)

        last: dict[int, int] = dict(locks.fetchall())
        before = {number: last[number] for number in partitions}
        live = self._in_force(registry.fetchone(), work)
        tally = Tally(events=len(work.arrivals) + len(work.letters), dead=len(work.letters), ticks=len(work.due))
        arrivals, letters = self._without_erased(work, live, erased(), tally)
        kept = self._unseen_events(arrivals, live, tally)
        wanted = {*(each.profile for each, _ in kept), *work.due, *work.touched}
        states = Loader(self._cache, self.vault, live.key).answer(connection, wanted, versions)
        step = Step(live, work, now_ms, dict(before), tally)
        moved = take_staged(connection, states) if self._staged else []
        rows = step.add_events(states, kept)
        step.evaluate(states, moved)
        self._write(step, states, rows, letters)
        tally.refused = step.refused.total()
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
            # Decisions of rebuilds take effect with a new version, so none can take effect unnoticed.
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
                    "the catalogue now encrypts fields that this process treats as plain text: restart it with keys"
                )
            self._live = Live(registry, registry.catalogue)
            self._staged, self._next_staged = True, 0.0
            self._cache.forget_membership()
        return self._live

    def _without_erased(
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

    def _unseen_events(self, arrivals: Sequence[Arrival], live: Live, tally: Tally) -> list[tuple[Arrival, bool]]:
        """The events that are new, each with whether its id is already stored with other content."""
        if not arrivals:
            return []
        secret = self._fingerprint_secret()
        prints = [(each.event["id"], fingerprint(each.event, live.key, secret), each.profile) for each in arrivals]
        flags = unseen_events(self.connection, prints)
        tally.kept += len(flags)
        tally.duplicates += len(arrivals) - len(flags)
        tally.conflicts += sum(flags.values())
        return [(arrivals[place], flags[place]) for place in sorted(flags)]

    def _fingerprint_secret(self) -> bytes:
        if not self._secret:
            self._secret = fingerprint_secret(self.connection, self.vault)
        return self._secret

    def _write(
        self, step: Step, states: Mapping[str, State], rows: list[dict[str, Any]], letters: Sequence[Letter]
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
            writes.write_changed_profiles(connection, changes, positions, step.live.catalogue_digest)
        writes.write_outbox(connection, changes)
        writes.write_changed_membership(connection, changes)
        write_verdicts(connection, step.verdicts)
        writes.write_letters(connection, letters, self.vault, step.now_ms)
        count_refused(connection, step.refused, step.live.catalogue_digest)


def _named_customers(work: Work, key: str) -> set[str]:
    """Every customer named by an arrival or a dead letter."""
    names = {name for each in work.arrivals for name in (each.profile, each.event[key])}
    return names | {each.profile for each in work.letters if each.profile is not None}
