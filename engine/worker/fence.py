"""Redis transactions that run only if cursors are where they were last known to be, in one round trip each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..storage.redis_protocol import RedisClient

_TRIES = 3  # if a cursor moved that the transaction does not concern

Command = tuple[Any, ...]


class Fence:
    """A dedicated connection to a single server, on which cursors stay watched from one transaction to the next.

    Checking that nobody else has moved a cursor therefore takes no extra round trip: Redis refuses the transaction.
    Only one thread may use a fence at a time.
    """

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._connection: Any = None
        self._seen: dict[str, int] = {}

    def transact(self, known: Mapping[str, int], commands: Sequence[Command]) -> list[Any]:
        """Run the commands as one transaction if each key holds its known number (-1: there is no such key).

        Returns the answers, including errors. Raises WatchError if a number differs; nothing has happened then.
        """
        try:
            for _ in range(_TRIES):
                self._watch(known)
                expect(known, [self._seen[name] for name in known])
                answers = self._exchange(commands)
                if answers is not None:
                    return answers
        except BaseException:
            self.close()
            raise
        raise _moved_error()

    def forget(self, name: str) -> None:
        """Stop expecting a number under a key."""
        self._seen.pop(name, None)

    def close(self) -> None:
        """Release the connection, which then no longer watches anything."""
        connection, self._connection, self._seen = self._connection, None, {}
        if connection is not None:
            connection.disconnect()
            self._redis.connection_pool.release(connection)

    def _watch(self, names: Iterable[str]) -> None:
        """Ensure that a connection watches these keys."""
        if self._connection is not None and self._is_lost():
            self.close()
        if self._connection is None:
            self._connection = self._redis.connection_pool.get_connection()
        new = [name for name in names if name not in self._seen]
        if new:
            self._send([("WATCH", *new), ("MGET", *new)])
            self._read_reply()
            self._seen.update(zip(new, map(_number, self._read_reply()), strict=True))

    def _is_lost(self) -> bool:
        """Whether the server has closed the connection, as it may after a long idle time."""
        from redis import RedisError

        try:
            return bool(self._connection.can_read(timeout=0))
        except (RedisError, OSError):
            return True

    def _exchange(self, commands: Sequence[Command]) -> list[Any] | None:
        """The transaction's answers, or None if a watched key has moved; watches the same keys for the next one."""
        names = list(self._seen)
        watched = [("WATCH", *names), ("MGET", *names)] if names else []
        self._send([("MULTI",), *commands, ("EXEC",), *watched])
        refused = None
        for _ in range(1 + len(commands)):
            refused = self._queueing_error() or refused
        if refused is not None:
            raise refused
        answers: list[Any] | None = self._read_reply()
        if names:
            self._read_reply()
            self._seen = dict(zip(names, map(_number, self._read_reply()), strict=True))
        return answers

    def _queueing_error(self) -> Exception | None:
        """The error of a command that was not queued; None if it was."""
        from redis import ResponseError

        try:
            self._read_reply()
        except ResponseError as problem:
            return problem
        return None

    def _send(self, commands: Sequence[Command]) -> None:
        from hiredis import pack_command

        self._connection.send_packed_command([b"".join(map(pack_command, commands))])

    def _read_reply(self) -> Any:
        return self._connection.read_response()


def expect(known: Mapping[Any, int], found: Iterable[bytes | int | None]) -> None:
    """Raise WatchError if a number is not the known one."""
    if [_number(each) for each in found] != list(known.values()):
        raise _moved_error()


def _number(found: bytes | int | None) -> int:
    return -1 if found is None else int(found)


def _moved_error() -> Exception:
    from redis import WatchError

    return WatchError("another process publishes a partition that this one owned")
