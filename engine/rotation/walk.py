"""A walk over all profiles, a bounded number in each transaction, so that the index and the serving copies follow.

A walk that was broken off goes on with the partition in which it was. Workers serve meanwhile: each transaction holds
the lock of one partition for some milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..profiles.outbox import write_changes
from ..profiles.profile_store import raise_versions
from ..storage.facts import put_fact, read_fact
from ..storage.partitions import PARTITIONS, advance, lock_partitions

if TYPE_CHECKING:
    from psycopg import Connection

BATCH = 200
PROGRESS = "keys_walk"

Step = Callable[["Connection", Sequence[str]], Iterable[str]]
Report = Callable[[int], None]


def silent(_count: int) -> None:
    """Report to nobody how far a walk has come."""


_PAGE = "SELECT profile FROM profile WHERE partition = %s AND profile > %s ORDER BY profile LIMIT %s"


def walk(connection: Connection, task: str, step: Step, batch: int = BATCH, report: Report = silent) -> int:
    """How many profiles were changed; `step` gives those of a page that it changed, under the partition's lock.

    Each of them gets a new version and is told to whoever follows. `task` names the walk: one of the same name that was
    broken off goes on. `report` hears after each page how many were changed so far.
    """
    done = _finished_partitions(connection, task)
    count = 0
    put_fact(connection, PROGRESS, json.dumps({"task": task, "done": done}))
    for partition in range(PARTITIONS):
        if partition in done:
            continue
        after: str | None = ""
        while after is not None:
            with connection.transaction():
                after, changed = _page(connection, partition, after, step, batch)
            count += changed
            report(count)
        done.append(partition)
        put_fact(connection, PROGRESS, json.dumps({"task": task, "done": done}))
    return count


def open_task(connection: Connection, kind: str) -> str | None:
    """The name of the last walk, if its name begins so and it was broken off."""
    found = read_fact(connection, PROGRESS)
    data = {} if found is None else json.loads(found)
    task = str(data.get("task", ""))
    return task if task.startswith(kind) and len(data["done"]) < PARTITIONS else None


def touch(_connection: Connection, profiles: Sequence[str]) -> Sequence[str]:
    """A step that changes nothing but the version."""
    return profiles


def tell(connection: Connection, partition: int, seq: int, profiles: Sequence[str]) -> int:
    """Tell whoever follows of changed profiles of a locked partition; the partition's last number afterwards."""
    count = len(profiles)
    write_changes(connection, [partition] * count, range(seq + 1, seq + count + 1), profiles)
    advance(connection, {partition: seq + len(profiles)})
    return seq + len(profiles)


def _finished_partitions(connection: Connection, task: str) -> list[int]:
    found = read_fact(connection, PROGRESS)
    data = {} if found is None else json.loads(found)
    return list(data["done"]) if data.get("task") == task else []


def _page(connection: Connection, partition: int, after: str, step: Step, batch: int) -> tuple[str | None, int]:
    """The last profile of the page, None where there was none; and how many were changed."""
    seq = lock_partitions(connection, [partition])[partition]
    profiles = [row[0] for row in connection.execute(_PAGE, (partition, after, batch)).fetchall()]
    if not profiles:
        return None, 0
    changed = list(step(connection, profiles))
    if changed:
        raise_versions(connection, changed)
        tell(connection, partition, seq, changed)
    return profiles[-1], len(changed)
