from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.batch import BatchResult, match_parquet, memberships
from engine.batch.plan import SQL_LEAVES, plan_of
from engine.ir.predicate import AllOf, Bounds, Events, InList, Leaf, Not, Predicate
from engine.ir.program import Program
from engine.ir.types import Catalogue, EventType, Field
from engine.operators.evaluate import Subject, evaluate
from tests.conformance.vocabulary import CATALOGUE, KEY, NOWS
from tests.conformance.workload import LISTS, behaviours, events, predicates, profiles
from tests.unit.batch.parquet_files import write, write_columns

PEOPLE = profiles(31, 240)
MEMBERS = {name: tuple(members) for name, members in LISTS.items()}


def program_of(segments: dict[str, Predicate], catalogue: Catalogue = CATALOGUE) -> Program:
    return Program("shop", "UTC", catalogue, segments=segments, lists=MEMBERS)


def named(cases: list[Any]) -> dict[str, Predicate]:
    return {f"s{number:04}": case.predicate for number, case in enumerate(cases)}


def expected(
    segments: dict[str, Predicate], now_ms: int, histories: dict[str, Any] | None = None
) -> list[tuple[str, list[str]]]:
    found = []
    for person in PEOPLE:
        subject = Subject(person, (histories or {}).get(person[KEY], ()), LISTS, KEY)
        found.append((person[KEY], [name for name, each in segments.items() if evaluate(each, subject, now_ms)]))
    return found


def sizes(rows: list[tuple[str, list[str]]], segments: dict[str, Predicate]) -> dict[str, int]:
    return {name: sum(name in names for _, names in rows) for name in segments}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("batch") / "profiles.parquet", PEOPLE, CATALOGUE, rows=100)


@pytest.mark.parametrize("threads", [1, 2])
def test_sizes_are_those_of_the_reference(file: Path, threads: int) -> None:
    segments = named(predicates(32, 400))
    rows = expected(segments, NOWS[0])
    found = match_parquet(program_of(segments), file, now_ms=NOWS[0], threads=threads)
    assert found.counts == sizes(rows, segments)
    assert (found.profiles, found.refused) == (len(PEOPLE), 0)
    assert 0 < len(found.in_process) < len(segments) / 10


def test_each_profile_has_the_segments_of_the_reference_in_the_order_of_the_file(file: Path) -> None:
    segments = named(predicates(33, 400))
    assert list(memberships(program_of(segments), file, now_ms=NOWS[3])) == expected(segments, NOWS[3])


def test_behaviour_is_matched_in_process_with_the_events_that_are_handed_in(file: Path) -> None:
    segments = named(behaviours(34, 60))
    histories = {person[KEY]: events(int(person[KEY]), 6) for person in PEOPLE}
    rows = expected(segments, NOWS[0], histories)
    program = program_of(segments)
    found = match_parquet(program, file, now_ms=NOWS[0], events_of=histories.__getitem__)
    assert found.counts == sizes(rows, segments)
    assert len(found.in_process) > 40
    assert list(memberships(program, file, now_ms=NOWS[0], events_of=histories.__getitem__)) == rows


def test_without_events_behaviour_sees_none(file: Path) -> None:
    some = Events("visit", "count", Leaf("value", "range", Bounds(lower=1), "integer"))
    segments: dict[str, Predicate] = {"never_seen": Not(some), "seen": some}
    found = match_parquet(program_of(segments), file, now_ms=NOWS[0])
    assert found.counts == {"never_seen": len(PEOPLE), "seen": 0}


def test_only_the_named_segments_are_matched(file: Path) -> None:
    segments = named(predicates(35, 30))
    wanted = ["s0007", "s0003", "s0003"]
    rows = expected({name: segments[name] for name in ("s0003", "s0007")}, NOWS[0])
    found = match_parquet(program_of(segments), file, wanted, now_ms=NOWS[0])
    assert found.counts == sizes(rows, {name: segments[name] for name in ("s0003", "s0007")})
    assert list(memberships(program_of(segments), file, wanted, now_ms=NOWS[0])) == rows
    with pytest.raises(KeyError, match="s9999"):
        match_parquet(program_of(segments), file, ["s9999"], now_ms=NOWS[0])


def test_of_no_segments_there_are_no_sizes(file: Path) -> None:
    assert match_parquet(program_of({}), file, now_ms=NOWS[0]) == BatchResult({}, len(PEOPLE))
    assert list(memberships(program_of({}), file, now_ms=NOWS[0])) == [(person[KEY], []) for person in PEOPLE]


def test_a_file_of_no_profiles_has_empty_segments(tmp_path: Path) -> None:
    segments = named(predicates(36, 20))
    found = match_parquet(program_of(segments), write(tmp_path / "none.parquet", [], CATALOGUE), now_ms=NOWS[0])
    assert found.counts == dict.fromkeys(segments, 0)
    assert found.profiles == 0


SMALL = Catalogue(
    "customer",
    "id",
    (Field("city", "keyword"), Field("bio", "text"), Field("spend", "number")),
    (EventType("visit", ()),),
)


def test_long_files_are_read_batch_by_batch_in_their_order(tmp_path: Path) -> None:
    count = 40_000
    file = write_columns(
        tmp_path / "long.parquet",
        {
            "id": pa.array([f"c{number}" for number in range(count)]),
            "city": pa.array([f"city {number % 30}" if number % 3 else None for number in range(count)]),
            "spend": pa.array([float(number) for number in range(count)]),
        },
        rows=25_000,
    )
    segments: dict[str, Predicate] = {
        "far": Not(Leaf("city", "in", ("city 1", "city 7"))),
        "rich": Leaf("spend", "range", Bounds(lower=39_998.0), "number"),
    }
    program = program_of(segments, SMALL)
    here = sum(number % 3 != 0 and number % 30 in {1, 7} for number in range(count))
    assert match_parquet(program, file, now_ms=0).counts == {"far": count - here, "rich": 2}
    rows = list(memberships(program, file, now_ms=0))
    assert [key for key, _ in rows] == [f"c{number}" for number in range(count)]
    assert rows[-2:] == [(f"c{count - 2}", ["far", "rich"]), (f"c{count - 1}", ["far", "rich"])]


@pytest.mark.parametrize(
    "text",
    [
        "free  jazz",
        " Free Jazz ",
        "free jazz, all night",
        "Jazz is free",
        "freejazz",
        "free-jazz",
        "",
        "FREE JAZZ 3.14",
        "x" * 300 + " free jazz",
        "frée jazz",
        None,
    ],
)
def test_words_are_those_of_the_analysis(tmp_path: Path, text: str | None) -> None:
    segments: dict[str, Predicate] = {
        "any": Leaf("bio", "contains", "Jazz free", "text"),
        "both": Leaf("bio", "contains_all", "Jazz free", "text"),
        "phrase": Leaf("bio", "contains_phrase", "free jazz", "text"),
    }
    segments["cut"] = Leaf("bio", "contains", "x" * 255, "text")
    segments["told"] = Leaf("bio", "exists", None, "text")
    columns = {"id": pa.array(["a"]), "bio": pa.array([text], pa.string())}
    ((_, found),) = memberships(program_of(segments, SMALL), write_columns(tmp_path / "p.parquet", columns), now_ms=0)
    subject = Subject({"id": "a"} if text is None else {"id": "a", "bio": text})
    assert found == sorted(name for name, each in segments.items() if evaluate(each, subject, 0))


def test_beyond_what_one_query_takes_segments_are_matched_in_process() -> None:
    large = AllOf(tuple(Leaf("spend", "range", Bounds(lower=float(each)), "number") for each in range(1_000)))
    count = SQL_LEAVES // 1_000 + 2
    plan = plan_of(program_of({f"s{number:02}": large for number in range(count)}, SMALL), [f"s{count - 1:02}"], 0)
    assert not plan.reasons
    plan = plan_of(program_of({f"s{number:02}": large for number in range(count)}, SMALL), ["s00", "s01"], 0)
    assert not plan.reasons
    everything = program_of({f"s{number:02}": large for number in range(count)}, SMALL)
    plan = plan_of(everything, everything.segments, 0)
    assert list(plan.reasons) == [f"s{count - 2:02}", f"s{count - 1:02}"]
    assert plan.rest is not None
    assert plan.rest.names == tuple(plan.reasons)


def test_a_list_may_be_asked_for_members_that_are_no_customers(tmp_path: Path) -> None:
    program = Program(
        "shop",
        "UTC",
        SMALL,
        segments={"vips": InList("vips"), "others": Not(InList("vips"))},
        lists={"vips": ("a", "z")},
    )
    file = write_columns(tmp_path / "p.parquet", {"id": pa.array(["a", "b"])})
    assert match_parquet(program, file, now_ms=0).counts == {"others": 1, "vips": 1}


def test_an_iterator_that_is_left_early_frees_what_it_holds(file: Path) -> None:
    segments = named(predicates(37, 40))
    found = memberships(program_of(segments), file, now_ms=NOWS[0])
    assert next(found)[0] == PEOPLE[0][KEY]
    found.close()  # type: ignore[attr-defined] # it is a generator
    assert next(memberships(program_of(segments), file, now_ms=NOWS[0]))[0] == PEOPLE[0][KEY]
