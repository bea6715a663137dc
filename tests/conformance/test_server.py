from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.storage.embedded.account import ServerUnavailableError
from engine.storage.embedded.elasticsearch import VERSION, distribution, jdk_home
from tests.servers.elasticsearch import running_server

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def test_server_maps_indexes_and_searches(elasticsearch: Elasticsearch, new_index: Callable[..., str]) -> None:
    index = new_index({"dynamic": "strict", "properties": {"country": {"type": "keyword"}, "bio": {"type": "text"}}})
    elasticsearch.index(index=index, id="a", document={"country": "US", "bio": "likes Jazz"})
    elasticsearch.index(index=index, id="b", document={"country": "CA"}, refresh=True)
    found = elasticsearch.search(index=index, query={"match": {"bio": "jazz"}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["a"]
    assert elasticsearch.count(index=index, query={"term": {"country": "CA"}})["count"] == 1


def test_server_is_of_the_pinned_version(elasticsearch: Elasticsearch) -> None:
    nodes = elasticsearch.nodes.info(filter_path="nodes.*.version")["nodes"]
    assert [node["version"] for node in nodes.values()] == [VERSION]


def test_every_new_index_has_its_own_name(new_index: Callable[..., str]) -> None:
    assert new_index() != new_index()


def test_second_user_of_a_run_gets_the_same_server(elasticsearch_url: str, elasticsearch_run: str) -> None:
    with running_server(elasticsearch_run) as url:
        assert url == elasticsearch_url


def test_missing_jdk_is_reported_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("engine.storage.embedded.elasticsearch.JDK_FOLDERS", ("no/such/folder/*",))
    monkeypatch.delenv("ES_JAVA_HOME", raising=False)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ServerUnavailableError, match="needs a full JDK 21 or newer, and none was found: install one"):
        jdk_home()


def test_missing_maven_is_reported_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DECISOR_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerUnavailableError, match="Maven, which fetches Elasticsearch, was not found: install it"):
        distribution()
