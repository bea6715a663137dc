"""Starting a server: its process, its log, and waiting until it answers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from .account import Account, ServerUnavailableError, dying_with_parent, popen_identity
from .folders import open_to_append, read_plain

LOG_TAIL: Final = 4_000  # bytes of a log that are shown when a server does not start
LOG_LIMIT: Final = 10_000_000  # bytes; a longer log is moved aside at the next start

Answer = TypeVar("Answer")


def launch(
    command: Sequence[str],
    log: Path,
    *,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    ends_with_us: str | None = None,
    holding: int | None = None,
) -> subprocess.Popen[bytes]:
    """Launch a program in the folder of its log, as the leader of its own process group; output is appended to the log.

    It outlives the caller, unless `ends_with_us` names the signal that it gets when the caller ends. It holds the open
    file `holding` for as long as it runs.
    """
    if os.path.lexists(log) and log.lstat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".old"))
    # The folder may belong to the account: a link that it may have put in the log's place is not followed.
    with open_to_append(log) as stream:
        return subprocess.Popen(
            dying_with_parent(command, ends_with_us) if ends_with_us else list(command),
            cwd=log.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,  # Ctrl-C in the terminal is not for the server
            pass_fds=() if holding is None else (holding,),
            restore_signals=False,  # a file-size limit is an error for the server to report, not its end
            **popen_identity(account),
        )


def await_answer(
    server: subprocess.Popen[bytes], ready: Callable[[], Answer | None], log: Path, name: str, patience: float
) -> Answer:
    """Wait for `ready` to return a value. Raises ServerUnavailableError with the log's end if the server ends first."""
    deadline = time.monotonic() + patience
    pause = 0.005
    while (said := ready()) is None:
        if server.poll() is not None or time.monotonic() > deadline:
            what = f"did not answer within {patience:.0f} s" if server.poll() is None else "ended while starting"
            raise ServerUnavailableError(f"{name} {what}; the end of `{log}`:\n{log_end(log)}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return said


def log_end(log: Path) -> str:
    """The last lines of a log."""
    text = read_plain(log, LOG_TAIL, end=True) or b""
    return text.decode("utf-8", errors="replace").strip()
