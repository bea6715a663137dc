"""A bounded pool of threads for blocking calls from an event loop, which does not wait for calls that hang.

The pools of the standard library are joined when the process ends, so one call that never returns would keep the
process alive. These threads are daemons: a call that hangs costs one thread, and nothing at the end.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

Value = TypeVar("Value")

IDLE_SECONDS = 10.0  # after which a thread without work ends


class Threads:
    """At most `most` threads, started when they are needed; safe to share between event loops."""

    __slots__ = ("_changed", "_idle", "_most", "_process", "_started", "_waiting")

    def __init__(self, most: int) -> None:
        self._most = most
        self._begin()

    def _begin(self) -> None:
        """Start without threads and calls; a child process does so too, as it has none of its parent's threads."""
        self._process = os.getpid()
        self._changed = Condition()
        self._waiting: dict[_Call, None] = {}
        self._started = 0
        self._idle = 0

    async def run(self, work: Callable[[], Value]) -> Value:
        """What `work` returns or raises, from a thread.

        When the caller gives up, a call that still waits for a thread is never made; one that is being made goes on,
        and its result is dropped.
        """
        from asyncio import get_running_loop  # 20 ms that only the asyncio driver needs

        if self._process != os.getpid():
            self._begin()
        loop = get_running_loop()
        call = _Call(work, loop, loop.create_future(), copy_context())
        try:
            self._submit(call)
            value, problem = await call.result
        finally:
            with self._changed:
                self._waiting.pop(call, None)
        if problem is not None:
            raise problem
        found: Value = value
        return found

    def _submit(self, call: _Call) -> None:
        with self._changed:
            self._waiting[call] = None
            if self._idle >= len(self._waiting):
                self._changed.notify()
            elif self._started < self._most:
                Thread(target=self._work, name="decisor port", daemon=True).start()
                self._started += 1

    def _work(self) -> None:
        while (call := self._next()) is not None:
            call.make()

    def _next(self) -> _Call | None:
        """The call that has waited longest; None after a while without any."""
        with self._changed:
            self._idle += 1
            is_there = self._changed.wait_for(lambda: self._waiting, IDLE_SECONDS)
            self._idle -= 1
            if not is_there:
                self._started -= 1
                return None
            call = next(iter(self._waiting))
            del self._waiting[call]
            return call


@dataclass(eq=False, frozen=True, slots=True)
class _Call:
    """Work for a thread, and the future of its result: the value and None, or None and the exception."""

    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    result: asyncio.Future[tuple[Any, BaseException | None]]
    context: Context

    def make(self) -> None:
        """Make the call and hand its result to the event loop, unless the loop has ended."""
        found: tuple[Any, BaseException | None]
        try:
            found = self.context.run(self.work), None
        except BaseException as problem:  # noqa: BLE001 - whatever it is, it belongs to the caller
            found = None, problem
        try:
            self.loop.call_soon_threadsafe(self._settle, found)
        except RuntimeError:
            return  # the loop is closed, so nobody waits

    def _settle(self, found: tuple[Any, BaseException | None]) -> None:
        if not self.result.done():
            self.result.set_result(found)
