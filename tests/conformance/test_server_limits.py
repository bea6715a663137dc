"""The real server takes everything that lies within our limits, and the mapping refuses what it should."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from engine.compiler.mapping import index_document, index_mapping
from engine.compiler.targets.elasticsearch import Exact, compile_query
from engine.compiler.targets.limits import LEAVES_LIMIT, LEVELS_LIMIT, query_size
from engine.ir.instant import format_instant
from engine.ir.predicate import AllOf, AnyOf, Bounds, Circle, Element, InList, Leaf, Not, Predicate
from engine.ir.types import KEY_LIMIT, KEYWORD_LIMIT, LIST_LIMIT, Catalogue, Field
from engine.operators.geo import EARTH_RADIUS, distance
from engine.operators.membership import VALUES_LIMIT
from engine.operators.registry import lower
from engine.operators.surface import Operand, Refused

from .engines import ElasticsearchEngine

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

KEY = "customer_id"
CATALOGUE = Catalogue(
    "customer",
    KEY,
    (
        Field("country", "keyword"),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("points", "integer"),
        Field("spend", "number"),
        Field("seen", "date"),
        Field("home", "geo_point"),
        Field("born", "day"),
        Field("orders", "object", many=True, fields=(Field("amount", "number"), Field("at", "date"))),
    ),
)
LARGEST = "\U0001f600" * KEYWORD_LIMIT  # four bytes each
LONGEST_KEY = "k" * KEY_LIMIT


@pytest.fixture(scope="module")
def engine(elasticsearch: Elasticsearch) -> Iterator[ElasticsearchEngine]:
    index = f"limits-{uuid.uuid4().hex}"
    profiles: list[dict[str, Any]] = [
        {KEY: "none"},
        {KEY: "large", "country": LARGEST, "tags": [LARGEST], "bio": "jazz " * 1_000},
        {KEY: "many", "orders": [{"amount": float(number)} for number in range(LIST_LIMIT)]},
        {KEY: LONGEST_KEY, "points": 2**63 - 1, "spend": 5e-324, "seen": "9999-12-31T23:59:59.999Z"},
    ]
    yield ElasticsearchEngine.create(elasticsearch, index, CATALOGUE, profiles)
    elasticsearch.indices.delete(index=index)


def found(engine: ElasticsearchEngine, predicate: Predicate, lists: dict[str, list[str]] | None = None) -> set[str]:
    compiled = compile_query(predicate, CATALOGUE, lists)
    assert isinstance(compiled, Exact)
    size = query_size(compiled.query, CATALOGUE)
    assert size.levels <= LEVELS_LIMIT
    assert size.leaves <= LEAVES_LIMIT
    return set(engine.search([compiled.query])[0])


def test_server_keeps_the_longest_values(engine: ElasticsearchEngine) -> None:
    assert found(engine, Leaf("country", "equals", LARGEST)) == {"large"}
    assert found(engine, Leaf("tags", "contains", LARGEST, many=True)) == {"large"}
    assert found(engine, Leaf("points", "equals", 2**63 - 1, "integer")) == {LONGEST_KEY}
    assert found(engine, Leaf("spend", "range", Bounds(lower=0.0, lower_inclusive=False), "number")) == {LONGEST_KEY}


def test_server_finds_one_among_the_most_objects(engine: ElasticsearchEngine) -> None:
    last = Leaf("amount", "range", Bounds(lower=LIST_LIMIT - 1.0), "number")
    assert found(engine, Element("orders", last)) == {"many"}
    assert found(engine, Not(Element("orders", last))) == {"none", "large", LONGEST_KEY}


def test_server_takes_the_deepest_query(engine: ElasticsearchEngine) -> None:
    predicate: Predicate = Leaf("country", "equals", "US")
    for _ in range(LEVELS_LIMIT - 2):
        predicate = Not(predicate)
    compiled = compile_query(predicate, CATALOGUE)
    assert isinstance(compiled, Exact)
    assert query_size(compiled.query, CATALOGUE).levels == LEVELS_LIMIT
    assert found(engine, predicate) == {"none", "large", "many", LONGEST_KEY}


LEAVES: dict[str, list[Predicate]] = {
    "equals": [Leaf("country", "equals", f"c{number}") for number in range(LEAVES_LIMIT)],
    "number": [Leaf("spend", "range", Bounds(lower=float(number)), "number") for number in range(1, LEAVES_LIMIT + 1)],
    "integer": [Leaf("points", "range", Bounds(upper=-number), "integer") for number in range(LEAVES_LIMIT)],
    "date": [Leaf("seen", "range", Bounds(upper=format_instant(number)), "date") for number in range(LEAVES_LIMIT)],
    "exists": [Not(Leaf("country", "exists")) for _ in range(LEAVES_LIMIT)],
    "like": [Leaf("country", "like", f"*c{number}?*") for number in range(LEAVES_LIMIT)],
    "matches": [Leaf("country", "matches", f"(a|b){{1,9}}c{number}.*") for number in range(LEAVES_LIMIT)],
    "words": [
        Leaf("bio", "contains", " ".join(f"w{number}x{word}" for word in range(256)), "text") for number in range(4)
    ],
    "elements": [
        Element("orders", Leaf("amount", "range", Bounds(upper=-float(number + 1)), "number"))
        for number in range(LEAVES_LIMIT)
    ],
    "distance": [
        Leaf("home", "within_distance", Circle(1.0, number / 10, 5.0), "geo_point") for number in range(LEAVES_LIMIT)
    ],
}


@pytest.mark.parametrize("kind", sorted(LEAVES))
def test_server_takes_as_many_leaves_as_a_segment_may_have(engine: ElasticsearchEngine, kind: str) -> None:
    leaves = LEAVES[kind]
    expected = {"none", "many", LONGEST_KEY} if kind == "exists" else set()
    assert found(engine, AnyOf(tuple(leaves))) == expected
    assert found(engine, AllOf(tuple(Not(leaf) for leaf in leaves))) >= {"none"} - expected


def test_server_takes_the_longest_list_of_values(engine: ElasticsearchEngine) -> None:
    values = tuple(f"c{number}" for number in range(VALUES_LIMIT))
    assert found(engine, Leaf("country", "in", values)) == set()
    members = [*(f"c{number}" for number in range(VALUES_LIMIT - 1)), LONGEST_KEY]
    assert found(engine, InList("long"), {"long": members}) == {LONGEST_KEY}


@pytest.mark.parametrize("operator", ["starts_with", "ends_with", "substring", "like", "matches"])
def test_server_takes_the_longest_pattern(engine: ElasticsearchEngine, operator: str) -> None:
    for sign in ("a", "😀", "."):
        predicate = lower(Operand("country", Field("country", "keyword")), operator, sign * 256)
        assert not isinstance(predicate, Refused)
        expected = sign == "😀" and operator in {"starts_with", "ends_with", "substring"}
        assert found(engine, predicate) == ({"large"} if expected else set())


@pytest.mark.parametrize(
    "document",
    [
        {"country": ["US"], "unknown": 1},
        {"points": 5.7},
        {"points": "5"},
        {"spend": "5"},
        {"seen": "2026-03-01"},
        {"seen": 0},
        {"home": {"lat": 91, "lon": 0}},
        {"orders": [{"sku": "a"}]},
        {"born": {"date": "1990-13-01", "month_day": "13-01"}},
    ],
)
def test_mapping_refuses_what_the_border_refuses(
    elasticsearch: Elasticsearch, engine: ElasticsearchEngine, document: dict[str, Any]
) -> None:
    from elasticsearch import BadRequestError

    with pytest.raises(BadRequestError):
        elasticsearch.index(index=engine.index, document={KEY: "bad", **document})


def test_mapping_of_a_very_wide_catalogue_is_taken(elasticsearch: Elasticsearch) -> None:
    wide = Catalogue(
        "customer",
        KEY,
        (
            *(Field(f"f{number}", "day") for number in range(400)),
            *(Field(f"o{number}", "object", many=True, fields=(Field("a", "keyword"),)) for number in range(60)),
        ),
    )
    index = f"limits-{uuid.uuid4().hex}"
    ElasticsearchEngine.create(elasticsearch, index, wide, [{KEY: "a", "o59": [{"a": "x"}]}])
    elasticsearch.indices.delete(index=index)


def test_distances_agree_to_the_millimetre_at_the_rim(elasticsearch: Elasticsearch) -> None:
    """Points a hair inside and outside circles of all sizes, where the index's grid and rounding would show."""
    random = Random(5)
    centres = ((52.52, 13.405), (0.0, 0.0), (-33.8688, 151.2093), (89.9, 10.0), (10.0, 179.99), (-90.0, 0.0))
    lengths = (1.0, 10.0, 5_000.0, 500_000.0, 19e6)
    places = [
        _away(centre, max(0.0, length + random.uniform(-1, 1) * 10 ** random.uniform(-6, 0.5)), random)
        for centre in centres
        for length in lengths
        for _ in range(40)
    ]
    profiles = [{KEY: str(number), "home": {"lat": lat, "lon": lon}} for number, (lat, lon) in enumerate(places)]
    index = f"limits-{uuid.uuid4().hex}"
    engine = ElasticsearchEngine.create(elasticsearch, index, CATALOGUE, profiles)
    differences = []
    for centre in centres:
        for length in lengths:
            answer = found(engine, Leaf("home", "within_distance", Circle(*centre, length), "geo_point"))
            inside = {str(number) for number, place in enumerate(places) if distance(*centre, *place) <= length}
            differences += [(centre, length, key) for key in answer ^ inside]
    elasticsearch.indices.delete(index=index)
    assert differences == []


def _away(centre: tuple[float, float], length: float, random: Random) -> tuple[float, float]:
    """The point at that distance in some direction."""
    lat, lon, angle, bearing = map(math.radians, (*centre, math.degrees(length / EARTH_RADIUS), random.uniform(0, 360)))
    other = math.asin(math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(bearing))
    east = math.sin(bearing) * math.sin(angle) * math.cos(lat)
    turned = lon + math.atan2(east, math.cos(angle) - math.sin(lat) * math.sin(other))
    return math.degrees(other), (math.degrees(turned) + 540) % 360 - 180


def test_day_and_document_are_what_the_mapping_says() -> None:
    assert set(index_mapping(CATALOGUE)["mappings"]["properties"]["born"]["properties"]) == {"date", "month_day"}
    document = index_document({KEY: "a", "born": "1990-02-28"}, CATALOGUE)
    assert document == {KEY: "a", "born": {"date": "1990-02-28", "month_day": "02-28"}}
