"""Classifies errors: an outage of a server, which a worker waits out, or input that cannot be processed."""

from __future__ import annotations

import re
from traceback import extract_tb

from ..encryption.key_file import KeysRefusedError
from ..storage.key_types import WRONG, WrongTypeError, wrong_type_message
from ..storage.locations import ServerUnreachableError

_SERVERS = {
    "psycopg": "PostgreSQL",
    "redis": "Redis",
    "elasticsearch": "Elasticsearch",
    "elastic_transport": "Elasticsearch",
}
# Replies by which Redis refuses work for now and for which the library has no class; in a pipeline the command
# precedes them, and in a script other text does.
_REFUSED = re.compile(r"(?:^|: |-)(?:OOM|MISCONF|READONLY|NOREPLICAS|UNBLOCKED|NOGROUP|BUSY) ")
# Classes of PostgreSQL's error codes that no value causes: privileges and schema, the state of the transaction,
# unsupported features, and the server's own failures.
_NOT_OF_DATA = {"08", "0A", "25", "28", "2D", "3B", "3D", "3F", "40", "42", "53", "55", "57", "58", "F0", "XX"}


def is_outage(problem: Exception) -> bool:
    """Whether a server is unavailable or failing, or a key is missing, so that the work should be retried."""
    import psycopg
    import redis
    from redis import exceptions as redis_errors

    if isinstance(problem, psycopg.Error) and problem.sqlstate is not None:
        return problem.sqlstate[:2] in _NOT_OF_DATA
    if isinstance(
        problem,
        ServerUnreachableError | WrongTypeError | KeysRefusedError | psycopg.OperationalError | psycopg.InterfaceError,
    ):
        return True
    if isinstance(
        problem,
        redis_errors.OutOfMemoryError
        | redis_errors.ReadOnlyError
        | redis_errors.ClusterError
        | redis_errors.TryAgainError
        | redis_errors.ExecAbortError,
    ):
        return True
    if isinstance(problem, redis.ResponseError):
        return WRONG in str(problem) or _REFUSED.search(str(problem)) is not None
    return isinstance(problem, redis.RedisError | redis_errors.RedisClusterException)


def describe_outage(problem: Exception) -> str:
    """The server that a problem comes from and its kind, without its text, which may hold values.

    Messages without values are returned whole: ids of missing keys, the location of an unreachable server, and which of
    decisor's keys in Redis has another type than decisor's.
    """
    if isinstance(problem, KeysRefusedError | WrongTypeError):
        return str(problem)
    if isinstance(problem, ServerUnreachableError):
        return problem.what
    kind = type(problem)
    if WRONG in str(problem) and kind.__module__.startswith("redis"):
        return wrong_type_message(problem)
    server = _SERVERS.get(kind.__module__.partition(".")[0])
    return f"{server}: {kind.__name__}" if server else kind.__name__


def place(problem: Exception) -> str:
    """The kind of a problem and where it arose."""
    frames = extract_tb(problem.__traceback__)
    return (
        f"{type(problem).__name__} at {frames[-1].filename}:{frames[-1].lineno}" if frames else describe_outage(problem)
    )
