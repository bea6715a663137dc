"""`decisor keys rotate`: changes keys without downtime."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..command import CLEAN, FINDINGS, Command
from ..report import counted
from ..servers import Servers, add_servers
from .opening import catalogue_of, keys_of_the_environment, refusals

if TYPE_CHECKING:
    from psycopg import Connection

    from ...encryption.keyring import Keyring
    from ...encryption.sealed_vault import SealedVault


SAY_SECONDS = 10.0  # between two lines of progress
SETTLE_SECONDS = 60.0


def _configure(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--hash", action="store_true", help="rotate the key for equality search instead of the master key"
    )
    kinds.add_argument("--data", action="store_true", help="rotate the data keys: all history is sealed again")
    parser.add_argument(
        "--wait", type=float, default=600.0, metavar="SECONDS", help="how long to wait for the index (default: 600)"
    )
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...encryption.sealed_vault import SealedVault
    from ...rotation.data_rotation import rotate_all_data
    from ...rotation.plain_history import plain_history
    from ...rotation.rotation import alone

    keyring = keys_of_the_environment()
    with Servers.of(options) as servers, refusals():
        catalogue_of(servers)
        with alone(servers.postgres):
            noted = plain_history(servers.postgres)
            vault = SealedVault(catalogue_of(servers), keyring)
            if options.hash:
                return _rotate_hash(servers.postgres, keyring, options.wait)
            if options.data:
                done = rotate_all_data(servers.postgres, vault, noted, _Pace().report("sealed so far"))
                print(f"{counted(done, 'profile')} sealed with fresh data keys", flush=True)
            else:
                _rotate_master(servers.postgres, keyring)
        return _settle(servers, vault)


def _rotate_master(connection: Connection, keyring: Keyring) -> None:
    from ...rotation.rotation import rotate_master

    done = rotate_master(connection, keyring, report=_Pace().report("have a rewrapped data key so far"))
    kinds = ((done.data_keys, "data key"), (done.dead_letters, "dead letter"), (done.definitions, "definition"))
    counts = ", ".join(counted(count, noun) for count, noun in kinds)
    print(f"master key {done.master}: {counts} and {counted(done.secrets, 'secret')} rewrapped")
    if done.plain_letters:
        print(f"{counted(done.plain_letters, 'plain-text dead letter')} sealed")
    print("`decisor keys status` shows which master keys may be removed")


def _rotate_hash(connection: Connection, keyring: Keyring, seconds: float) -> int:
    from ...rotation.rotation import (
        GRACE_SECONDS,
        has_followers,
        hash_step_done,
        rotate_hash,
        wait_for_followers,
    )

    words = {
        "writing": "documents also hold the hashes of {0}",
        "retiring": "queries use {1}",
        "dropping": "documents hold only the hashes of {1}",
    }
    while True:
        now = rotate_hash(connection, keyring, _Pace().report("queued for the index so far"))
        if now.stage != "retiring":
            for name, count in wait_for_followers(connection, seconds, _patience(connection)):
                return _report_waiting(connection, name, count)
        if now.stage == "retiring" or (now.stage == "writing" and has_followers(connection)):
            time.sleep(GRACE_SECONDS)
        print(words[now.stage].format(", ".join(now.besides), now.searched), flush=True)
        now = hash_step_done(connection, now)
        if now.stage == "":
            print("`decisor keys status` shows which hash keys may be removed")
            return CLEAN


class _Pace:
    """Prints lines of progress, only now and then; the first one `at_once`, or after the usual pause."""

    def __init__(self, *, at_once: bool = False) -> None:
        self._next = 0.0 if at_once else time.monotonic() + SAY_SECONDS

    def say(self, text: str) -> None:
        """Print the line, unless one was printed recently."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + SAY_SECONDS
            print(text, flush=True)

    def report(self, words: str) -> Callable[[int], None]:
        """A callback that prints a count of profiles."""
        return lambda count: self.say(f"{counted(count, 'profile')} {words}") if count else None


def _patience(connection: Connection) -> Callable[[Sequence[tuple[str, int]]], bool]:
    """A callback that prints which follower is waited for; False when no worker runs that could bring it forward."""
    from ...storage.partitions import owners

    pace = _Pace(at_once=True)

    def goes_on(late: Sequence[tuple[str, int]]) -> bool:
        for name, count in late[:1]:
            pace.say(f"waiting: {name} has {counted(count, 'change')} left to process")
        return bool(owners(connection))

    return goes_on


def _report_waiting(connection: Connection, name: str, count: int) -> int:
    from ...storage.partitions import owners

    left = f"{name} has {counted(count, 'change')} left to process"
    if owners(connection):
        print(f"{left}; run this again once a worker has done so")
    else:
        print(f"{left}, and no worker is running: start `decisor worker`, then run this again")
    return FINDINGS


def _settle(servers: Servers, vault: SealedVault) -> int:
    """Wait for the serving copies: they carry wrapped keys, so they must be current before an old key is removed."""
    from ...storage.partitions import heads
    from ...worker.publish import settle

    rows = heads(servers.postgres)
    late = settle(servers.postgres, servers.redis, rows, vault, SAY_SECONDS)
    if late:
        print(f"waiting: the serving copies of {counted(len(late), 'partition')} are not up to date yet", flush=True)
        late = settle(servers.postgres, servers.redis, rows, vault, SETTLE_SECONDS - SAY_SECONDS)
    for number in late:
        print(f"partition {number}: serving copies are not up to date yet; check the worker, and keep the old key")
    return FINDINGS if late else CLEAN


COMMAND = Command(
    "Change the master key, the hash key or the data keys without downtime; an interrupted run can be repeated.",
    "decisor keys rotate",
    _configure,
    _run,
)
