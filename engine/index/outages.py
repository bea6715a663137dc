"""Why the index does not follow the outbox, in messages without values."""

from __future__ import annotations

from ..storage.locations import ServerUnreachableError
from .bulk import IndexUnavailableError
from .names import IndexRefusedError


def reason_of(problem: Exception) -> str | None:
    """The reason, None for a problem that does not concern the index or its servers."""
    from elasticsearch import ApiError, TransportError
    from psycopg import Error as PostgresError

    name = type(problem).__name__
    if isinstance(problem, ServerUnreachableError | IndexRefusedError):
        return str(problem)
    if isinstance(problem, IndexUnavailableError):
        return f"Elasticsearch: {problem}"
    if isinstance(problem, ApiError):
        return f"Elasticsearch answered {problem.status_code}"
    if isinstance(problem, TransportError):
        return f"Elasticsearch cannot be reached: {name}"
    if isinstance(problem, PostgresError):
        return f"PostgreSQL: {name}"
    return None
