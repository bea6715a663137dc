"""Sets that are built from what was read before somebody was erased do not bring them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from engine.erasure.erasure import Erasure
from engine.erasure.place import Stores
from engine.index.export import export_pages
from engine.segments import engine as filling
from engine.segments.algebra import combine, filter_members, store
from engine.segments.claim import hold_claim
from engine.segments.engine import SegmentationEngine
from engine.segments.sets import segments_of
from engine.storage import keys
from engine.worker.publish import settle
from tests.integration.test_segments_rebuild import filled
from tests.live_world import World

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

EVERYBODY = {
    "name": "everybody",
    "conditions": [
        {"any": [{"field": "country", "operator": "exists"}, {"not": {"field": "country", "operator": "exists"}}]}
    ],
}


def erase(world: World, customer: str) -> None:
    with world.connect("tests") as connection:
        stores = Stores(connection, world.redis, world.elasticsearch, world.vault, "customer_id", world.alias)
        report = Erasure(stores, lambda upto: settle(connection, world.redis, upto, world.vault)).erase(
            customer, world.now_ms
        )
    assert report.done, report
    world.oracle.forget(customer)


def left(world: World, customer: str) -> list[str]:
    """The sets that name the customer, and the customer's own."""
    names = [name.decode() for name in world.redis.scan_iter(match="*segment:*")]
    found = [name for name in names if world.redis.type(name) == b"set" and world.redis.sismember(name, customer)]
    return found + segments_of(world.redis, customer)


@pytest.fixture
def engine(searched_world: World) -> SegmentationEngine:
    world = filled(searched_world)
    world.redis.delete(keys.RUNNING)
    return SegmentationEngine(
        world.elasticsearch, world.redis, world.program, clock=lambda: world.now_ms, alias=world.alias
    )


def test_an_engine_does_not_bring_back_somebody_who_is_erased_while_it_exports(
    searched_world: World, engine: SegmentationEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = searched_world
    customers = sorted(world.oracle.events)
    first, last = customers[0], customers[-1]

    def erasing(client: Elasticsearch, index: Any, query: Any) -> Iterator[Sequence[str]]:
        for number, page in enumerate(export_pages(client, index, query, slices=2, page=5)):
            yield page
            if number == 0:
                erase(world, first)
                erase(world, last)

    monkeypatch.setattr(filling, "export_pages", erasing)
    assert engine.create_dynamic_segment(EVERYBODY) == len(customers) - 2
    assert world.members("everybody") == set(customers) - {first, last}
    assert left(world, first) == left(world, last) == []
    assert list(world.redis.keys("{segment:*")) == []


def test_nor_while_customers_own_sets_follow(
    searched_world: World, engine: SegmentationEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = searched_world
    person = min(world.oracle.events)
    turns: list[Callable[[], None]] = [lambda: erase(world, person)]

    def erasing(*given: Any, **options: Any) -> Iterator[Any]:
        for page in filter_members(*given, **options):
            if turns and person.encode() in page:
                turns.pop()()
            yield page

    monkeypatch.setattr(filling, "filter_members", erasing)
    engine.create_dynamic_segment(EVERYBODY)
    assert not turns
    assert left(world, person) == []
    assert list(world.redis.keys("{segment:*")) == []


def test_nor_does_a_combination_that_is_stored(live_world_anywhere: World) -> None:
    world = filled(live_world_anywhere)
    person = min(world.members("local"))

    def erasing(pages: Iterator[Sequence[bytes]]) -> Iterator[Sequence[bytes]]:
        for page in pages:
            erase(world, person)
            yield page

    with hold_claim(world.redis, "stored") as claim:
        pages = erasing(combine(world.redis, "union", ["local"]))
        assert store(world.redis, claim.during(pages), "stored", claim=claim) == len(world.members("local"))
    assert left(world, person) == []
    with hold_claim(world.redis, "nobody") as claim:
        only = erasing(iter([[person.encode()]]))
        assert store(world.redis, claim.during(only), "nobody", claim=claim) == 0
    assert left(world, person) == []


def test_what_was_built_before_something_failed_is_thrown_away(live_world_anywhere: World) -> None:
    def failing() -> Iterator[Sequence[bytes]]:
        yield [b"c-1"]
        raise TimeoutError

    redis = live_world_anywhere.redis
    with hold_claim(redis, "stored") as claim, pytest.raises(TimeoutError):
        store(redis, claim.during(failing()), "stored", claim=claim)
    assert list(redis.scan_iter(match="*segment:*")) == []
