"""What is logged while a server cannot be reached: one line when it begins, one when it is over."""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path
from typing import Final

from ..storage.locations import ServerUnreachableError
from .bulk import IndexUnavailableError
from .names import IndexRefusedError

LOG: Final = logging.getLogger(__name__)


class Outages:
    """Tells each outage once; a line never repeats a value."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._told = ""

    def tell(self, problem: Exception) -> None:
        """Something went wrong; a line where it is not what went wrong before."""
        said = _said(problem)
        if self._since is None:
            self._since = time.monotonic()
        if said != self._told:
            self._told = said
            LOG.warning("the index does not follow for now, and nothing is lost: %s", said)

    def over(self) -> None:
        """All is well; a line where it was not."""
        if self._since is not None:
            LOG.warning("the index follows again, after %.0f s", time.monotonic() - self._since)
            self._since, self._told = None, ""


def _said(problem: Exception) -> str:
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
    place = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{name} at {Path(place.filename).name}:{place.lineno}"
