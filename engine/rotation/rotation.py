"""Changing keys while everything serves. Every step can be broken off and done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..encryption import payloads
from ..encryption.data_keys import context_of, replace_data_keys
from ..encryption.in_use import HASH, MASTER, HashKeys, hash_keys_in_use, put_in_force
from ..encryption.key_file import KeysRefusedError, read_key_file, replace_key_file
from ..encryption.keyring import KEYS, KeyMissingError, Keyring
from ..storage.facts import read_fact
from ..storage.partitions import lock_partitions, partition_of
from .letters import rewrap_letters, seal_all_plain_letters
from .proving import letter_heads, refuse_other_keys
from .sealed_values import rewrap_kept, sealed_entries
from .walk import Report, silent, tell, touch, walk

if TYPE_CHECKING:
    from psycopg import Connection

ROTATION_LOCK = 0x0DEC_0004
PAGE = 500
# How long a query may take to begin after its constants were hashed, and an index until a search finds what it has.
GRACE_SECONDS = 5.0

_STALE = (
    "SELECT profile, wrapped, master FROM profile_key WHERE profile > %s AND master <> %s ORDER BY profile LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What was wrapped anew under a master key."""

    master: str
    data_keys: int
    dead_letters: int
    definitions: int = 0
    secrets: int = 0
    plain_letters: int = 0  # dead letters that stood in plain, and were sealed


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """Nobody else changes keys of this database meanwhile. Raises KeysRefusedError when somebody does."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (ROTATION_LOCK,)).fetchone()
    if not row or not row[0]:
        raise KeysRefusedError("another `decisor keys rotate` is at work on this database; wait until it has ended")
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (ROTATION_LOCK,))


def rotate_master(connection: Connection, keyring: Keyring, page: int = PAGE, report: Report = silent) -> Rewrapped:
    """Wrap every data key, sealed dead letter, sealed definition and sealed secret under the newest master key.

    Where all are already, a new key is put into the key file first; keys of the environment must bring one themselves.
    Nothing is changed with keys that are not the database's. `report` hears how many data keys are done so far. Raises
    KeysRefusedError.
    """
    refuse_other_keys(connection, keyring)
    if not _is_unfinished(connection, keyring):
        _add(keyring, "master")
    master = keyring.current
    if read_fact(connection, MASTER) != master.id:
        put_in_force(connection, MASTER, master.id)
    keys, letters = _rewrap_keys(connection, keyring, page, report), rewrap_letters(connection, keyring)
    small = [each.is_definition for each in rewrap_kept(connection, keyring)]
    plain = seal_all_plain_letters(connection, keyring)
    return Rewrapped(master.id, keys, letters, small.count(True), small.count(False), plain)


def _is_unfinished(connection: Connection, keyring: Keyring) -> bool:
    """Whether something is not under the newest key yet that should be."""
    newest = keyring.current.id
    used = read_fact(connection, MASTER)
    if used is not None and used != newest:
        return True
    row = connection.execute("SELECT EXISTS (SELECT FROM profile_key WHERE master <> %s)", (newest,)).fetchone()
    if bool(row and row[0]) or any(each.master != newest for each in sealed_entries(connection)):
        return True
    return any(payloads.master_of(head) != newest for head in letter_heads(connection))


def _add(keyring: Keyring, kind: str) -> None:
    if keyring.file is None:
        where = "in front of the other master keys" if kind == "master" else "behind the other hash keys"
        raise KeysRefusedError(
            f"every {kind} key of {KEYS} is in use already: put a new one {where} there, for every process, and run"
            " this again"
        )
    keys = read_key_file(keyring.file)
    try:
        replace_key_file(keyring.file, keys.with_new_master() if kind == "master" else keys.with_new_hash())
    except OSError as problem:
        raise KeysRefusedError(
            f"key file `{keyring.file}`: it cannot be written: {problem.strerror or type(problem).__name__}"
        ) from None
    keyring.reload()


def _rewrap_keys(connection: Connection, keyring: Keyring, page: int, report: Report) -> int:
    """Page by page, again until a whole pass finds nothing; how many."""
    master, count, after, found = keyring.current, 0, "", False
    while True:
        rows = connection.execute(_STALE, (after, master.id, page)).fetchall()
        if not rows:
            if not found:
                return count
            after, found = "", False
            continue
        after, found = rows[-1][0], True
        old = [bytes(wrapped) for _, wrapped, _ in rows]
        new = [
            master.wrap(keyring.master(name).unwrap(wrapped, context_of(profile)), context_of(profile))
            for (profile, _, name), wrapped in zip(rows, old, strict=True)
        ]
        count += _put(connection, master.id, [row[0] for row in rows], (old, new))
        report(count)


def _put(connection: Connection, master: str, profiles: Sequence[str], keys: tuple[list[bytes], list[bytes]]) -> int:
    """Put wrapped keys in the place of those that are still there, and have the serving copies follow."""
    with connection.transaction():
        last = lock_partitions(connection, {partition_of(profile) for profile in profiles})
        rewrapped = replace_data_keys(connection, master, profiles, *keys)
        changed: dict[int, list[str]] = {}
        for profile in rewrapped:
            changed.setdefault(partition_of(profile), []).append(profile)
        for partition, names in changed.items():
            tell(connection, partition, last[partition], names)
    return len(rewrapped)


def rotate_hash(connection: Connection, keyring: Keyring, report: Report = silent) -> HashKeys:
    """Take the next steps of changing the hash key, up to where the index must have caught up (`caught_up`).

    Called until the stage that comes back is empty: at `writing`, documents hold the hashes of both keys once the index
    has caught up; at `retiring`, queries have changed to the new key; at the end, only its hashes are left. Where the
    new key is lost before queries have changed to it, its hashes go again. Raises KeyMissingError without the key that
    is searched, and nothing is changed.
    """
    now = hash_keys_in_use(connection, keyring)
    keyring.hash_key(now.searched)
    if now.stage == "writing" and not _has_hash_key(keyring, now.besides[0]):
        now = HashKeys(now.searched, (), "dropping")
        put_in_force(connection, HASH, now.text())
    if now.stage == "":
        now = HashKeys(now.searched, (_next_hash(keyring, now.searched),), "writing")
        put_in_force(connection, HASH, now.text())
    if now.stage == "writing":
        walk(connection, f"write {now.besides[0]}", touch, report=report)
    elif now.stage == "dropping":
        walk(connection, f"drop, {now.searched} stays", touch, report=report)
    return now


def hash_step_done(connection: Connection, now: HashKeys) -> HashKeys:
    """The stage that follows, once the index has caught up with the stage before."""
    following = {
        "writing": HashKeys(now.besides[0] if now.besides else now.searched, (now.searched,), "retiring"),
        "retiring": HashKeys(now.searched, (), "dropping"),
        "dropping": HashKeys(now.searched),
    }[now.stage]
    put_in_force(connection, HASH, following.text())
    return following


def _has_hash_key(keyring: Keyring, name: str) -> bool:
    try:
        keyring.hash_key(name)
    except KeyMissingError:
        return False
    return True


def _next_hash(keyring: Keyring, searched: str) -> str:
    if keyring.hash_ids[-1] == searched:
        _add(keyring, "hash")
    return keyring.hash_ids[-1]


def behind(connection: Connection, upto: dict[int, int]) -> list[tuple[str, int]]:
    """The indices that have not come as far as these numbers, each with how many changes are left to it.

    One that was replaced follows nothing but erasures, and is not asked.
    """
    left: dict[str, int] = {}
    rows = connection.execute("SELECT name, partition, seq FROM follower WHERE name NOT LIKE 'previous:%'").fetchall()
    for name, partition, seq in rows:
        left[name] = left.get(name, 0) + max(0, upto.get(partition, 0) - seq)
    return sorted((name, count) for name, count in left.items() if count)


def has_followers(connection: Connection) -> bool:
    """Whether an index follows this database."""
    row = connection.execute("SELECT EXISTS (SELECT FROM follower WHERE name NOT LIKE 'previous:%')").fetchone()
    return bool(row and row[0])


Late = list[tuple[str, int]]


def wait_for_followers(connection: Connection, seconds: float, go_on: Callable[[Late], bool] = lambda _: True) -> Late:
    """Wait until all that has been committed so far has reached the index; who is behind when the time is up.

    `go_on` hears again and again who is behind, and says whether to wait any longer.
    """
    rows: list[Any] = connection.execute("SELECT number, seq FROM partition").fetchall()
    upto = {int(number): int(seq) for number, seq in rows}
    deadline = time.monotonic() + seconds
    while (late := behind(connection, upto)) and time.monotonic() < deadline and go_on(late):
        time.sleep(0.2)
    return late
