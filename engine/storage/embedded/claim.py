"""One server for one folder of data: a server holds a lock on the folder until the last of its processes has ended.

A server inherits the open lock, and so do its child processes; the kernel releases it when all of them have ended.
PID files, which a crash or a restart may leave behind, need not be trusted.
"""

from __future__ import annotations

import fcntl
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import samestat
from pathlib import Path
from typing import Final

from .account import ServerUnavailableError
from .folders import open_to_append
from .process import end, start_instant

FILE: Final = "in-use"
ORPHAN_SECONDS: Final = 3.0  # after a `kill -9`, a server's other processes end by themselves
_PROC: Final = Path("/proc")


@contextmanager
def hold_claim(folder: Path, name: str) -> Iterator[int]:
    """Lock a server's folder; yields the open lock for the server to inherit. Raises ServerUnavailableError.

    A server that still runs there after its record was lost is ended first.
    """
    with open_to_append(folder / FILE) as file:
        if not _lock(file.fileno(), ORPHAN_SECONDS):
            for pid in _working_in(folder / "data"):
                started = start_instant(pid)
                if started is not None:
                    end(pid, started, signal.SIGINT, 30.0)
            if not _lock(file.fileno(), ORPHAN_SECONDS):
                raise ServerUnavailableError(
                    f"{name}: another process uses `{folder}`, and `decisor up` has not started it from here"
                    " (does it run in another container?): end it, and try again"
                )
        yield file.fileno()


def _lock(descriptor: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _working_in(data: Path) -> list[int]:
    """The servers' processes whose working directory is `data`; only Linux shows it."""
    found = []
    try:
        ours = data.lstat()  # of a link, the link itself: its target belongs to somebody else
    except FileNotFoundError:
        return []
    for process in _PROC.glob("[0-9]*"):
        try:
            here = samestat((process / "cwd").stat(), ours)
            program = (process / "exe").readlink().name
        except OSError:
            continue
        if here and program.startswith(("postgres", "valkey-server")):
            found.append(int(process.name))
    return sorted(found)
