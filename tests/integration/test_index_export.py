"""The customers whom a query selects, read out of a real index in the order of their keys' bytes."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from engine.index import export as exporting
from engine.index.bulk import Bulk, Write
from engine.index.export import AHEAD, PartialAnswerError, export_ids, export_pages
from engine.index.making import is_empty
from engine.index.names import ProfileIndex, create_index
from engine.ir.types import Catalogue, Field
from tests.waiting import until

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (Field("half", "boolean"), Field("visits", "object", many=True, fields=(Field("page", "keyword"),))),
)
EVERYBODY: dict[str, Any] = {"match_all": {}}
HALF = {"bool": {"filter": [{"term": {"half": True}}]}}
STARTS = [
    "a",
    "Z",
    "é",
    "ß",
    "\u0000",
    " ",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\uffff",
    "\U00010000",
    "😀",
    "\U0010ffff",
    '"\\',
]


def keys_of(count: int) -> list[str]:
    random_ = random.Random(5)
    found = {f"{random_.choice(STARTS)}{random_.choice(STARTS)}{number}" for number in range(count)}
    return sorted(found | set(STARTS), key=str.encode)


@pytest.fixture(scope="module")
def keys() -> list[str]:
    return keys_of(3_000)


@pytest.fixture(scope="module")
def index(elasticsearch: Elasticsearch, keys: list[str]) -> Iterator[ProfileIndex]:
    made = create_index(elasticsearch, CATALOGUE, 1, "live", "export_test")
    shuffled = list(enumerate(keys))
    random.Random(6).shuffle(shuffled)
    for start in range(0, len(shuffled), 500):
        Bulk(elasticsearch).send(
            Write(made, key, 1, _document(key, place)) for place, key in shuffled[start : start + 500]
        )
        elasticsearch.indices.refresh(index=made.name)
    yield made
    elasticsearch.indices.delete(index=made.name)


def _document(key: str, place: int) -> bytes:
    body = {"customer_id": key, "half": place % 2 == 0, "visits": [{"page": "a"}, {"page": "b"}]}
    return json.dumps(body, ensure_ascii=False).encode()


@pytest.mark.parametrize("slices", [1, 2, 4])
@pytest.mark.parametrize("page", [7, 1_000, 10_000])
def test_ids_come_in_the_order_of_their_bytes_each_once(
    elasticsearch: Elasticsearch, index: ProfileIndex, keys: list[str], slices: int, page: int
) -> None:
    wanted = keys[::2] if page > 7 else keys[:400]
    query = HALF if page > 7 else {"range": {"customer_id": {"lte": keys[399]}}}
    assert list(export_ids(elasticsearch, index, query, slices=slices, page=page)) == wanted


def test_pages_follow_each_other(elasticsearch: Elasticsearch, index: ProfileIndex, keys: list[str]) -> None:
    pages = list(export_pages(elasticsearch, index, EVERYBODY, slices=2, page=100))
    assert [each for page in pages for each in page] == keys
    assert all(pages)


def test_nobody_is_selected(elasticsearch: Elasticsearch, index: ProfileIndex) -> None:
    assert list(export_ids(elasticsearch, index, {"match_none": {}}, slices=2)) == []


def test_one_lucene_segment_is_read_as_well(elasticsearch: Elasticsearch, index: ProfileIndex, keys: list[str]) -> None:
    elasticsearch.indices.forcemerge(index=index.name, max_num_segments=1)
    assert list(export_ids(elasticsearch, index, EVERYBODY, slices=4, page=50)) == keys


def test_what_changes_meanwhile_is_not_seen(elasticsearch: Elasticsearch, index: ProfileIndex, keys: list[str]) -> None:
    ids = export_ids(elasticsearch, index, EVERYBODY, slices=1, page=10)
    first = next(ids)
    Bulk(elasticsearch).send([Write(index, "\U0010fffflate", 1, b'{"customer_id":"\xf4\x8f\xbf\xbflate"}')])
    elasticsearch.indices.refresh(index=index.name)
    assert [first, *ids] == keys
    Bulk(elasticsearch).send([Write(index, "\U0010fffflate", 2, None)])


def test_leaving_early_stops_the_threads_and_closes_the_view(elasticsearch: Elasticsearch, index: ProfileIndex) -> None:
    ids = export_ids(elasticsearch, index, EVERYBODY, slices=2, page=5)
    next(ids)
    assert any(each.name.startswith("export-") for each in threading.enumerate())
    ids.close()  # type: ignore[attr-defined]
    assert not any(each.name.startswith("export-") for each in threading.enumerate())
    stats = elasticsearch.indices.stats(index=index.name, metric="search")["indices"][index.name]
    assert stats["total"]["search"]["open_contexts"] == 0


def test_readers_are_ahead_by_a_bounded_number_of_pages(elasticsearch: Elasticsearch, index: ProfileIndex) -> None:
    before = _searches(elasticsearch, index)
    ids = export_ids(elasticsearch, index, EVERYBODY, slices=1, page=10)
    next(ids)
    threading.Event().wait(1.0)
    assert _searches(elasticsearch, index) - before <= AHEAD + 3
    ids.close()  # type: ignore[attr-defined]


def test_a_view_stays_however_slowly_its_pages_are_taken(
    elasticsearch: Elasticsearch, index: ProfileIndex, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "KEEP_ALIVE_SECONDS", 4)
    ids = export_ids(elasticsearch, index, EVERYBODY, slices=2, page=10)
    first = next(ids)
    ahead = _searches(elasticsearch, index)
    until(lambda: _searches(elasticsearch, index) >= ahead + 12, pause=0.2)  # a second apart, of two readers each
    assert [first, *ids] == keys


def test_a_view_that_is_lost_is_opened_anew_and_nobody_is_missing_or_there_twice(
    elasticsearch: Elasticsearch, index: ProfileIndex, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "KEEP_ALIVE_SECONDS", 1)
    monkeypatch.setattr(exporting, "RENEWALS", 0.0)  # as if this process stood still
    pages = export_pages(elasticsearch, index, EVERYBODY, slices=2, page=100)
    found = next(pages)
    _wait_until_no_view_is_open(elasticsearch, index)
    monkeypatch.setattr(exporting, "KEEP_ALIVE_SECONDS", 300)
    for page in pages:
        found += page
    assert found == keys


def test_a_view_that_is_lost_before_anything_was_read_is_an_error(
    elasticsearch: Elasticsearch, index: ProfileIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = elasticsearch.open_point_in_time

    def closed_at_once(**options: Any) -> Any:
        view = opened(**options)
        elasticsearch.close_point_in_time(id=view["id"])
        return view

    monkeypatch.setattr(elasticsearch, "open_point_in_time", closed_at_once)
    with pytest.raises(PartialAnswerError, match="gave up a view"):
        list(export_ids(elasticsearch, index, EVERYBODY))


def _wait_until_no_view_is_open(client: Elasticsearch, index: ProfileIndex) -> None:
    until(lambda: not _total(client, index)["open_contexts"])


def _total(client: Elasticsearch, index: ProfileIndex) -> dict[str, int]:
    stats = client.indices.stats(index=index.name, metric="search")
    total: dict[str, int] = stats["indices"][index.name]["total"]["search"]
    return total


def _searches(client: Elasticsearch, index: ProfileIndex) -> int:
    stats = client.indices.stats(index=index.name, metric="search")
    return int(stats["indices"][index.name]["total"]["search"]["query_total"])


def test_a_query_that_the_server_refuses_is_raised(elasticsearch: Elasticsearch, index: ProfileIndex) -> None:
    from elasticsearch import BadRequestError

    with pytest.raises(BadRequestError):
        list(export_ids(elasticsearch, index, {"no_such_query": {}}, slices=2))


def test_an_answer_without_some_shards_is_raised(elasticsearch: Elasticsearch) -> None:
    from elasticsearch import ApiError

    made = create_index(elasticsearch, CATALOGUE, 1, "live", "export_partial")
    try:
        assert is_empty(elasticsearch, made)
        ids = export_ids(elasticsearch, made, {"term": {"half": "neither"}}, slices=1)
        with pytest.raises((PartialAnswerError, ApiError)):
            list(ids)
    finally:
        elasticsearch.indices.delete(index=made.name)
