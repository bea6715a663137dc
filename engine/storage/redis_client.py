"""Connections to Redis: a single server (over TCP, TLS or a Unix socket), or a Cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from .locations import QUOTING, ServerUnreachableError, has_unquoted_delimiter, misread_url, redact, without_secrets
from .redis_protocol import RedisClient

if TYPE_CHECKING:
    import redis

    Client = TypeVar("Client", redis.Redis, redis.RedisCluster)

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0  # a blocking command must not block for longer
CLUSTER: Final = "+cluster"
SCHEMES: Final = ("redis", "rediss", "unix", f"redis{CLUSTER}", f"rediss{CLUSTER}")


def connect_redis(url: str) -> RedisClient:
    """A client whose server has answered; its replies are bytes. Raises ServerUnreachableError.

    `redis://`, `rediss://` (TLS) and `unix://` name a single server; `redis+cluster://` and `rediss+cluster://` name
    any node of a Cluster. A failed command is not sent again: the sender knows whether it may be repeated.
    """
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES or "://" not in url:
        raise ServerUnreachableError(f"Redis: `{redact(url)}` is not a URL of Redis", f"write {_forms()}")
    try:
        client = _cluster(url.replace(CLUSTER, "", 1)) if scheme.endswith(CLUSTER) else _single(url)
        return cast("RedisClient", client)
    except ImportError as problem:
        what = f"Redis: its client cannot be imported ({problem})"
        raise ServerUnreachableError(what, "pip install 'decisor[redis]'") from None
    except Exception as problem:
        from redis.exceptions import RedisClusterException, RedisError

        # RedisClusterException is not a RedisError.
        if not isinstance(problem, RedisError | RedisClusterException | ValueError | TypeError | OSError):
            raise
        raise _unreachable(url, problem) from None


def cluster_of(client: Any) -> Any:
    """The client itself, where it is one of a Cluster and so knows about nodes; None otherwise."""
    from redis import RedisCluster

    return client if isinstance(client, RedisCluster) else None


def _single(url: str) -> redis.Redis:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options = _options()
    if url.startswith("unix:"):
        del options["socket_keepalive"]
    client: redis.Redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)
    return _ping(client)


def _cluster(url: str) -> redis.RedisCluster:
    from redis import RedisCluster
    from redis.backoff import ExponentialBackoff
    from redis.retry import Retry

    # After a failover, the node is looked up again for about a second.
    return _ping(RedisCluster.from_url(url, retry=Retry(ExponentialBackoff(cap=0.5, base=0.1), 3), **_options()))


def _ping(client: Client) -> Client:
    try:
        client.ping()
    except BaseException:
        client.close()
        raise
    return client


def _options() -> dict[str, Any]:
    return {
        "decode_responses": False,
        "protocol": 2,  # the same answers from every version of server and client
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
        "socket_keepalive": True,
    }


def _unreachable(url: str, problem: Exception) -> ServerUnreachableError:
    from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

    if has_unquoted_delimiter(url):
        return misread_url("redis", url)
    said = without_secrets(str(problem), url) or type(problem).__name__
    match problem:
        case AuthenticationError() | NoPermissionError():
            mend = "check the user and the password in DECISOR_REDIS_URL"
        case ResponseError():
            mend = "`redis+cluster://` is for a Cluster, `redis://` for a single server"
        case ValueError() | TypeError():  # a parameter that the library does not know is a TypeError
            mend = f"write {_forms()}; {QUOTING}"
        case _:
            mend = "start it, or correct DECISOR_REDIS_URL; without that variable `decisor up` starts a server"
    return ServerUnreachableError(f"Redis at `{redact(url)}` cannot be reached: {said}", mend)


def _forms() -> str:
    return (
        "`redis://HOST:PORT/0`, `rediss://…` for TLS, `redis+cluster://…` or `rediss+cluster://…` for a Cluster, or"
        " `unix:///PATH`"
    )
