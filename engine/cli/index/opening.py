"""What the commands on the index begin with: the client of the cluster, and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..command import CannotRunError
from ..servers import Servers


def cluster(servers: Servers) -> Any:
    """A client of Elasticsearch. Raises CannotRunError where none is known."""
    if servers.elasticsearch is None:
        raise CannotRunError(
            "no Elasticsearch is configured: set DECISOR_ELASTICSEARCH_URL, or start one with `decisor"
            " up --elasticsearch`"
        )
    return servers.elasticsearch


@contextmanager
def refusals() -> Iterator[None]:
    """Turn refusals of the index and errors of the cluster into CannotRunError."""
    from elasticsearch import ApiError, TransportError

    from ...index.bulk import IndexUnavailableError
    from ...index.export import PartialAnswerError
    from ...index.names import IndexRefusedError
    from ...index.rebuild import RebuildRefusedError

    try:
        yield
    except (IndexRefusedError, RebuildRefusedError, PartialAnswerError) as problem:
        raise CannotRunError(str(problem)) from None
    except IndexUnavailableError as problem:
        raise CannotRunError(f"Elasticsearch: {problem}") from None
    except ApiError as problem:
        raise CannotRunError(f"Elasticsearch answered {problem.status_code}; its log says why") from None
    except TransportError as problem:
        raise CannotRunError(f"Elasticsearch cannot be reached: {type(problem).__name__}") from None
