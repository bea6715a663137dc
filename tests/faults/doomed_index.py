"""A rebuild of the index that kills itself at the COUNT-th pass of POINT.

Called as `doomed_index.py POSTGRES_URL ELASTICSEARCH_URL ALIAS POINT COUNT`; a point is the beginning or the end of a
step: `page:before`, `page:after`.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from elasticsearch import Elasticsearch

from engine.profiles.index import rebuild
from engine.profiles.index.bulk import Bulk
from engine.profiles.index.comparing import Comparison
from engine.storage.postgres import connect_postgres
from tests.index_world import CATALOGUE

STEPS: dict[str, tuple[Any, str]] = {
    "make": (rebuild, "make_next"),
    "send": (Bulk, "send"),
    "page": (rebuild, "fill_page"),
    "compare": (Comparison, "all"),
    "switch": (rebuild.Rebuild, "_switch"),
    "tidy": (rebuild, "tidy"),
}


def doom(point: str, count: int) -> None:
    """Nothing; the COUNT-th pass of the point is the last thing that this process does."""
    step, _, side = point.partition(":")
    holder, name = STEPS[step]
    original = getattr(holder, name)
    passes = 0

    def doomed(*arguments: Any, **options: Any) -> Any:
        nonlocal passes
        passes += 1
        if side == "before" and passes == count:
            os.kill(os.getpid(), signal.SIGKILL)
        found = original(*arguments, **options)
        if side == "after" and passes == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(holder, name, doomed)


def main() -> None:
    """Nothing; rebuilds as far as the doom allows."""
    postgres, url, alias, point, count = sys.argv[1:]
    doom(point, int(count))
    with Elasticsearch(url, request_timeout=60) as client:
        rebuild.Rebuild(lambda: connect_postgres(postgres, autocommit=True), client, CATALOGUE, alias=alias).run()


if __name__ == "__main__":
    main()
