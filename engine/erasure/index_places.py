"""The places in Elasticsearch: every index of profiles, live, being built or replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..index import cursors
from ..index.bulk import GONE
from ..index.names import all_indices
from ..storage.partitions import partition_of
from .place import Place, Stage, Stores, UnreachablePlaceError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

LOCK_MS: Final = 10_000  # how long a writer is waited for


def index_places(stores: Stores) -> Iterator[Place]:
    """One place for all indices; none where no index follows this database and no server is known."""
    if stores.elasticsearch is not None or "Elasticsearch" in stores.refusals or _has_followers(stores):
        yield Indices(stores)


def _has_followers(stores: Stores) -> bool:
    row = stores.connection.execute("SELECT EXISTS (SELECT FROM follower)").fetchone()
    return bool(row and row[0])


@dataclass(frozen=True, slots=True)
class Indices:
    """The customer's document in each index."""

    stores: Stores
    store: str = "Elasticsearch"
    stage: Stage = "outside"

    @property
    def name(self) -> str:
        """The alias, and the indices that have its name as a prefix."""
        return f"{self.stores.index_alias}-*"

    def count(self, customer: str) -> int:
        """In how many indices the customer has a document, searched after a refresh."""
        client = self._client()
        names = self._names()
        if not names:
            return 0
        client.indices.refresh(index=names)
        query = {"ids": {"values": [customer]}}
        return int(client.count(index=names, query=query)["count"])

    def erase(self, customer: str) -> None:
        """Delete the documents, for good: whoever has read the customer's row has written it before, or never will.

        Writers hold the cursors of what they write while they do (see index/cursors.py), also one that has fallen
        asleep; and where they have lost them, they do not write. So the cursors are waited for.
        """
        from psycopg.errors import LockNotAvailable

        client, connection = self._client(), self.stores.connection
        indices = all_indices(client, self.stores.index_alias)
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS}".encode())
                cursors.read(connection, indices, [partition_of(customer)], "wait")
                for index in indices:
                    _delete(client, index.name, customer)
        except LockNotAvailable:
            raise UnreachablePlaceError(
                "a worker has read customers and not yet written them: it sleeps, or Elasticsearch is busy"
            ) from None

    def _client(self) -> Any:
        if self.stores.elasticsearch is None:
            unknown = (
                "an index follows this database, and no Elasticsearch is known: DECISOR_ELASTICSEARCH_URL names it, or"
                " `decisor up --elasticsearch` starts the workspace's"
            )
            raise UnreachablePlaceError(self.stores.refusals.get("Elasticsearch", unknown))
        return self.stores.elasticsearch

    def _names(self) -> list[str]:
        return [each.name for each in all_indices(self._client(), self.stores.index_alias)]


def _delete(client: Elasticsearch, name: str, customer: str) -> None:
    from elasticsearch import ConflictError, NotFoundError

    try:
        client.delete(index=name, id=customer, version=GONE, version_type="external_gte")
    except NotFoundError:
        return  # there was none, and now there is a mark that there is to be none
    except ConflictError:
        client.delete(index=name, id=customer)
