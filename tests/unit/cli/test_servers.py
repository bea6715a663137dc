"""A server of the workspace that has ended is spoken of as such, and nobody silently does without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.storage.embedded.places import workspace_folder
from engine.storage.embedded.state import Server, record
from tests.unit.cli.conftest import Decisor

ENDED = Server("http://127.0.0.1:1", os.getpid(), "another boot/1", "/away")


@pytest.fixture
def ended(shop: Path, servers: None) -> None:
    """The shop with an Elasticsearch of its own that was killed."""
    workspace_folder(shop)
    record(shop, {"elasticsearch": ENDED})


def test_rebuild_is_refused_while_elasticsearch_of_the_workspace_is_down(decisor: Decisor, ended: None) -> None:
    said = f"Elasticsearch of this workspace (PID {os.getpid()}) has ended since"
    for command in (["segments", "rebuild", "vips"], ["index", "status"], ["worker", "--drain"]):
        done = decisor(*command)
        assert done.code == 2
        assert said in done.err
        assert "`decisor up --elasticsearch` starts it again" in done.err
    assert "`--from postgres` works without the index" in decisor("segments", "rebuild", "vips").err
    assert decisor("segments", "rebuild", "vips", "--silent", "--from", "postgres").code == 0


def test_servers_that_were_killed_are_spoken_of(
    shop: Path, decisor: Decisor, ended: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(shop, {"redis": ENDED, "postgres": ENDED})
    monkeypatch.delenv("DECISOR_REDIS_URL")
    monkeypatch.delenv("DECISOR_POSTGRES_URL")
    for command in (["ingest", "-"], ["segments", "count", "vips"], ["segments", "explain", "vips", "c-1"]):
        done = decisor(*command)
        assert done.code == 2
        assert f" of this workspace (PID {os.getpid()}) has ended since: `decisor up` starts it again" in done.err
