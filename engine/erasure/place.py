"""What a place of personal data must offer, and what places are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from ..encryption.vault import Vault
from ..storage.redis_protocol import RedisClient

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch
    from psycopg import Connection

# `record`: in the transaction with which an erasure begins. `outside`: after it, and once what was committed before has
# been published. `last`: in the transaction with which it ends; what the stages before need to be done again.
Stage = Literal["record", "outside", "last"]


class UnreachablePlaceError(RuntimeError):
    """A place cannot be looked at; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where places are; `key` is the name of the customer's key in events.

    Redis and Elasticsearch may be None; `refusals` say why, by the name of the store. `pause` is called between the
    steps of a long look, so that others come to their turn.
    """

    connection: Connection
    redis: RedisClient | None
    elasticsearch: Elasticsearch | None
    vault: Vault
    key: str
    index_alias: str = "customer_profiles"
    refusals: Mapping[str, str] = field(default_factory=dict)
    pause: Callable[[], None] = lambda: None

    def reached_redis(self) -> RedisClient:
        """The client of Redis. Raises UnreachablePlaceError."""
        if self.redis is None:
            unknown = "no Redis is known: DECISOR_REDIS_URL names one, `decisor up` starts one"
            raise UnreachablePlaceError(self.refusals.get("Redis", unknown))
        return self.redis


class Place(Protocol):
    """A place that holds something of customers."""

    @property
    def store(self) -> str:
        """The server: `PostgreSQL`, `Redis`, `Elasticsearch`."""
        ...

    @property
    def name(self) -> str:
        """The place, in the server's own words."""
        ...

    @property
    def stage(self) -> Stage:
        """When it is erased; a place outside of PostgreSQL is always `outside`."""
        ...

    def count(self, customer: str) -> int:
        """How many rows, entries or members of the customer there are."""
        ...

    def erase(self, customer: str) -> None:
        """Remove them; done twice, it is no error."""
        ...


@runtime_checkable
class PartlyClosed(Protocol):
    """A place of which not everything opens, so that nobody can tell whose it is."""

    @property
    def closed(self) -> tuple[int, ...]:
        """The numbers of what did not open when the place was last counted."""
        ...


def describe_problem(problem: Exception) -> str:
    """What a store said; texts of libraries may hold values, so only ours are repeated."""
    return str(problem) if type(problem).__module__.startswith("engine.") else type(problem).__name__
