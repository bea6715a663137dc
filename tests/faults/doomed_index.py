"""A rebuild of the index that kills itself at the COUNT-th pass of POINT.

Called as `doomed_index.py POSTGRES_URL ELASTICSEARCH_URL ALIAS POINT COUNT`; a point is the beginning or the end of a
step: `page:before`, `page:after`.
"""

from __future__ import annotations

import sys

from elasticsearch import Elasticsearch

from engine.index import rebuild
from engine.index.bulk import Bulk
from engine.index.comparing import Comparison
from engine.storage.postgres import connect_postgres
from tests.faults.doom import Steps, doom
from tests.index_world import CATALOGUE

STEPS: Steps = {
    "make": (rebuild, "make_next"),
    "send": (Bulk, "send"),
    "page": (rebuild, "fill_page"),
    "compare": (Comparison, "all"),
    "switch": (rebuild.Rebuild, "_switch"),
    "tidy": (rebuild, "tidy"),
}


def main() -> None:
    """Nothing; rebuilds as far as the doom allows."""
    postgres, url, alias, point, count = sys.argv[1:]
    doom(STEPS, point, int(count))
    with Elasticsearch(url, request_timeout=60) as client:
        rebuild.Rebuild(lambda: connect_postgres(postgres, autocommit=True), client, CATALOGUE, alias=alias).run()


if __name__ == "__main__":
    main()
