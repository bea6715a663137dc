"""A rebuild of the index is killed at every step, and the next one ends with one live index that is what it must be."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.index.names import all_indices
from engine.index.rebuild import Rebuild
from tests.index_world import IndexWorld, index_world
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

ROOT = Path(__file__).parents[2]
POINTS = [
    "make:after 1",
    "send:before 5",
    "send:after 5",
    "page:after 3",
    "page:after 16",
    "compare:before 1",
    "compare:after 1",
    "switch:before 1",
    "switch:after 1",
    "tidy:after 1",
]


@pytest.fixture
def killed_index(wheel_database: Database, elasticsearch: Elasticsearch) -> Iterator[IndexWorld]:
    with index_world(wheel_database, elasticsearch) as made:
        yield made


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_rebuild_leaves_a_live_index_and_the_next_one_ends_well(
    point: str, killed_index: IndexWorld, elasticsearch_url: str
) -> None:
    killed_index.put({f"c-{number}": {"orders": number} for number in range(200)})
    first = killed_index.follower().catch_up()
    killed_index.put({"c-1": {"orders": 1_000}, "c-2": None})
    program = [
        sys.executable,
        "-m",
        "tests.faults.doomed_index",
        killed_index.database.url,
        elasticsearch_url,
        killed_index.alias,
    ]
    doomed = subprocess.run([*program, *point.split()], cwd=ROOT, capture_output=True, text=True, check=False)
    assert doomed.returncode == -signal.SIGKILL, doomed.stderr
    switched = point in {"switch:after 1", "tidy:after 1"}
    assert (killed_index.live().name == first.name) != switched
    killed_index.put({"c-3": None, "c-4": {"orders": 4_000}, "new": {}})
    killed_index.follower().catch_up()
    check(killed_index)
    done = Rebuild(killed_index.connect, killed_index.client, killed_index.catalogue, alias=killed_index.alias).run()
    killed_index.follower().catch_up()
    check(killed_index)
    roles = {each.name: each.role for each in all_indices(killed_index.client, killed_index.alias)}
    assert roles == {done.live: "live", done.previous: "previous"}


def check(world: IndexWorld) -> None:
    """The live index shows what PostgreSQL holds, and no index shows whom it does not."""
    kept = world.kept()
    assert {key: each.get("orders") for key, each in world.shown().items()} == {
        key: each.get("orders") for key, each in kept.items()
    }
    for index in all_indices(world.client, world.alias):
        assert world.shown(index).keys() <= kept.keys()
