"""Processes are told apart by number and start, and ended only if they are the very ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from engine.storage.embedded.process import end, is_running, start_instant
from tests.waiting import until

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_process_that_runs_is_known_by_its_start(sleeper: subprocess.Popen[bytes]) -> None:
    started = start_instant(sleeper.pid)
    assert started
    assert started == start_instant(sleeper.pid)
    assert is_running(sleeper.pid, started)
    assert not is_running(sleeper.pid, f"{started}0")


def test_process_that_has_ended_does_not_run_even_if_nobody_has_asked_for_its_code(
    sleeper: subprocess.Popen[bytes],
) -> None:
    started = start_instant(sleeper.pid) or ""
    os.kill(sleeper.pid, signal.SIGKILL)
    until(lambda: not is_running(sleeper.pid, started))
    assert start_instant(sleeper.pid) is None


def test_process_is_ended_when_asked(sleeper: subprocess.Popen[bytes]) -> None:
    assert end(sleeper.pid, start_instant(sleeper.pid) or "", signal.SIGTERM, 10)
    assert sleeper.wait() == -signal.SIGTERM


def test_another_process_of_that_number_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    assert end(sleeper.pid, "another boot/1", signal.SIGTERM, 10)
    time.sleep(0.1)
    assert sleeper.poll() is None


def test_process_that_does_not_listen_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not end(process.pid, start_instant(process.pid) or "", signal.SIGTERM, 0.2)
        assert process.wait() == -signal.SIGKILL
