"""The servers of a command: found in the environment or in the workspace, connected to when they are first used."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .command import CannotRunError
from .finding import nearest_workspace
from .opening import add_workspace, workspace_root

if TYPE_CHECKING:
    from psycopg import Connection

    from ..encryption.vault import Vault
    from ..ir.types import Catalogue
    from ..storage.locations import Locations

_ENCRYPTION = f"{__package__.rpartition('.')[0]}.encryption"  # imported late, as it is slow


def add_servers(parser: argparse.ArgumentParser) -> None:
    """The option that names the workspace, whose servers are used where the environment names none."""
    add_workspace(parser)


class Servers:
    """The connections of one command, closed at its end; `root` is the workspace, None outside of one."""

    def __init__(self, root: Path | None, environ: Mapping[str, str] = os.environ) -> None:
        self.root = root
        self._environ = environ
        self._open = ExitStack()

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """The servers that the command's options and the environment name."""
        from ..storage.failures import hide_values_in_tracebacks

        hide_values_in_tracebacks()
        given: Path | None = options.workspace
        return cls(workspace_root(given) if given is not None else nearest_workspace(Path.cwd()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()
        said = _said(error)
        if said is not None:
            raise CannotRunError(said) from None

    @cached_property
    def locations(self) -> Locations:
        """Where the servers are."""
        from ..storage.locations import locations_of

        return locations_of(self.root, self._environ)

    @cached_property
    def redis(self) -> Any:
        """A client of Redis. Raises CannotRunError when none is configured or it does not answer."""
        return self.another_redis()

    def another_redis(self) -> Any:
        """One more client of Redis; closed with the others. Raises CannotRunError as `redis` does."""
        from ..storage.redis_client import connect_redis

        url = self._named("redis", self.locations.redis)
        client = self._connected(lambda: connect_redis(url))
        self._open.callback(client.close)
        return client

    @cached_property
    def postgres(self) -> Connection:
        """A connection to PostgreSQL in autocommit. Raises CannotRunError as `redis` does."""
        return self.another_postgres("decisor")

    def another_postgres(self, application: str) -> Connection:
        """One more connection in autocommit, under a name that the server shows; closed with the others."""
        from ..storage.postgres import connect_postgres

        url = self._named("postgres", self.locations.postgres)
        connection: Connection = self._connected(
            lambda: connect_postgres(url, autocommit=True, application=application)
        )
        self._open.callback(connection.close)
        return connection

    @cached_property
    def elasticsearch(self) -> Any:
        """A client of Elasticsearch, or None where none is configured.

        Raises CannotRunError when it does not answer, and when the workspace's own has ended: nobody silently does
        without it.
        """
        from ..storage.elasticsearch import connect_elasticsearch

        if self.locations.elasticsearch is None and "elasticsearch" not in self.locations.ended:
            return None
        client = self._connected(lambda: connect_elasticsearch(self.locations))
        self._open.callback(client.close)
        return client

    @staticmethod
    def _connected(connect: Callable[[], Any]) -> Any:
        from ..storage.locations import ServerUnreachableError

        try:
            return connect()
        except ServerUnreachableError as problem:
            raise CannotRunError(str(problem)) from None

    def _named(self, name: str, url: str | None) -> str:
        if url is None:
            raise CannotRunError(": ".join(self.locations.missing(name)))
        return url


def _said(error: BaseException | None) -> str | None:
    """What to say of a server that failed on the way, or of keys; None of anything else.

    A server's own words may hold values.
    """
    kind = type(error)
    library = kind.__module__.partition(".")[0]
    if kind.__module__.startswith(f"{_ENCRYPTION}."):
        from ..encryption.cipher import UnsealError
        from ..encryption.key_file import KeysRefusedError

        if isinstance(error, KeysRefusedError | UnsealError):
            return str(error)
    if library == "psycopg":
        from psycopg import InterfaceError, OperationalError
        from psycopg.errors import InvalidSchemaName, UndefinedTable

        if isinstance(error, InvalidSchemaName | UndefinedTable):
            return "the database has not been migrated; `decisor up` does it, and so does `decisor worker`"
        if isinstance(error, OperationalError | InterfaceError):
            return f"PostgreSQL failed: {kind.__name__}; `decisor doctor` looks at the servers"
    if library == "redis":
        return f"Redis failed: {kind.__name__}; `decisor doctor` looks at the servers"
    return None


def vault_for(catalogue: Catalogue) -> Vault:
    """What seals and opens the catalogue's encrypted fields, with the environment's keys. Raises CannotRunError."""
    from ..encryption.key_file import KeysRefusedError
    from ..encryption.sealed_vault import vault_of

    try:
        return vault_of(catalogue, os.environ)
    except KeysRefusedError as problem:
        raise CannotRunError(str(problem)) from None


def alias_named() -> str:
    """The alias of the search index. Raises CannotRunError for a name that can be none."""
    from ..index.names import IndexRefusedError, alias_of

    try:
        return alias_of(os.environ)
    except IndexRefusedError as problem:
        raise CannotRunError(str(problem)) from None
