from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.batch import BatchRefusedError, match_parquet
from engine.ir.predicate import Leaf
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field
from tests.unit.batch.parquet_files import write_columns

CATALOGUE = Catalogue(
    "customer",
    "id",
    (
        Field("country", "keyword"),
        Field("tags", "keyword", many=True),
        Field("bio", "text"),
        Field("spend", "number"),
        Field("orders", "integer"),
        Field("active", "boolean"),
        Field("seen", "date"),
        Field("born", "day"),
        Field("home", "geo_point"),
        Field("lines", "object", many=True, fields=(Field("sku", "keyword"), Field("at", "date"))),
    ),
)
PROGRAM = Program("shop", "UTC", CATALOGUE, segments={"us": Leaf("country", "equals", "US")})


def file_of(tmp_path: Path, **columns: Any) -> Path:
    return write_columns(tmp_path / "p.parquet", {"id": pa.array(["a"]), **columns})


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"contry": ["US"]}, "`contry` is not declared in the catalogue; did you mean `country`?"),
        ({"weather": ["fine"]}, "`weather` is not declared in the catalogue"),
        ({"country": [1]}, "`country` is a column of int64, expected text"),
        ({"country": [b"US"]}, "`country` is a column of binary, expected text"),
        ({"country": [["US"]]}, "`country` is a column of list<element: string>, expected text"),
        ({"tags": ["vip"]}, "`tags` is a column of string, expected lists of text"),
        ({"orders": [1.0]}, "`orders` is a column of double, expected whole numbers"),
        ({"spend": ["1"]}, "`spend` is a column of string, expected numbers"),
        ({"active": [1]}, "`active` is a column of int64, expected true and false"),
        ({"seen": pa.array([1], pa.date32())}, "`seen` is a column of date32[day], expected timestamps or text"),
        ({"born": pa.array([1], pa.timestamp("ms"))}, "`born` is a column of timestamp[ms], expected dates or text"),
        (
            {"home": [{"lat": 1.0}]},
            "`home` is a column of struct<lat: double>, expected structs of `lat` and `lon`",
        ),
        ({"lines": [[{"sku": 1}]]}, "`lines.sku` is a column of int64, expected text"),
        (
            {"lines": pa.array([[{"at": 1}]], pa.list_(pa.struct([("at", pa.timestamp("ns"))])))},
            "`lines.at` is a column of timestamp[ns], expected timestamps or text",
        ),
        ({"lines": [[{"sko": "a"}]]}, "`lines.sko` is not declared in the catalogue; did you mean `sku`?"),
    ],
)
def test_a_column_that_does_not_fit_is_refused_by_name(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(BatchRefusedError) as caught:
        match_parquet(PROGRAM, file_of(tmp_path, **columns), now_ms=0)
    assert str(caught.value) == message


def test_days_of_objects_that_no_calendar_has_are_refused(tmp_path: Path) -> None:
    far = pa.array([[{"at": 253_402_300_800}]], pa.list_(pa.struct([("at", pa.timestamp("s"))])))
    program = Program("shop", "UTC", CATALOGUE, segments={"any": Leaf("lines", "exists", None, "object", many=True)})
    with pytest.raises(BatchRefusedError, match="`lines` has instants or days outside the years 1 to 9999"):
        match_parquet(program, file_of(tmp_path, lines=far), now_ms=0)


def test_every_file_has_the_key(tmp_path: Path) -> None:
    file = write_columns(tmp_path / "p.parquet", {"country": pa.array(["US"])})
    with pytest.raises(BatchRefusedError, match="`id` has no column; every profile has its key"):
        match_parquet(PROGRAM, file, now_ms=0)


def test_a_field_without_a_column_is_missing_in_every_profile(tmp_path: Path) -> None:
    assert match_parquet(PROGRAM, file_of(tmp_path), now_ms=0).counts == {"us": 0}


def test_columns_that_no_field_can_be_are_passed_over(tmp_path: Path) -> None:
    columns: dict[str, Any] = {"country": ["US"], "bio$tokens": [["a"]]}
    assert match_parquet(PROGRAM, file_of(tmp_path, **columns), now_ms=0).counts == {"us": 1}


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.parquet"
    file.write_text("id,country\na,US\n")
    with pytest.raises(BatchRefusedError, match="expected a Parquet file, found something else"):
        match_parquet(PROGRAM, file, now_ms=0)


def test_a_file_that_is_not_there_is_the_caller_s_to_tell(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        match_parquet(PROGRAM, tmp_path / "gone.parquet", now_ms=0)


def test_a_file_damaged_behind_its_beginning_is_refused_whole(tmp_path: Path) -> None:
    count = 60_000
    file = file_of_many(tmp_path, count)
    data = bytearray(file.read_bytes())
    for place in range(len(data) // 2, len(data) // 2 + 2_000):
        data[place] ^= 0xFF
    file.write_bytes(data)
    for names in ([], ["us"]):
        with pytest.raises(BatchRefusedError, match="expected a sound Parquet file, found damaged data"):
            match_parquet(PROGRAM, file, names, now_ms=0)


def file_of_many(tmp_path: Path, count: int) -> Path:
    keys = pa.array([f"customer-{number * 7_919}" for number in range(count)])
    return write_columns(tmp_path / "p.parquet", {"id": keys}, rows=5_000)
