"""`decisor keys rotate`: keys are changed while everything serves."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

from ..command import CLEAN, FINDINGS, Command
from ..report import counted
from ..servers import Servers, add_servers
from .opening import catalogue_of, keys_of_the_environment, refusals

if TYPE_CHECKING:
    from psycopg import Connection

    from ...encryption.keyring import Keyring
    from ...encryption.sealed_vault import SealedVault


def _configure(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--hash", action="store_true", help="the key of equality search, instead of the master key")
    kinds.add_argument("--data", action="store_true", help="the data keys: all history is sealed anew")
    parser.add_argument(
        "--wait", type=float, default=600.0, metavar="SECONDS", help="how long to wait for the index (default: 600)"
    )
    add_servers(parser)


def _run(options: argparse.Namespace) -> int:
    from ...encryption.rotation import alone
    from ...encryption.sealed_vault import SealedVault

    keyring = keys_of_the_environment()
    with Servers.of(options) as servers, refusals():
        vault = SealedVault(catalogue_of(servers), keyring)
        with alone(servers.postgres):
            if options.hash:
                return _rotate_hash(servers.postgres, keyring, options.wait)
            if options.data:
                print(f"{counted(_rotate_data(servers.postgres, vault), 'profile')} sealed with fresh data keys")
            else:
                _rotate_master(servers.postgres, keyring)
        return _settle(servers, vault)


def _rotate_master(connection: Connection, keyring: Keyring) -> None:
    from ...encryption.rotation import rotate_master

    done = rotate_master(connection, keyring)
    kinds = ((done.data_keys, "data key"), (done.dead_letters, "dead letter"), (done.definitions, "definition"))
    counts = ", ".join(counted(count, noun) for count, noun in kinds)
    print(f"master key {done.master}: {counts} and {counted(done.secrets, 'secret')} wrapped anew")
    if done.plain_letters:
        print(f"{counted(done.plain_letters, 'dead letter')} sealed that stood in plain")
    print("`decisor keys status` says which master keys may be removed")


def _rotate_data(connection: Connection, vault: SealedVault) -> int:
    from ...encryption.data_rotation import rotate_data
    from ...encryption.walk import open_task

    return rotate_data(connection, vault, open_task(connection, "data ") or f"data {os.urandom(6).hex()}")


def _rotate_hash(connection: Connection, keyring: Keyring, seconds: float) -> int:
    from ...encryption.rotation import GRACE_SECONDS, hash_step_done, rotate_hash, wait_for_followers

    words = {
        "writing": "documents hold the hashes of {0} too",
        "retiring": "queries search by {1}",
        "dropping": "documents hold the hashes of {1} alone",
    }
    while True:
        now = rotate_hash(connection, keyring)
        if now.stage == "retiring":
            time.sleep(GRACE_SECONDS)
        else:
            for name, count in wait_for_followers(connection, seconds):
                print(f"{name} has {counted(count, 'change')} still to take; run this again when a worker has done it")
                return FINDINGS
        print(words[now.stage].format(", ".join(now.besides), now.searched))
        now = hash_step_done(connection, now)
        if now.stage == "":
            print("`decisor keys status` says which hash keys may be removed")
            return CLEAN


def _settle(servers: Servers, vault: SealedVault) -> int:
    """Serving copies carry wrapped keys: they must have followed before an old key is removed."""
    from ...worker.publish import settle

    rows: dict[int, int] = dict(servers.postgres.execute("SELECT number, seq FROM partition").fetchall())
    late = settle(servers.postgres, servers.redis, rows, vault, 60.0)
    for number in late:
        print(f"partition {number}: serving copies have not followed yet; look at the worker, and keep the old key")
    return FINDINGS if late else CLEAN


COMMAND = Command(
    "Change the master key, the hash key or the data keys while everything serves; done again, it goes on.",
    "decisor keys rotate",
    _configure,
    _run,
)
