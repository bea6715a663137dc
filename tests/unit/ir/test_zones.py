from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.ir.binding import bind_instant, month_days, placeholder
from engine.ir.instant import format_instant, parse_instant
from engine.ir.predicate import Anniversary, Now
from engine.ir.zones import ZoneError, day_start, shift_days, shift_months, zone, zone_names


def _start(day: str, name: str) -> str:
    return format_instant(day_start(date.fromisoformat(day), name))


@pytest.mark.parametrize(
    "day, name, instant",
    [
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"),
        ("2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"),  # midnight is skipped
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z"),  # the whole day is skipped
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00.000Z"),
        ("2000-10-29", "America/Havana", "2000-10-29T04:00:00.000Z"),  # midnight happens twice: the earlier
    ],
)
def test_a_day_starts_at_its_first_instant(day: str, name: str, instant: str) -> None:
    assert _start(day, name) == instant


def test_no_day_starts_before_the_day_before_it_in_any_zone() -> None:
    for name in zone_names()[::7]:
        starts = [day_start(shift_days(date(2011, 1, 1), step), name) for step in range(366)]
        assert starts == sorted(starts), name


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "../etc/passwd", "", "/", "Europe", "UTC/..", "zone.tab", "Europe//Berlin"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ZoneError):
        zone(name)


def test_months_clamp() -> None:
    assert shift_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert shift_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert shift_months(date(2026, 1, 31), 3) == date(2026, 4, 30)
    assert shift_months(date(1, 1, 1), -1) == date.min
    assert shift_months(date(9999, 12, 1), 1) == date.max


def test_calendar_units_begin_with_the_local_day() -> None:
    now = parse_instant("2026-03-01T02:00:00Z")
    assert bind_instant(Now(0, "days", "America/New_York"), now) == "2026-02-28T05:00:00.000Z"
    assert bind_instant(Now(-7, "days", "UTC"), now) == "2026-02-22T00:00:00.000Z"
    assert bind_instant(Now(-1, "months", "UTC"), now) == "2026-02-01T00:00:00.000Z"
    assert bind_instant(Now(-86_400_000), now) == "2026-02-28T02:00:00.000Z"


def test_bounds_beyond_the_calendar_are_clamped() -> None:
    assert bind_instant(Now(-(10**15)), 0) == "0001-01-01T00:00:00.000Z"
    assert bind_instant(Now(10**15), 0) == "9999-12-31T23:59:59.999Z"
    last = int(datetime(9999, 12, 31, 23, tzinfo=UTC).timestamp() * 1000)
    assert bind_instant(Now(0, "days", "Pacific/Kiritimati"), last) == "9999-12-31T00:00:00.000Z"


def test_placeholders_name_the_offset() -> None:
    assert placeholder(Now(-30 * 86_400_000)) == {"$now": "-30d"}
    assert placeholder(Now()) == {"$now": "+0d"}
    assert placeholder(Now(-1, "months", "Europe/Berlin")) == {"$now": "-1M/d", "zone": "Europe/Berlin"}


def test_the_29th_of_february_counts_on_the_28th_in_common_years() -> None:
    assert month_days(Anniversary(1), parse_instant("2026-02-27T00:00:00Z")) == ("02-27", "02-28", "02-29")
    assert month_days(Anniversary(0), parse_instant("2024-02-28T00:00:00Z")) == ("02-28",)
    assert month_days(Anniversary(1), parse_instant("2025-12-31T00:00:00Z")) == ("01-01", "12-31")
