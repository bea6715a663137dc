"""How far each index has come, partition by partition: the rows of the table `follower`.

A row's name is `<state>:<uuid of the index>`. `index`: everything up to `seq` is in it. `filling`: what was there
before the row was made is still being copied into it; the outbox is followed from `seq` on meanwhile. `previous`: only
erasures are still followed, so that it may be gone back to and holds nobody who was erased.

Whoever writes into an index holds the rows of the partitions it writes, so no two writers interleave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

from ..storage.partitions import PARTITIONS
from .names import ProfileIndex

if TYPE_CHECKING:
    from psycopg import Connection

INDEX_LOCK: Final = 0x0DEC_0005  # who makes an index, or makes one known

State = Literal["index", "filling", "previous"]
STATES: Final[tuple[State, ...]] = ("index", "filling", "previous")

_READ: Final = (
    "SELECT follower.name, follower.partition, follower.seq, partition.seq"
    " FROM follower JOIN partition ON partition.number = follower.partition"
    " WHERE follower.name = ANY(%s) AND follower.partition = ANY(%s)"
    " ORDER BY follower.name, follower.partition"
)
_BEGIN: Final = (
    "INSERT INTO follower (name, partition, seq) SELECT %s, number, seq FROM partition ON CONFLICT DO NOTHING"
)
_MOVE: Final = (
    "UPDATE follower SET seq = given.seq FROM unnest(%b::text[], %b::smallint[], %b::bigint[])"
    " AS given (name, partition, seq) WHERE follower.name = given.name AND follower.partition = given.partition"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """An index has come to `seq` in a partition, whose last number is `last`."""

    uuid: str
    state: State
    partition: int
    seq: int
    last: int

    @property
    def name(self) -> str:
        """The name in the table."""
        return name_of(self.state, self.uuid)

    @property
    def behind(self) -> int:
        """How many changes are not in the index yet."""
        return max(0, self.last - self.seq)


def name_of(state: State, uuid: str) -> str:
    """The name of an index's rows in a state."""
    return f"{state}:{uuid}"


def read(
    connection: Connection,
    indices: Iterable[ProfileIndex],
    partitions: Collection[int] = range(PARTITIONS),
    lock: Literal["", "wait", "skip"] = "",
) -> list[Cursor]:
    """The cursors of indices; `lock` holds them until the transaction ends, `skip` without those that others hold."""
    names = [name_of(state, each.uuid) for each in indices for state in STATES]
    hold = {"": "", "wait": " FOR UPDATE OF follower", "skip": " FOR UPDATE OF follower SKIP LOCKED"}[lock]
    rows = connection.execute((_READ + hold).encode(), (names, list(partitions))).fetchall()
    found = []
    for name, partition, seq, last in rows:
        state, _, uuid = name.partition(":")
        found.append(Cursor(uuid, cast("State", state), partition, seq, last))
    return found


def hold(connection: Connection, index: ProfileIndex, partition: int) -> Cursor | None:
    """The cursor of an index in one partition, held until the transaction ends; None where it has none."""
    found = read(connection, [index], [partition], "wait")
    return found[0] if found else None


def begin(connection: Connection, index: ProfileIndex) -> None:
    """An empty index is to be filled from now on."""
    connection.execute(_BEGIN, (name_of("filling", index.uuid),))


def move(connection: Connection, cursors: Mapping[Cursor, int]) -> None:
    """Everything up to these numbers is in the index."""
    moved = {cursor: seq for cursor, seq in cursors.items() if seq > cursor.seq}
    if moved:
        names, partitions = [each.name for each in moved], [each.partition for each in moved]
        connection.execute(_MOVE, (names, partitions, list(moved.values())))


def turn(connection: Connection, cursors: Sequence[Cursor], state: State) -> None:
    """Rows that are held take another state."""
    for each in cursors:
        connection.execute(
            "UPDATE follower SET name = %s WHERE name = %s AND partition = %s",
            (name_of(state, each.uuid), each.name, each.partition),
        )


def forget(connection: Connection, uuids: Iterable[str]) -> None:
    """The indices are no more."""
    names = [name_of(state, uuid) for uuid in uuids for state in STATES]
    connection.execute("DELETE FROM follower WHERE name = ANY(%s)", (names,))


def forget_others(connection: Connection, indices: Iterable[ProfileIndex]) -> None:
    """Only these indices are there; what is noted of others goes."""
    names = [name_of(state, each.uuid) for each in indices for state in STATES]
    prefixes = [f"{state}:%" for state in STATES]
    connection.execute(
        "DELETE FROM follower WHERE name LIKE ANY(%s) AND NOT name = ANY(%s)",
        (prefixes, names),
    )


def caught_up(connection: Connection, index: ProfileIndex, upto: Mapping[int, int]) -> bool:
    """Whether everything up to these numbers (partition: seq) is in the index, and all that was there before."""
    found = {each.partition: each for each in read(connection, [index], list(upto))}
    return all(
        partition in found
        and found[partition].state == "index"
        and seq <= found[partition].seq <= found[partition].last
        for partition, seq in upto.items()
    )


def has_followers(connection: Connection) -> bool:
    """Whether any search index follows this database."""
    row = connection.execute("SELECT EXISTS (SELECT FROM follower)").fetchone()
    return bool(row and row[0])


def passed_by_all(connection: Connection, upto: Mapping[int, int]) -> dict[int, int]:
    """By partition the number up to which every index has come, at most the given one."""
    rows = connection.execute(
        "SELECT partition, min(seq) FROM follower WHERE partition = ANY(%s) GROUP BY partition", (list(upto),)
    ).fetchall()
    return dict(upto) | {partition: min(upto[partition], seq) for partition, seq in rows}


def abandon(connection: Connection, after_ms: int = 7 * 86_400_000) -> int:
    """Wait no longer for indices that have not passed a change of that age; they must be built anew."""
    return connection.execute(_ABANDON, (after_ms,)).rowcount


_ABANDON: Final = (
    "DELETE FROM follower WHERE EXISTS (SELECT FROM outbox WHERE outbox.partition = follower.partition"
    " AND outbox.seq = follower.seq + 1 AND outbox.at < now() - %s * interval '1 millisecond')"
)
