"""Transactions in Redis that happen only while cursors stand where they were known to stand, in one round trip each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_TRIES = 3  # where a cursor moved that the transaction was not about

Command = tuple[Any, ...]


class Fence:
    """A connection of its own to a single server, on which cursors stay watched from one transaction to the next.

    So to know that nobody else has moved one costs no round trip of its own: Redis refuses the transaction.
    Only one thread may use a fence at a time.
    """

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._connection: Any = None
        self._seen: dict[str, int] = {}

    def transact(self, known: Mapping[str, int], commands: Sequence[Command]) -> list[Any]:
        """Run the commands as one transaction, if each key holds the number that is known (-1: there is no such key).

        The answers, errors among them. Raises WatchError where a number is another one; nothing has happened then.
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
        raise _moved()

    def forget(self, name: str) -> None:
        """A key is of no interest any more."""
        self._seen.pop(name, None)

    def close(self) -> None:
        """Give the connection back, which watches nothing from then on."""
        connection, self._connection, self._seen = self._connection, None, {}
        if connection is not None:
            connection.disconnect()
            self._redis.connection_pool.release(connection)

    def _watch(self, names: Iterable[str]) -> None:
        """See to it that a connection watches these keys."""
        if self._connection is not None and self._is_lost():
            self.close()
        if self._connection is None:
            self._connection = self._redis.connection_pool.get_connection()
        new = [name for name in names if name not in self._seen]
        if new:
            self._send([("WATCH", *new), ("MGET", *new)])
            self._read()
            self._seen.update(zip(new, map(_number, self._read()), strict=True))

    def _is_lost(self) -> bool:
        """Whether the server has closed the connection since, as it may after a long rest."""
        from redis import RedisError

        try:
            return bool(self._connection.can_read(timeout=0))
        except (RedisError, OSError):
            return True

    def _exchange(self, commands: Sequence[Command]) -> list[Any] | None:
        """The transaction, and the same keys watched for the next; None where one of them has moved."""
        names = list(self._seen)
        watched = [("WATCH", *names), ("MGET", *names)] if names else []
        self._send([("MULTI",), *commands, ("EXEC",), *watched])
        refused = None
        for _ in range(1 + len(commands)):
            refused = self._refused() or refused
        if refused is not None:
            raise refused
        answers: list[Any] | None = self._read()
        if names:
            self._read()
            self._seen = dict(zip(names, map(_number, self._read()), strict=True))
        return answers

    def _refused(self) -> Exception | None:
        """Read whether a command was queued; why not."""
        from redis import ResponseError

        try:
            self._read()
        except ResponseError as problem:
            return problem
        return None

    def _send(self, commands: Sequence[Command]) -> None:
        from hiredis import pack_command

        self._connection.send_packed_command([b"".join(map(pack_command, commands))])

    def _read(self) -> Any:
        return self._connection.read_response()


def expect(known: Mapping[Any, int], found: Iterable[bytes | int | None]) -> None:
    """Raise WatchError where a number is not the known one."""
    if [_number(each) for each in found] != list(known.values()):
        raise _moved()


def _number(found: bytes | int | None) -> int:
    return -1 if found is None else int(found)


def _moved() -> Exception:
    from redis import WatchError

    return WatchError("another process publishes a partition that this one owned")
