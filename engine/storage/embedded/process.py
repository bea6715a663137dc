"""Unambiguous identities of processes: a PID may be reused, a PID with the instant of its start is not."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc")


def start_instant(pid: int) -> str | None:
    """When the process started, in a form that no other process of that PID shares; None if none is running."""
    if not (_PROC / "self" / "stat").exists():
        return _start_by_ps(pid)
    try:
        stat = (_PROC / str(pid) / "stat").read_text("ascii", errors="replace")
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text("ascii").strip()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # a program's name may hold spaces and brackets
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _start_by_ps(pid: int) -> str | None:
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def is_running(pid: int, started: str) -> bool:
    """Whether exactly the process that started then is still running."""
    return start_instant(pid) == started


def end(pid: int, started: str, asking: signal.Signals, patience: float) -> bool:
    """End exactly the process that started then, by force after `patience` seconds; returns whether it obeyed."""
    if not is_running(pid, started):
        return True
    _send(pid, asking)
    if _wait_until_gone(pid, started, patience):
        return True
    _send(pid, signal.SIGKILL)
    _wait_until_gone(pid, started, patience)
    return False


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait_until_gone(pid: int, started: str, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while is_running(pid, started):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
