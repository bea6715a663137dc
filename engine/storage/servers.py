"""Clients of the servers that the environment or a workspace names; each connects when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from .locations import Locations, ServerMissingError, ServerUnreachableError, locations_of

if TYPE_CHECKING:
    from psycopg import Connection


class Servers:
    """The connections of one process, closed together; `root` is the workspace, None outside of one."""

    def __init__(self, root: Path | None, environ: Mapping[str, str]) -> None:
        self.root = root
        self._environ = environ
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    @cached_property
    def locations(self) -> Locations:
        """Where the servers are."""
        return locations_of(self.root, self._environ)

    @cached_property
    def redis(self) -> Any:
        """A client of Redis. Raises ServerUnreachableError when none is known or it does not answer."""
        return self.another_redis()

    def another_redis(self) -> Any:
        """One more client of Redis; closed with the others. Raises ServerUnreachableError as `redis` does."""
        from .redis_client import connect_redis

        url = self._require_url("redis", self.locations.redis)
        client = self._connect(lambda: connect_redis(url))
        self._open.callback(client.close)
        return client

    @cached_property
    def postgres(self) -> Connection:
        """A connection to PostgreSQL in autocommit. Raises ServerUnreachableError as `redis` does."""
        return self.another_postgres("decisor")

    def another_postgres(self, application: str) -> Connection:
        """One more connection in autocommit, under a name that the server shows; closed with the others."""
        from .postgres import connect_postgres

        url = self._require_url("postgres", self.locations.postgres)
        connection: Connection = self._connect(lambda: connect_postgres(url, autocommit=True, application=application))
        self._open.callback(connection.close)
        return connection

    @cached_property
    def elasticsearch(self) -> Any:
        """A client of Elasticsearch, or None where none is configured.

        Raises ServerUnreachableError when it does not answer, and when the workspace's own has ended: work never
        silently continues without it.
        """
        from .elasticsearch import connect_elasticsearch

        if self.locations.elasticsearch is None and "elasticsearch" not in self.locations.ended:
            return None
        client = self._connect(lambda: connect_elasticsearch(self.locations))
        self._open.callback(client.close)
        return client

    def refuse(self, problem: ServerUnreachableError) -> NoReturn:
        """Raise the error; a face may override this to report it in its own way."""
        raise problem

    def _connect(self, connect: Callable[[], Any]) -> Any:
        try:
            return connect()
        except ServerUnreachableError as problem:
            self.refuse(problem)

    def _require_url(self, name: str, url: str | None) -> str:
        if url is None:
            self.refuse(ServerMissingError(*self.locations.missing(name)))
        return url
