from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from engine.ir.predicate import All, Bounds, Circle, Events, InList, Leaf, Not, Now, Predicate
from engine.ir.types import Catalogue, Field
from engine.operators.core import Unsupported
from engine.runtime.matcher import Matcher
from engine.segments.parquet import segment_members, segment_sizes, write_profiles

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("spend", "number"),
        Field("seen", "date"),
        Field("home", "geo_point"),
    ),
)
NOW_MS = 1_774_746_000_000
LISTS = {"vips": ("c1", "c7")}
SEGMENTS: dict[str, Predicate] = {
    "abroad": Not(Leaf("country", "equals", "US")),
    "dear": All((Leaf("spend", "range", Bounds(100.0, None), "number"), Leaf("country", "in", ("US", "CA")))),
    "fans": Leaf("bio", "contains", "jazz", "text"),
    "new": Not(Leaf("seen", "exists", None, "date")),
    "recent": Leaf("seen", "range", Bounds(Now(-86_400_000), Now()), "date"),
    "tagged": Leaf("tags", "contains", "vip", many=True),
    "vips": InList("vips"),
}
SEEN = ("2026-03-28T12:00:00.000Z", "2026-03-01T00:00:00.000Z")


def drawn(source: Random, number: int) -> dict[str, object]:
    possible: dict[str, object] = {
        "country": source.choice(("US", "CA", "DE")),
        "tags": source.sample(("vip", "new", "old"), 2),
        "bio": source.choice(("Free Jazz!", "a quiet life", "")),
        "spend": source.choice((99.5, 100.0, 250.0)),
        "seen": source.choice(SEEN),
    }
    kept = {name: value for name, value in possible.items() if source.random() < 0.7}
    return {"customer_id": f"c{number}", **kept}


@pytest.fixture(scope="module")
def profiles() -> list[dict[str, object]]:
    source = Random(7)
    return [drawn(source, number) for number in range(300)]


@pytest.fixture(scope="module")
def path(profiles: list[dict[str, object]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("it's") / "profiles.parquet"
    assert write_profiles(found, profiles, CATALOGUE) == len(profiles)
    return found


def members(profiles: list[dict[str, object]], segment: str) -> list[str]:
    match = Matcher([(segment, SEGMENTS[segment])], LISTS, "customer_id").match
    return [str(profile["customer_id"]) for profile in profiles if match(profile, NOW_MS)]


def test_sizes_are_those_that_the_matcher_finds(path: Path, profiles: list[dict[str, object]]) -> None:
    expected = {name: len(members(profiles, name)) for name in SEGMENTS}
    found = segment_sizes(path, SEGMENTS, CATALOGUE, now_ms=NOW_MS, lists=LISTS)
    assert found.members == expected
    assert all(0 < size < len(profiles) for size in expected.values())


@pytest.mark.parametrize("segment", SEGMENTS)
def test_members_are_those_that_the_matcher_finds(segment: str, path: Path, profiles: list[dict[str, object]]) -> None:
    found = segment_members(path, SEGMENTS[segment], CATALOGUE, now_ms=NOW_MS, lists=LISTS)
    assert not isinstance(found, Unsupported)
    assert sorted(found) == sorted(members(profiles, segment))


def test_what_sql_cannot_say_is_told_and_the_rest_is_counted(path: Path) -> None:
    near = Leaf("home", "within_distance", Circle(52.5, 13.4, 1_000.0), "geo_point")
    buyers = Events("purchase", "count", Leaf("value", "range", Bounds(1, None), "integer"))
    wanted = {"buyers": buyers, "fans": SEGMENTS["fans"], "near": near}
    found = segment_sizes(path, wanted, CATALOGUE, now_ms=NOW_MS)
    assert list(found.members) == ["fans"]
    assert sorted(found.unsupported) == ["buyers", "near"]
    assert all(found.unsupported.values())
    assert isinstance(segment_members(path, near, CATALOGUE, now_ms=NOW_MS), Unsupported)


def test_without_segments_nothing_is_counted(path: Path) -> None:
    assert segment_sizes(path, {}, CATALOGUE, now_ms=NOW_MS).members == {}
