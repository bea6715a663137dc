from __future__ import annotations

from datetime import date, datetime

import pytest

from engine.ir.predicate import Bounds, Leaf, Now
from engine.ir.types import Catalogue
from engine.ir.zones import local_day
from engine.operators.evaluate import Subject, evaluate
from engine.runtime.flips import Flip, Schedule, next_flip
from engine.runtime.flips.days import Today, begin, day_after, today, turns

NEWFOUNDLAND = "America/St_Johns"  # until 2011 clocks were set back at 00:01, to 23:01 of the day before


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def test_a_day_begins_at_local_midnight() -> None:
    assert turns(ordinal("2026-03-30"), "Europe/Berlin") == (at("2026-03-30T00:00:00+02:00"),)


def test_a_midnight_that_is_undone_comes_again() -> None:
    assert turns(ordinal("2010-11-07"), NEWFOUNDLAND) == (
        at("2010-11-07T00:00:00-02:30"),
        at("2010-11-07T00:01:00-02:30"),
        at("2010-11-07T00:00:00-03:30"),
    )
    assert turns(ordinal("2026-11-01"), "America/Havana") == (at("2026-11-01T00:00:00-04:00"),)  # the hour alone


def test_a_day_that_is_left_out_begins_where_the_next_one_does() -> None:
    assert turns(ordinal("2011-12-30"), "Pacific/Apia") == turns(ordinal("2011-12-31"), "Pacific/Apia")


@pytest.mark.parametrize("clock", ["23:30:00-02:30", "23:59:59-02:30"])
def test_near_a_midnight_that_is_undone_the_day_lasts_until_it_changes(clock: str) -> None:
    found = today(at(f"2010-11-06T{clock}"), NEWFOUNDLAND)
    assert found.odd
    assert found.until == at("2010-11-07T00:00:00-02:30")
    assert today(found.until, NEWFOUNDLAND).until == at("2010-11-07T00:01:00-02:30")
    assert today(at("2010-11-07T00:01:00-02:30"), NEWFOUNDLAND).until == at("2010-11-07T00:00:00-03:30")


def test_an_ordinary_day_is_known_from_its_beginning_to_its_end() -> None:
    expected = Today(ordinal("2026-07-01"), at("2026-07-01T00:00:00+02:00"), at("2026-07-02T00:00:00+02:00"), odd=False)
    assert today(at("2026-07-01T12:00:00Z"), "Europe/Berlin") == expected


def test_the_day_after_an_instant_begins_not_before_it() -> None:
    midnight = at("2026-07-02T00:00:00+02:00")
    assert day_after(midnight, "Europe/Berlin", strictly=False) == ordinal("2026-07-02")
    assert day_after(midnight, "Europe/Berlin", strictly=True) == ordinal("2026-07-03")
    assert day_after(midnight + 1, "Europe/Berlin", strictly=False) == ordinal("2026-07-03")
    assert begin(ordinal("2026-07-02"), "Europe/Berlin") == midnight


@pytest.mark.parametrize("day", ["0001-01-02", "0001-01-04", "9999-12-29", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Havana"])
def test_at_the_ends_of_the_calendar_a_day_begins_when_it_is_first_that_day(day: str, zone: str) -> None:
    (turn,) = turns(ordinal(day), zone)
    assert local_day(turn, zone).toordinal() >= ordinal(day)
    assert local_day(turn - 1, zone).toordinal() < ordinal(day)


def test_a_verdict_that_flips_three_times_in_one_night_is_followed() -> None:
    leaf = Leaf("at", "range", Bounds(Now(0, "days", NEWFOUNDLAND)), "date")
    profile = {"id": "1", "at": "2010-11-07T02:00:00.000Z"}  # before midnight
    schedule = Schedule({"since today": leaf}, Catalogue("shop", "id", ()))
    now_ms = at("2010-11-06T23:45:00-02:30")
    for expected in turns(ordinal("2010-11-07"), NEWFOUNDLAND):
        assert next_flip(leaf, Subject(profile), now_ms) == Flip(expected)
        assert schedule.next(profile, (), now_ms) == expected
        assert evaluate(leaf, Subject(profile), expected) is not evaluate(leaf, Subject(profile), now_ms)
        now_ms = expected
