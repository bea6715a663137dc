"""A rebuild from start to finish: register, fill, compare and switch. Afterwards only `move_all` is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..encryption.vault import Vault
from ..ir.predicate import Constant
from ..ir.types import Catalogue
from ..runtime.flips import reads_clock
from ..segments.claim import SegmentBusyError
from ..segments.owners import note_running
from ..segments.registry import Definition, Registered, read_catalogue, read_segments, start_building
from ..segments.transitions import Reason
from ..storage.partitions import PARTITIONS, lock_partitions
from ..storage.redis_protocol import RedisClient
from .due import DueInstants
from .index_source import IndexSource, View, bounded_by_index
from .interrupted import Cleared, abandon, clear_up, sweep
from .lease import Note, RebuildError, hold_leases, note_of, notes, write_note
from .mover import move_all
from .population import Population
from .staging import Filling, SetLostError, Stage
from .switching import NotPublishedError, Switch

if TYPE_CHECKING:
    from psycopg import Connection

GONE = Definition("", Constant(value=False))  # the definition of a segment that is to end: nobody is a member
OTHER_CATALOGUE = (
    "the workspace's catalogue is not the one that profiles are folded with: start a worker in this workspace, which"
    " registers it, then rebuild"
)
BUFFERED = 20_000  # members from PostgreSQL held in memory, for all segments together


class NoCatalogueError(RebuildError):
    """There is no catalogue yet, and so there are no profiles."""


class OtherCatalogueError(RebuildError):
    """Profiles are folded with another catalogue than this rebuild's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be rebuilt: the definitions by name, and the segments that are to end.

    `catalogue` is the one that the definitions were compiled for; None accepts any that the vault covers.
    """

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    retired: Collection[str] = ()
    silent: bool = False
    catalogue: Catalogue | None = None

    @property
    def names(self) -> list[str]:
        """All segments that it is about."""
        return sorted({*self.definitions, *self.retired})


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The outcome for one segment: `source` is where its members were found, `seconds` the time up to the switch."""

    name: str
    members: int
    entered: int
    left: int
    source: str
    seconds: float


class Rebuild:
    """Rebuilds segments on one connection in autocommit, which nobody else may use at the same time.

    `index` answers what it can, PostgreSQL the rest. `clock` gives the time in milliseconds.
    """

    def __init__(
        self,
        connection: Connection,
        redis: RedisClient,
        vault: Vault,
        clock: Callable[[], int],
        index: IndexSource | None = None,
    ) -> None:
        self._connection = connection
        self._redis = redis
        self._vault = vault
        self._clock = clock
        self._index = index

    def run(self, wish: Wish) -> list[Rebuilt]:
        """Rebuild and switch.

        Raises RebuildError, IndexRefusedError, PartialAnswerError; then nothing has changed, unless the message names
        segments that were switched in all the same. Raises what the servers raise too; what they have switched by then
        is ended by a worker or by the next rebuild.
        """
        with hold_leases(self._connection, wish.names) as left:
            for problem in self._clear_up(self._switch({}), left).waiting.values():
                raise problem
            move_all(self._connection, self._redis, self._vault, wish.names)
            started = time.monotonic()
            for name in wish.names:
                write_note(self._connection, name, note_of(self._clock()))
            try:
                begun, stages = self._begin(wish)
                sources = self._fill(wish, stages, begun)
            except BaseException:
                if not self._connection.closed:
                    abandon(self._connection, self._redis, wish.names)
                raise
            switch = self._switch(begun.seqs)
            try:
                kept = {name: each.kept for name, each in stages.items()}
                sizes = switch.run([each.filling for each in stages.values()], kept)
            except (NotPublishedError, SetLostError, SegmentBusyError) as problem:
                cleared = self._clear_up(switch, notes(self._connection, wish.names))
                if switched := sorted([*cleared.ended, *cleared.waiting]):
                    message = f"{problem}; switched in nevertheless: {', '.join(f'`{name}`' for name in switched)}"
                    raise type(problem)(message) from problem
                raise
            seconds = time.monotonic() - started
        return [
            Rebuilt(name, sizes[name], each.entered, each.left, sources[name], seconds)
            for name, each in sorted(stages.items())
        ]

    def _switch(self, begun: Mapping[int, int]) -> Switch:
        return Switch(self._connection, self._redis, self._vault, self._clock, begun)

    def _clear_up(self, switch: Switch, left: Mapping[str, Note]) -> Cleared:
        return clear_up(self._connection, self._redis, switch, left)

    def _begin(self, wish: Wish) -> tuple[_Begun, dict[str, Stage]]:
        """Register the definitions as being filled. Every transaction after this one knows them, so it is a barrier."""
        connection = self._connection
        sweep(connection, self._redis, wish.names)
        with connection.transaction():
            seqs = lock_partitions(connection, range(PARTITIONS))
            catalogue, before = read_catalogue(connection), read_segments(connection)
            if catalogue is None:
                raise NoCatalogueError("the database has no catalogue yet: `decisor worker` registers the workspace's")
            if wish.catalogue not in (None, catalogue) or not self._vault.covers(catalogue):
                raise OtherCatalogueError(OTHER_CATALOGUE)
            for name in wish.names:
                start_building(connection, name, wish.definitions.get(name, GONE), self._vault, silent=wish.silent)
        note_running(connection, self._redis)
        begun = _Begun(seqs, before, catalogue, self._clock())
        page = max(200, BUFFERED // max(1, len(wish.names)))
        fillings = [_filling(wish, name, begun) for name in wish.names]
        return begun, {each.name: Stage(connection, self._redis, each, page=page) for each in fillings}

    def _fill(self, wish: Wish, stages: Mapping[str, Stage], begun: _Begun) -> dict[str, str]:
        """Fill every stage; returns where each segment's members were found."""
        for name in wish.retired:
            stages[name].take((), None)
        view = self._view(wish, begun)
        asked = [] if isinstance(view, str) else self._index_segments(wish, begun)
        rest = {name: each for name, each in wish.definitions.items() if name not in asked}
        unscheduled = {name: each for name, each in wish.definitions.items() if _may_flip_anew(each, begun, name)}
        self._evaluate(rest, unscheduled, stages, begun)
        if not isinstance(view, str):
            for name in asked:
                for block in view.blocks(name, wish.definitions[name], self._population(wish, [name], begun)):
                    stages[name].take(block.members[name], block.upto)
        for stage in stages.values():
            stage.close(begun.seqs)
        said = f"postgres, as {view}" if view and isinstance(view, str) else "postgres"
        found = {name: "elasticsearch" if name in asked else said for name in wish.definitions}
        return found | dict.fromkeys(wish.retired, "nobody")

    def _view(self, wish: Wish, begun: _Begun) -> View | str:
        if self._index is None or not wish.definitions:
            return ""
        return self._index.view(self._connection, begun.catalogue, begun.seqs, begun.now_ms)

    def _index_segments(self, wish: Wish, begun: _Begun) -> list[str]:
        """Whom the index is asked for: everybody's profiles must be looked at anyway for one, or it is for all."""
        if self._index is not None and self._index.demanded:
            return sorted(wish.definitions)
        if any(
            _may_flip_anew(each, begun, name) or not bounded_by_index(each, begun.catalogue)
            for name, each in wish.definitions.items()
        ):
            return []
        return sorted(wish.definitions)

    def _evaluate(
        self,
        rest: Mapping[str, Definition],
        unscheduled: Mapping[str, Definition],
        stages: Mapping[str, Stage],
        begun: _Begun,
    ) -> None:
        """Read all profiles once: for members, and for the instants at which time alone may change a verdict."""
        if not rest and not unscheduled:
            return
        due = DueInstants(self._connection, self._redis) if unscheduled else None
        population = Population(
            self._connection, self._vault, begun.catalogue, {**rest, **unscheduled}, begun.now_ms, due
        )
        for block in population.everybody():
            for name in rest:
                stages[name].take(block.members[name], block.upto)
        if due is not None:
            due.flush()

    def _population(self, wish: Wish, names: Collection[str], begun: _Begun) -> Population:
        wanted = {name: wish.definitions[name] for name in names}
        return Population(self._connection, self._vault, begun.catalogue, wanted, begun.now_ms)


@dataclass(frozen=True, slots=True)
class _Begun:
    """The barrier: each partition's number, the segments before it, and the instant of the rebuild."""

    seqs: Mapping[int, int]
    segments: Mapping[str, Registered]
    catalogue: Catalogue
    now_ms: int


def _filling(wish: Wish, name: str, begun: _Begun) -> Filling:
    kept = begun.segments.get(name)
    generation = 1 if kept is None else kept.generation + 1
    definition = wish.definitions.get(name)
    if definition is None:
        digest = "" if kept is None else kept.active or ""
        return Filling(name, generation, digest, "definition", wish.silent, begun.now_ms, retiring=True)
    return Filling(name, generation, definition.digest, _reason(definition, kept), wish.silent, begun.now_ms)


def _reason(definition: Definition, kept: Registered | None) -> Reason:
    """The transitions' reason: `backfill` for a first fill or a repair, `definition` for a changed definition."""
    if kept is None or kept.active in {None, definition.digest}:
        return "backfill"
    return "definition"


def _may_flip_anew(definition: Definition, begun: _Begun, name: str) -> bool:
    """Whether time alone may change a verdict at instants for which no profile has been scheduled."""
    kept = begun.segments.get(name)
    runs = kept is not None and kept.active == definition.digest
    return not runs and reads_clock(definition.predicate)
