"""One server for one folder of data: whoever writes there holds a lock that lasts as long as the last of its processes.

A server inherits the open lock, and so do the processes that it makes; the kernel gives the lock up when all have
ended. So nothing has to be believed of files with numbers of processes that a crash or a restart has left behind.
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
from .folders import opened_to_append
from .process import end, started_at

FILE: Final = "in-use"
ORPHAN_SECONDS: Final = 3.0  # after a `kill -9` a server's other processes end by themselves
_PROC: Final = Path("/proc")


@contextmanager
def claimed(folder: Path, name: str) -> Iterator[int]:
    """The open lock of a server's folder, for the server to inherit. Raises ServerUnavailableError.

    A server that still runs there although its record was lost is ended first.
    """
    with opened_to_append(folder / FILE) as file:
        if not _locked(file.fileno(), ORPHAN_SECONDS):
            for pid in _working_in(folder / "data"):
                started = started_at(pid)
                if started is not None:
                    end(pid, started, signal.SIGINT, 30.0)
            if not _locked(file.fileno(), ORPHAN_SECONDS):
                raise ServerUnavailableError(
                    f"{name}: another process uses `{folder}`, and it is none that `decisor up` has started from here"
                    " (in another container?): end it, and try again"
                )
        yield file.fileno()


def _locked(descriptor: int, patience: float) -> bool:
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
    """The processes whose current folder is that one and whose program is a server's; Linux alone can tell."""
    found = []
    try:
        ours = data.lstat()  # of a link, the link: what is behind it is another's
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
