"""Erasing a customer: begun in one transaction, carried to every store, proven by counts, ended in another.

The first transaction forbids that the customer comes back, writes the exits that consumers are told, deletes, and
leaves one row in the outbox of kind `erase`. While that row is there the erasure is not done: whoever did it was
killed, a store was down, or something was found again. Workers go on with it (see stage.py), and so does erasing
once more. The row also tells a rebuild of a segment that is under way to leave the customer out, so it stays until the
rebuild has ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..ir.instant import format_instant
from ..profiles.outbox import open_erasure, open_erasures, write_changes
from ..profiles.suppression import suppress
from ..segments.transition_store import write_exits
from ..storage.partitions import PARTITIONS, advance, lock_partitions, partition_of
from .letters import UnreadableLetters
from .old_bytes import let_go, merge_segments
from .place import PartlyClosed, Place, Stage, Stores, describe_problem
from .places import places_of
from .postgres_places import Begun
from .remains import Remainder, remains

if TYPE_CHECKING:
    from psycopg import Connection

# Waits until what was committed up to these numbers has reached Redis; gives the partitions where it has not.
Settle = Callable[[Mapping[int, int]], Sequence[int]]

ATTEMPTS = 5
ERASE_LOCK = 0x0DEC_0007  # the class of the advisory locks of those who are being erased


@dataclass(slots=True)
class Row:
    """A place with its counts before and after, None where it could not be looked at; `problem` says why.

    `closed` are the numbers of what does not open, so that nobody knows whose it is.
    """

    store: str
    place: str
    before: int | None = None
    after: int | None = None
    problem: str | None = None
    closed: tuple[int, ...] = ()


@dataclass(slots=True)
class Report:
    """What an erasure found and left; `problems` belong to no single place."""

    rows: list[Row]
    problems: list[str] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether nothing is left of all that opens, and it is known; then the erasure has ended."""
        return not self.problems and all(row.after == 0 and row.problem is None for row in self.rows)

    @property
    def closed(self) -> list[int]:
        """The numbers of the dead letters that do not open, so that something of the customer may be in them."""
        return [number for row in self.rows for number in row.closed]

    @property
    def found(self) -> bool:
        """Whether there was anything of the customer, or it is not known."""
        return any(row.before != 0 for row in self.rows)


Rows = Sequence[tuple[Place, Row]]


class Erasure:
    """Erases customers from the places of some stores; `settle` publishes what was committed."""

    def __init__(self, stores: Stores, settle: Settle, places: Sequence[Place] | None = None) -> None:
        self._stores = stores
        self._settle = settle
        self._places = places_of(stores) if places is None else list(places)

    def erase(self, customer: str, now_ms: int) -> Report:
        """Erase a customer everywhere. What goes wrong with a store is in the report; PostgreSQL's errors are raised.

        Done again, it goes on where it could not before. Several may erase the same customer at once.
        """
        with alone(self._stores.connection, customer):
            rows = self._rows(customer)
            return self._carry_out(customer, rows, self._begin(customer, now_ms, rows))

    def go_on(self, customer: str) -> Report | None:
        """Go on with an erasure that was begun; None where there is none, or somebody else is just at it."""
        with alone(self._stores.connection, customer) as is_alone:
            if not is_alone:
                return None
            rows = self._rows(customer, "record")
            begun = self._resume(customer, rows)
            return None if begun is None else self._carry_out(customer, rows, begun)

    def look_again(self, customer: str) -> Row:
        """Delete what has come of broken late events of somebody who was erased; `before` is how many dead letters."""
        place = UnreadableLetters(self._stores)
        row = Row(place.store, place.name)
        row.before = _count(place, customer, row)
        if row.before:
            place.erase(customer)
        return row

    def _carry_out(self, customer: str, rows: Rows, begun: Begun) -> Report:
        report = Report([row for _, row in rows])
        self._publish(begun, report)
        for place, row in rows:
            if place.stage == "outside":
                _erase_until_gone(place, customer, row)
        for place, row in rows:
            if place.stage != "last" and row.problem is None:
                row.after = _count(place, customer, row)
        self._end(customer, begun, report, rows)
        for place, row in rows:
            if place.stage == "last":
                row.after = place.count(customer)
        return report

    def pending(self) -> list[str]:
        """The customers whose erasure was begun and is not done."""
        return pending(self._stores.connection)

    def let_go(self, partitions: Collection[int]) -> list[str]:
        """Have the servers drop the old bytes of what was erased in partitions; what they refused, in words."""
        return let_go(self._stores, partitions)

    def merge_segments(self, now_ms: int) -> bool:
        """Have the index drop its old bytes, once a day where somebody was erased; whether it was asked for."""
        return merge_segments(self._stores, now_ms)

    def remains(self, customers: Collection[str]) -> list[Remainder]:
        """What stays of customers who were erased outside of the places, and until when."""
        return remains(self._stores, customers)

    def counts(self, customer: str) -> list[Row]:
        """What there is of a customer, place by place."""
        return [row for _, row in self._rows(customer)]

    def _rows(self, customer: str, stage: Stage | None = None) -> Rows:
        """Every place with its row; what there is now is counted in all of them, or in those of a stage."""
        rows = [(place, Row(place.store, place.name)) for place in self._places]
        for place, row in rows:
            if stage in {None, place.stage}:
                row.before = _count(place, customer, row)
        return rows

    def _begin(self, customer: str, now_ms: int, rows: Rows) -> Begun:
        connection, partition = self._stores.connection, partition_of(customer)
        with connection.transaction():
            last = lock_partitions(connection, [partition])[partition]
            begun = self._resume(customer, rows)
            if begun is None:
                begun = Begun(partition, last + 1)
                at = format_instant(now_ms)
                suppress(connection, customer, at)
                write_exits(connection, customer, (partition, begun.seq), at)
                write_changes(connection, [partition], [begun.seq], [customer], begun.kind)
                advance(connection, {partition: begun.seq})
                for place, _ in rows:
                    if place.stage == "record":
                        place.erase(customer)
        return begun

    def _resume(self, customer: str, rows: Rows) -> Begun | None:
        connection = self._stores.connection
        with connection.transaction():
            lock_partitions(connection, [partition_of(customer)])
            return self._resume_locked(customer, rows)

    def _resume_locked(self, customer: str, rows: Rows) -> Begun | None:
        """Under the partition's lock: where the erasure stands that is open, None where none is.

        Since it was begun nobody adds anything, but for what was found again; that goes, and nothing else is looked at.
        """
        seq = open_erasure(self._stores.connection, customer)
        if seq is None:
            return None
        for place, found in rows:
            if place.stage == "record" and found.before:
                place.erase(customer)
        return Begun(partition_of(customer), seq)

    def _publish(self, begun: Begun, report: Report) -> None:
        """What was committed before must be in Redis first: afterwards it could bring something back."""
        try:
            late = self._settle({begun.partition: begun.seq})
        except Exception as problem:  # noqa: BLE001 - whatever it is, the erasure is not done
            report.problems.append(f"what was committed does not reach Redis: {describe_problem(problem)}")
            return
        if late:
            report.problems.append(
                "what was committed does not reach Redis, though a worker owns the partition: look at the worker"
            )

    def _end(self, customer: str, begun: Begun, report: Report, rows: Rows) -> None:
        """Delete the rest, if all before is proven and no rebuild of a segment needs the row of the erasure."""
        if report.problems or any(row.after != 0 for place, row in rows if place.stage != "last"):
            return
        connection = self._stores.connection
        with connection.transaction():
            lock_partitions(connection, [begun.partition])
            building = connection.execute("SELECT name FROM segment WHERE building_digest IS NOT NULL ORDER BY name")
            names = [row[0] for row in building.fetchall()]
            if names:
                report.problems.append(
                    f"segments are being rebuilt ({', '.join(names)}), and must leave the customer out when they are"
                    " switched in: run this again afterwards"
                )
                return
            for place, _ in rows:
                if place.stage == "last":
                    place.erase(customer)


def pending(connection: Connection, partitions: Collection[int] = range(PARTITIONS)) -> list[str]:
    """The customers whose erasure was begun and is not done, the oldest first."""
    return open_erasures(connection, partitions)


@contextmanager
def alone(connection: Connection, customer: str) -> Iterator[bool]:
    """Whether nobody else is erasing the customer; those who ask meanwhile hear that somebody is."""
    number = int.from_bytes(hashlib.blake2b(customer.encode(), digest_size=4).digest(), "big", signed=True)
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (ERASE_LOCK, number)).fetchone()
    is_alone = bool(row and row[0])
    try:
        yield is_alone
    finally:
        if is_alone and not connection.broken and not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s, %s)", (ERASE_LOCK, number))


def _count(place: Place, customer: str, row: Row) -> int | None:
    try:
        found = place.count(customer)
    except Exception as problem:
        if place.stage != "outside":
            raise
        row.problem = describe_problem(problem)
        return None
    if isinstance(place, PartlyClosed):
        row.closed = place.closed
    return found


def _erase_until_gone(place: Place, customer: str, row: Row) -> None:
    """Erase, several times where something comes in meanwhile: events may go on arriving, until a worker drops them."""
    for _ in range(ATTEMPTS):
        if row.problem is not None:
            return
        try:
            place.erase(customer)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the place is not done
            row.problem = describe_problem(problem)
            return
        if _count(place, customer, row) == 0:
            return
