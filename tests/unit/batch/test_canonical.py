"""A column is read as the border reads its values one by one: same values, same rows refused, same words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.batch import match_parquet, memberships
from engine.ir.predicate import AllOf, Bounds, Circle, Element, Leaf, Predicate
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field
from engine.runtime.border import Border
from engine.runtime.matcher import Matcher
from tests.unit.batch.parquet_files import write_columns

CATALOGUE = Catalogue(
    "customer",
    "id",
    (
        Field("city", "keyword"),
        Field("email", "keyword", normalize="lowercase", encrypted="equality"),
        Field("tier", "keyword", values=("gold", "silver")),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("notes", "text", many=True),
        Field("spend", "number"),
        Field("orders", "integer"),
        Field("scores", "number", many=True),
        Field("seen", "date"),
        Field("visits", "date", many=True),
        Field("born", "day"),
        Field("home", "geo_point"),
        Field(
            "lines",
            "object",
            many=True,
            fields=(Field("sku", "keyword"), Field("at", "date"), Field("note", "text"), Field("day", "day")),
        ),
    ),
)
LIKE_A = Leaf("city", "starts_with", "A")
SEGMENTS: dict[str, Predicate] = {
    **{f"has_{each.name}": Leaf(each.name, "exists", None, each.type, each.many) for each in CATALOGUE.fields},
    "a_city": LIKE_A,
    "cafe": Leaf("city", "equals", "café"),
    "gold": Leaf("tier", "equals", "gold"),
    "known": Leaf("email", "in", ("ann@x.example", "iσ@x.example"), "keyword"),
    "jazz": Leaf("bio", "contains", "jazz", "text"),
    "noted": Leaf("notes", "contains", "jazz", "text", many=True),
    "tagged": Leaf("tags", "equals", "vip", many=True),
    "much": Leaf("spend", "range", Bounds(lower=9_007_199_254_740_992.0), "number"),
    "exactly": Leaf("orders", "equals", 9_007_199_254_740_993, "integer"),
    "good": Leaf("scores", "range", Bounds(lower=0.5), "number", many=True),
    "late": Leaf("seen", "range", Bounds(lower="2026-03-01T09:30:00.000Z"), "date"),
    "visited": Leaf("visits", "range", Bounds(lower="2026-03-01T09:30:00.001Z"), "date", many=True),
    "millennial": Leaf("born", "exists", None, "day"),
    "near": Leaf("home", "within_distance", Circle(52.5, 13.4, 5_000.0), "geo_point"),
    "bought": Element(
        "lines",
        AllOf((Leaf("sku", "equals", "a"), Leaf("at", "range", Bounds(upper="2026-01-01T00:00:00.000Z"), "date"))),
    ),
    "praised": Element("lines", Leaf("note", "contains", "jazz", "text")),
    "on_matching_day": Element("lines", Leaf("day", "exists", None, "day")),
    "seen_off_sql": AllOf(
        (
            Leaf("home", "within_distance", Circle(0.0, 0.0, 20_000_000.0), "geo_point"),
            Leaf("seen", "exists", None, "date"),
        )
    ),
}
PROGRAM = Program("shop", "UTC", CATALOGUE, segments=SEGMENTS)
INSTANT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
STRINGS = ["Ann Arbor", "café", "cafe\u0301", "", None, "a\0b", "x" * 8_191, "x" * 8_192, "é" * 8_192, "\U0010fffe"]
EMAILS = ["ANN@x.example", "İΣ@x.example", "ann@x.example", None]
SPELLED = [
    "2026-03-01T09:30:00.000Z",
    "2026-03-01T10:30:00+01:00",
    "2026-03-01T09:30:00.0001Z",
    "2026-02-30T00:00:00.000Z",
    "2026-03-01",
    "",
    None,
]
US = pa.timestamp("us", "UTC")

Case = tuple[str, pa.Array, list[Any]]
CASES: dict[str, Case] = {
    "text": ("city", pa.array(STRINGS), STRINGS),
    "text that is all canonical": ("city", pa.array(["Ann Arbor", "B", None]), ["Ann Arbor", "B", None]),
    "large text": ("city", pa.array(STRINGS, pa.large_string()), STRINGS),
    "dictionary": ("city", pa.array(STRINGS).dictionary_encode(), STRINGS),
    "dictionary of sound values": (
        "city",
        pa.array(["café", "Ann", "café"]).dictionary_encode(),
        ["café", "Ann", "café"],
    ),
    "lower case": ("email", pa.array(EMAILS), EMAILS),
    "lower case of ASCII": ("email", pa.array(["ANN@x.example", "b"]), ["ANN@x.example", "b"]),
    "declared values": ("tier", pa.array(["gold", "iron", None]), ["gold", "iron", None]),
    "analysed text": (
        "bio",
        pa.array(["Free Jazz!", "jazzy", "a\0", "日本 jazz"]),
        ["Free Jazz!", "jazzy", "a\0", "日本 jazz"],
    ),
    "texts": ("notes", pa.array([["a", "jazz!"], [None], [], None]), [["a", "jazz!"], [None], [], None]),
    "tags": (
        "tags",
        pa.array([["vip"], [], [None], None, ["a\0", "vip"]]),
        [["vip"], [], [None], None, ["a\0", "vip"]],
    ),
    "too many tags": ("tags", pa.array([["vip"] * 10_001, ["vip"]]), [["vip"] * 10_001, ["vip"]]),
    "tags of one size": (
        "tags",
        pa.array([["vip", "b"], ["c", "d"]], pa.list_(pa.string(), 2)),
        [["vip", "b"], ["c", "d"]],
    ),
    "doubles": (
        "spend",
        pa.array([1e300, float("nan"), float("inf"), -0.0, None]),
        [1e300, float("nan"), float("inf"), -0.0, None],
    ),
    "floats": ("spend", pa.array([0.5], pa.float32()), [0.5]),
    "whole numbers for numbers": ("spend", pa.array([2**53 + 1, 2**53 - 1]), [2**53 + 1, 2**53 - 1]),
    "integers": ("orders", pa.array([2**53 + 1, 2**53, None]), [2**53 + 1, 2**53, None]),
    "small integers": ("orders", pa.array([7], pa.uint8()), [7]),
    "unsigned integers": ("orders", pa.array([2**63, 2**53 + 1], pa.uint64()), [2**63, 2**53 + 1]),
    "scores": (
        "scores",
        pa.array([[0.1, 0.9], [float("nan")], [None, 0.7]]),
        [[0.1, 0.9], [float("nan")], [None, 0.7]],
    ),
    "seconds": ("seen", pa.array([INSTANT, None], pa.timestamp("s")), ["2026-03-01T09:30:00Z", None]),
    "milliseconds": (
        "seen",
        pa.array([INSTANT - timedelta(milliseconds=1)], pa.timestamp("ms")),
        ["2026-03-01T09:29:59.999Z"],
    ),
    "microseconds": (
        "seen",
        pa.array([INSTANT, INSTANT + timedelta(microseconds=1)], US),
        ["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.000001Z"],
    ),
    "nanoseconds": (
        "seen",
        pa.array([1_772_357_400_000_000_000, 1_772_357_400_000_000_001], pa.timestamp("ns")),
        ["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.000000001Z"],
    ),
    "another zone": ("seen", pa.array([INSTANT], pa.timestamp("ms", "Asia/Tokyo")), ["2026-03-01T09:30:00Z"]),
    "years that are too late": ("seen", pa.array([253_402_300_800, -62_135_596_801], pa.timestamp("s")), ["", ""]),
    "spelled instants": ("seen", pa.array(SPELLED), SPELLED),
    "canonical instants": ("seen", pa.array(SPELLED[:1] * 3), SPELLED[:1] * 3),
    "lists of instants": (
        "visits",
        pa.array([[INSTANT, INSTANT + timedelta(milliseconds=1)], [INSTANT], []], pa.list_(US)),
        [["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.001Z"], ["2026-03-01T09:30:00Z"], []],
    ),
    "lists of fine instants": (
        "visits",
        pa.array([[INSTANT + timedelta(microseconds=1)], [INSTANT]], pa.list_(US)),
        [["2026-03-01T09:30:00.000001Z"], ["2026-03-01T09:30:00Z"]],
    ),
    "days": ("born", pa.array([date(1990, 2, 28), None]), ["1990-02-28", None]),
    "days in milliseconds": ("born", pa.array([date(1990, 2, 28)], pa.date64()), ["1990-02-28"]),
    "days that are too late": ("born", pa.array([2_932_897], pa.date32()), [""]),
    "spelled days": ("born", pa.array(["1990-02-28", "1990-02-30", "1990"]), ["1990-02-28", "1990-02-30", "1990"]),
    "points": (
        "home",
        pa.array([{"lat": 52.51, "lon": 13.4}, {"lat": 91.0, "lon": 0.0}, {"lat": 1.0, "lon": None}, None]),
        [{"lat": 52.51, "lon": 13.4}, {"lat": 91.0, "lon": 0.0}, {"lat": 1.0, "lon": None}, None],
    ),
    "objects": (
        "lines",
        pa.array(
            [
                [
                    {
                        "sku": "a",
                        "at": datetime(2025, 12, 31, 23, 59, 59, 999_000, UTC),
                        "note": "Jazz!",
                        "day": date(2026, 1, 1),
                    }
                ],
                [{"sku": "a", "at": datetime(2026, 1, 1, 0, 0, 0, 1_000, UTC), "note": None, "day": None}],
                [{"sku": None, "at": None, "note": None, "day": None}],
                [None],
                [{"sku": "a\0", "at": None, "note": None, "day": None}],
                None,
            ],
            pa.list_(
                pa.struct(
                    [("sku", pa.string()), ("at", pa.timestamp("us")), ("note", pa.string()), ("day", pa.date32())]
                )
            ),
        ),
        [
            [{"sku": "a", "at": "2025-12-31T23:59:59.999Z", "note": "Jazz!", "day": "2026-01-01"}],
            [{"sku": "a", "at": "2026-01-01T00:00:00.001Z", "note": None, "day": None}],
            [{"sku": None, "at": None, "note": None, "day": None}],
            [None],
            [{"sku": "a\0", "at": None, "note": None, "day": None}],
            None,
        ],
    ),
    "nothing at all": ("city", pa.nulls(2), [None, None]),
    "keys": (
        "id",
        pa.array(["a", None, "", "x" * 513, "é" * 257, "e\u0301", "k\0"]),
        ["a", None, "", "x" * 513, "é" * 257, "e\u0301", "k\0"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_column_is_read_as_the_border_reads_its_values(name: str, tmp_path: Path) -> None:
    field, column, written = CASES[name]
    keys = written if field == "id" else [f"k{number}" for number in range(len(written))]
    columns = {"id": pa.array(keys, pa.string()), field: column}
    file = write_columns(tmp_path / "p.parquet", columns, rows=max(1, len(written)))
    rows, refused = one_by_one([{"id": key, field: value} for key, value in zip(keys, written, strict=True)])
    told: dict[int, str] = {}
    assert list(memberships(PROGRAM, file, now_ms=0, tell=told.__setitem__)) == rows
    assert told == refused
    found = match_parquet(PROGRAM, file, now_ms=0)
    assert (found.profiles, found.refused) == (len(rows), len(refused))
    assert found.counts == {name: sum(name in names for _, names in rows) for name in SEGMENTS}


def one_by_one(raw: list[dict[str, Any]]) -> tuple[list[tuple[str, list[str]]], dict[int, str]]:
    """What the border and the matcher make of profiles in JSON: the rows, and by row number what is wrong."""
    border, match = Border(CATALOGUE), Matcher(list(SEGMENTS.items()), {}, "id").match
    rows: list[tuple[str, list[str]]] = []
    refused: dict[int, str] = {}
    for number, each in enumerate(raw, start=1):
        profile, problems = border.profile(each)
        if profile is None:
            refused[number] = "; ".join(f"`{problem.path}` {problem.message}" for problem in problems)
        else:
            rows.append((profile["id"], match(profile, 0)))
    return rows, refused


def test_the_cases_refuse_some_rows_and_take_others() -> None:
    taken = refused = 0
    for field, _, written in CASES.values():
        rows, wrong = one_by_one([{"id": "k", field: value} for value in written])
        taken, refused = taken + len(rows), refused + len(wrong)
    assert taken > 60
    assert refused > 25


def test_a_row_is_refused_once_for_all_that_is_wrong_with_it(tmp_path: Path) -> None:
    columns = {"id": pa.array(["a", "b"]), "city": pa.array(["x\0", "y"]), "spend": pa.array([float("nan"), 1.0])}
    told: dict[int, str] = {}
    found = match_parquet(PROGRAM, write_columns(tmp_path / "p.parquet", columns), now_ms=0, tell=told.__setitem__)
    assert (found.profiles, found.refused) == (1, 1)
    assert told == {1: "`city` expected storable text, found U+0000 at character 2; `spend` expected a finite number"}


def test_rows_are_numbered_through_the_whole_file(tmp_path: Path) -> None:
    spend = [float("nan") if number in {3, 20_000} else 1.0 for number in range(20_001)]
    columns = {"id": pa.array([str(number) for number in range(20_001)]), "spend": pa.array(spend)}
    told: dict[int, str] = {}
    match_parquet(PROGRAM, write_columns(tmp_path / "p.parquet", columns), now_ms=0, tell=told.__setitem__)
    assert list(told) == [4, 20_001]
