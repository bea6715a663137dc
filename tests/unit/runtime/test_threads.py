"""Ports that block: asked in threads by the asyncio driver, where one that hangs costs its deadline and no more."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.runtime.drivers import Steps, drive, drive_async
from engine.runtime.needs import CountUses, Got, Need, Predict
from engine.runtime.ports import THREADS, Ports
from engine.runtime.threads import Threads

SOON, LATE = 20, 600_000  # ms: passes while a test waits; never passes during a test
GIVE_UP = 60.0  # seconds


class Blocking:
    """Answers in its caller's thread once it is let go."""

    blocks = True

    def __init__(self) -> None:
        self.go = threading.Event()
        self.entered = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.inside = self.most = self.calls = 0
        self.threads: set[int] = set()

    def answer(self, needs: Sequence[Any], _deadline: float) -> list[Got]:
        with self.lock:
            self.calls += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.threads.add(threading.get_ident())
        self.entered.release()
        assert self.go.wait(GIVE_UP)
        with self.lock:
            self.inside -= 1
        return [Got(3, "ok", "7") for _ in needs]


@pytest.fixture
def port() -> Iterator[Blocking]:
    made = Blocking()
    yield made
    made.go.set()


def run(program: str) -> str:
    """What a program prints, in a process of its own."""
    root = Path(engine.__file__).parents[1]
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=GIVE_UP)
    return done.stdout


def one(need: Need) -> Steps[Got]:
    return (yield (need,))[0]


def uses(key: str = "hero", timeout: int = LATE) -> CountUses:
    return CountUses(key, "c-1", 1_000, timeout)


def test_a_port_that_never_answers_costs_the_deadline_and_the_loop_goes_on(port: Blocking) -> None:
    async def late() -> tuple[Got, int]:
        turns = 0

        async def count() -> None:
            nonlocal turns
            # It first runs when the port has been asked, and holds up the loop and its timer until the port has begun.
            assert port.entered.acquire(timeout=GIVE_UP)
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(count())
        ports = Ports({CountUses: port}, clock=lambda: 0.0)  # stands still, so that the port is always asked in time
        found = await drive_async(one(uses(timeout=SOON)), ports)
        beside.cancel()
        return found, turns

    found, turns = asyncio.run(late())
    assert found == Got(0, "timeout")
    assert (port.calls, port.inside) == (1, 1)  # the port is still at it
    assert turns > 1


def test_a_port_that_blocks_is_asked_in_another_thread_and_its_answer_is_taken(port: Blocking) -> None:
    port.go.set()
    assert asyncio.run(drive_async(one(uses()), Ports({CountUses: port}))) == Got(3, "ok", "7")
    assert threading.get_ident() not in port.threads
    assert drive(one(uses()), Ports({CountUses: port})) == Got(3, "ok", "7")
    assert threading.get_ident() in port.threads


def test_threads_are_bounded_and_who_gave_up_waiting_is_never_asked_for(port: Blocking) -> None:
    ports = Ports({CountUses: port})

    async def many() -> list[Got]:
        full = [asyncio.create_task(drive_async(one(uses(f"k{each}")), ports)) for each in range(THREADS)]
        for _ in range(THREADS):
            assert await asyncio.to_thread(port.entered.acquire, timeout=GIVE_UP)
        hurried = await asyncio.gather(*[drive_async(one(uses(timeout=SOON)), ports) for _ in range(50)])
        assert {got.status for got in hurried} == {"timeout"}
        assert (port.calls, port.most) == (THREADS, THREADS)
        port.go.set()
        return await asyncio.gather(*full, drive_async(one(uses("last")), ports))

    found = asyncio.run(many())
    assert {got.status for got in found} == {"ok"}
    assert (port.calls, port.most) == (THREADS + 1, THREADS)


def test_a_port_that_hangs_takes_no_thread_from_another(port: Blocking) -> None:
    other = Blocking()
    other.go.set()
    ports = Ports({CountUses: port, Predict: other})
    need = Predict("churn", "1", (("orders", 3),), timeout=LATE)

    async def both() -> Got:
        hanging = [asyncio.create_task(drive_async(one(uses(f"k{each}")), ports)) for each in range(2 * THREADS)]
        for _ in range(THREADS):
            assert await asyncio.to_thread(port.entered.acquire, timeout=GIVE_UP)
        found = await drive_async(one(need), ports)
        assert not any(task.done() for task in hanging)
        port.go.set()
        await asyncio.gather(*hanging)
        return found

    assert asyncio.run(both()).status == "ok"


@pytest.mark.parametrize("problem", [ValueError("no"), StopIteration(), TimeoutError()])
def test_what_a_call_raises_reaches_its_caller(problem: Exception) -> None:
    def fail() -> None:
        raise problem

    expected = RuntimeError if isinstance(problem, StopIteration) else type(problem)
    with pytest.raises(expected):
        asyncio.run(Threads(1).run(fail))


def test_a_call_sees_the_context_of_its_caller() -> None:
    request: contextvars.ContextVar[str] = contextvars.ContextVar("request")

    async def seen() -> str:
        request.set("r-1")
        return await Threads(1).run(request.get)

    assert asyncio.run(seen()) == "r-1"


def test_a_thread_is_used_again_also_by_another_loop() -> None:
    threads = Threads(1)
    work: Callable[[], int] = threading.get_ident
    assert asyncio.run(threads.run(work)) == asyncio.run(threads.run(work))


def test_a_child_process_has_threads_of_its_own() -> None:
    program = """
import asyncio, os, threading
from engine.runtime.threads import Threads

threads = Threads(1)
asyncio.run(threads.run(threading.get_ident))
child = os.fork()
if child == 0:
    asyncio.run(threads.run(lambda: print("answered", flush=True)))
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""
    assert run(program) == "answered\n0\n"


def test_a_process_ends_while_a_port_hangs() -> None:
    program = """
import asyncio, threading
from engine.runtime.drivers import drive_async
from engine.runtime.needs import CountUses
from engine.runtime.ports import Ports

class Hanging:
    blocks = True
    def answer(self, needs, deadline):
        threading.Event().wait()

def steps():
    return (yield (CountUses("hero", "c-1", 1_000, 20),))[0]

print(asyncio.run(drive_async(steps(), Ports({CountUses: Hanging()}))).status)
"""
    assert run(program) == "timeout\n"


def test_a_port_must_say_whether_it_blocks() -> None:
    class Silent:
        def answer(self, needs: Sequence[Any], deadline: float) -> list[Got]:
            raise NotImplementedError  # never asked: the port is refused before

    with pytest.raises(TypeError, match="the port of `cap` does not say whether it blocks; give it `blocks`"):
        Ports({CountUses: Silent()})  # type: ignore[dict-item] # the point
