"""The workload all benchmarks share: profiles of 20 fields, segments, decision tables and one rule graph.

Everything follows from fixed seeds. Segment sets have the prefix property: the first thousand of ten thousand are the
thousand. No word of `bio` is part of another, so a substring test selects what a token test selects.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

Operator = Literal["equals", "in", "greater_than", "less_than", "contains"]
Profile = dict[str, Any]

EPOCH_DAY = datetime(2024, 7, 1, tzinfo=UTC)
NOW_MS = 1_783_000_000_000  # 2026-07-02T13:46:40Z
SYLLABLES = [f"{consonant}{vowel}" for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


def _names(prefix: str, count: int, width: int = 0) -> list[str]:
    return [f"{prefix}{index:0{width}d}" for index in range(count)]


def _words(count: int) -> list[str]:
    """Distinct words of four syllables: as long as each other, so that none is part of another."""
    source = random.Random("words")
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(source.choices(SYLLABLES, k=4))] = None
    return list(found)


def _falling(count: int, shift: float) -> list[float]:
    """Weights of popularity: the first is the most frequent, as 1 / (rank + shift)."""
    return [1 / (rank + shift) for rank in range(count)]


COUNTRIES, CITIES, TAGS, WORDS = _names("C", 50, 2), _names("city_", 500, 3), _names("tag_", 200, 3), _words(600)
TIERS = ["bronze", "silver", "gold", "platinum", "diamond"]
DEVICES = ["ios", "android", "web", "tablet", "tv", "kiosk"]
LANGUAGES, CHANNELS, PLANS = _names("l", 12, 2), _names("ch_", 8), _names("plan_", 10)

WEIGHTS = {
    "country": _falling(50, 8),
    "city": _falling(500, 20),
    "tier": [5.0, 4.0, 3.0, 2.0, 1.0],
    "tags": _falling(200, 15),
    "bio": _falling(600, 40),
}
CHOICES: dict[str, list[Any]] = {
    "country": COUNTRIES,
    "city": CITIES,
    "tier": TIERS,
    "device": DEVICES,
    "language": LANGUAGES,
    "channel": CHANNELS,
    "plan": PLANS,
    "email_opt_in": [True, False],
}
IN_SIZES = {"country": (2, 8), "city": (3, 20), "tier": (2, 3), "plan": (2, 4), "language": (2, 4), "channel": (2, 3)}
RANGED = (
    "age",
    "lifetime_value",
    "orders_30d",
    "sessions_7d",
    "avg_basket",
    "churn_score",
    "loyalty_points",
    "last_order_at",
)
TYPES: dict[str, str] = {
    "customer_id": "keyword",
    "country": "keyword",
    "city": "keyword",
    "tier": "keyword",
    "age": "integer",
    "lifetime_value": "number",
    "orders_30d": "integer",
    "last_order_at": "date",
    "tags": "keyword",
    "email_opt_in": "boolean",
    "device": "keyword",
    "bio": "text",
    "language": "keyword",
    "signup_at": "date",
    "channel": "keyword",
    "sessions_7d": "integer",
    "avg_basket": "number",
    "churn_score": "number",
    "loyalty_points": "integer",
    "plan": "keyword",
}
USED = tuple(field for field in TYPES if field not in ("customer_id", "signup_at"))


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `value` is a tuple for `in`."""

    field: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Segment:
    """Two to five conditions that must all hold."""

    name: str
    conditions: tuple[Condition, ...]


def day(offset: int) -> str:
    """The canonical instant that many days after the first day."""
    return (EPOCH_DAY + timedelta(days=offset)).strftime("%Y-%m-%dT00:00:00.000Z")


def day_number(instant: str) -> int:
    """Days since 1970 of a canonical instant at midnight, for engines that compare numbers only."""
    return int(datetime.fromisoformat(instant).timestamp()) // 86_400


def profile(index: int) -> Profile:
    """The profile of that index."""
    source = random.Random(f"profile {index}")
    pick = source.choices
    return {
        "customer_id": f"c{index:07d}",
        "country": pick(COUNTRIES, WEIGHTS["country"])[0],
        "city": pick(CITIES, WEIGHTS["city"])[0],
        "tier": pick(TIERS, WEIGHTS["tier"])[0],
        "age": source.randint(18, 90),
        "lifetime_value": round(min(source.lognormvariate(5.5, 1.3), 99_999.0), 2),
        "orders_30d": min(int(source.expovariate(1 / 3)), 40),
        "last_order_at": day(int(730 * (1 - source.random() ** 2))),
        "tags": list(dict.fromkeys(pick(TAGS, WEIGHTS["tags"], k=source.randint(3, 8)))),
        "email_opt_in": source.random() < 0.6,
        "device": source.choice(DEVICES),
        "bio": " ".join(pick(WORDS, WEIGHTS["bio"], k=source.randint(8, 12))),
        "language": source.choice(LANGUAGES),
        "signup_at": day(-source.randint(1, 1500)),
        "channel": source.choice(CHANNELS),
        "sessions_7d": source.randint(0, 30),
        "avg_basket": round(source.uniform(5, 300), 2),
        "churn_score": round(source.random(), 3),
        "loyalty_points": source.randint(0, 50_000),
        "plan": source.choice(PLANS),
    }


@cache
def profiles(count: int) -> list[Profile]:
    """The first `count` profiles."""
    return [profile(index) for index in range(count)]


@cache
def _sorted_values(field: str) -> list[Any]:
    return sorted(each[field] for each in profiles(4_000))


def threshold(field: str, share: float) -> Any:
    """A round value below which about that share of the profiles lies."""
    values = _sorted_values(field)
    value = values[min(int(share * len(values)), len(values) - 1)]
    if field == "lifetime_value":
        step = 10 ** max(int(math.log10(max(value, 1))) - 1, 0)
        return float(round(value / step) * step)
    if field == "avg_basket":
        return float(round(value / 5) * 5)
    if field == "churn_score":
        return round(value, 2)
    return round(value / 100) * 100 if field == "loyalty_points" else value


def _distinct(source: random.Random, field: str, count: int) -> tuple[Any, ...]:
    found: dict[Any, None] = {}
    while len(found) < count:
        found[source.choices(CHOICES[field], WEIGHTS.get(field))[0]] = None
    return tuple(found)


def _range(source: random.Random, field: str) -> list[Condition]:
    if source.random() < 0.15:
        share = source.random() * 0.8
        low, high = threshold(field, share), threshold(field, share + 0.2)
        if low < high:
            return [Condition(field, "greater_than", low), Condition(field, "less_than", high)]
    operator: Operator = "greater_than" if source.random() < 0.5 else "less_than"
    return [Condition(field, operator, threshold(field, source.random()))]


def _conditions(source: random.Random) -> list[Condition]:
    """One condition, or the two ends of a range."""
    kind = source.choices(["equals", "range", "contains", "in"], [35, 35, 12, 18])[0]
    if kind == "equals":
        field = source.choice(list(CHOICES))
        return [Condition(field, "equals", _distinct(source, field, 1)[0])]
    if kind == "in":
        field = source.choice(list(IN_SIZES))
        return [Condition(field, "in", _distinct(source, field, source.randint(*IN_SIZES[field])))]
    if kind == "contains":
        field, words = ("tags", TAGS) if source.random() < 0.8 else ("bio", WORDS)
        return [Condition(field, "contains", source.choices(words, WEIGHTS[field])[0])]
    return _range(source, source.choice(RANGED))


def _segment(source: random.Random, index: int) -> Segment:
    count = source.randint(2, 5)
    found: list[Condition] = []
    while len(found) < count:
        new = _conditions(source)
        repeated = any(each.field == new[0].field for each in found)
        if repeated and (new[0].field != "tags" or new[0] in found):
            continue
        found += new
    return Segment(f"s{index:06d}", tuple(found[:5]))


@cache
def segments(count: int) -> tuple[Segment, ...]:
    """The first `count` segments; their names are in order."""
    source = random.Random("segments")
    return tuple(_segment(source, index) for index in range(count))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a decision table: countries, a tier or any, half-open ranges or any, and what is decided."""

    countries: tuple[str, ...] | None
    tier: str | None
    lifetime_value: tuple[float, float] | None
    age: tuple[int, int] | None
    action: str
    weight: float = 1.0


# rows: (countries, whether tiers are named, width of the value's range, width of the age's range), in shares
TABLE_SHAPES = {10: (25, False, 0.55, 0.55), 100: (10, True, 0.6, 0.6), 1_000: (5, True, 0.3, 0.25)}
TABLE_SHAPES[10_000] = (2, True, 0.15, 0.125)


def _between(source: random.Random, field: str, width: float) -> tuple[Any, Any]:
    share = source.random() * (1 - width)
    low, high = threshold(field, share), threshold(field, min(share + width, 0.9999))
    return (low, high) if low < high else (low, type(low)(low + 1))


@cache
def table(rows: int) -> tuple[Row, ...]:
    """A first-hit routing table of that many rows (10, 100, 1,000 or 10,000)."""
    count, tiers, value_width, age_width = TABLE_SHAPES[rows]
    source = random.Random(f"table {rows}")
    return tuple(_routing_row(source, index, count, tiers, (value_width, age_width)) for index in range(rows))


def _routing_row(source: random.Random, index: int, count: int, tiers: bool, widths: tuple[float, float]) -> Row:  # noqa: FBT001 - a row of TABLE_SHAPES
    countries = source.sample(COUNTRIES, max(1, count + source.randint(-min(count - 1, 2), 2)))
    tier = source.choices(TIERS, WEIGHTS["tier"])[0] if tiers else None
    if tiers and source.random() < 0.25:
        tier, countries = None, countries[: max(1, len(countries) // 4)]
    value, age = _between(source, "lifetime_value", widths[0]), _between(source, "age", widths[1])
    return Row(tuple(countries), tier, value, age, f"route_{index}")


GRAPH_TABLES = ("vip", "active", "standard")


@cache
def graph_table(name: str) -> tuple[Row, ...]:
    """One of the graph's three tables: 20 rows and a last one that always fits."""
    source = random.Random(f"graph {name}")
    found = [
        Row(
            tuple(source.sample(COUNTRIES, source.randint(4, 12))),
            source.choice(TIERS) if source.random() < 0.4 else None,
            _between(source, "lifetime_value", 0.5) if source.random() < 0.6 else None,
            _between(source, "age", 0.4),
            f"{name}_{index}",
            source.choice([0.5, 0.75, 1.0, 1.25, 1.5, 2.0]),
        )
        for index in range(20)
    ]
    return (*found, Row(None, None, None, None, f"{name}_else", 0.25))


def held(condition: Condition, value: Any) -> bool:
    """The oracle's meaning of one condition, said plainly."""
    if condition.operator == "equals":
        return bool(value == condition.value)
    if condition.operator == "in":
        return value in condition.value
    if condition.operator == "greater_than":
        return bool(value > condition.value)
    if condition.operator == "less_than":
        return bool(value < condition.value)
    return condition.value in (value.split(" ") if isinstance(value, str) else value)


def matching(wanted: Sequence[Segment], subject: Profile) -> list[str]:
    """The oracle's answer: the sorted names of the segments whose conditions all hold."""
    return sorted(each.name for each in wanted if all(held(part, subject[part.field]) for part in each.conditions))


def first_row(rows: Sequence[Row], subject: Profile) -> Row | None:
    """The oracle's answer for a table: the first row that fits."""
    return next((row for row in rows if _fits(row, subject)), None)


def decided(subject: Profile) -> tuple[str, str, float]:
    """The oracle's answer for the graph: audience, action and score."""
    engagement = subject["orders_30d"] * 2 + subject["sessions_7d"]
    if subject["lifetime_value"] >= 800 and subject["tier"] in ("gold", "platinum", "diamond"):
        audience = "vip"
    else:
        audience = "active" if engagement >= 12 else "standard"
    row = first_row(graph_table(audience), subject)
    assert row is not None
    return audience, row.action, row.weight * (1 + subject["churn_score"]) + engagement / 10


def _fits(row: Row, subject: Profile) -> bool:
    return (
        (row.countries is None or subject["country"] in row.countries)
        and (row.tier is None or subject["tier"] == row.tier)
        and (row.lifetime_value is None or row.lifetime_value[0] <= subject["lifetime_value"] < row.lifetime_value[1])
        and (row.age is None or row.age[0] <= subject["age"] < row.age[1])
    )


def sample(count: int, total: int = 100_000) -> Iterator[Profile]:
    """That many profiles spread over the first `total`, for peers too slow for all."""
    step = max(1, total // count)
    return (profile(index * step) for index in range(count))
