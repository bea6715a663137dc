from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ir.instant import (
    FIRST_MS,
    LAST_MS,
    InstantError,
    canonical_day,
    canonical_instant,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)


@pytest.mark.parametrize(
    "written, canonical",
    [
        ("2026-03-01T09:30:00Z", "2026-03-01T09:30:00.000Z"),
        ("2026-03-01T09:30:00.5Z", "2026-03-01T09:30:00.500Z"),
        ("2026-03-01T09:30:00.123000Z", "2026-03-01T09:30:00.123Z"),
        ("2026-03-01T09:30:00+02:00", "2026-03-01T07:30:00.000Z"),
        ("2024-02-29T23:59:59.999-01:00", "2024-03-01T00:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_instants_become_utc_with_three_digits(written: str, canonical: str) -> None:
    assert canonical_instant(written) == canonical
    assert canonical_instant(canonical) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T09:30:00",
        "2026-03-01",
        "2026-03-01T09:30:00.0001Z",
        "2026-02-29T00:00:00Z",
        "2026-02-29T00:00:00.000Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:30:60Z",
        "2026-03-01t09:30:00z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-03-01T09:30:00+25:00",
        "2026-03-01T09:30:00+01:60",
        "٢٠٢٦-03-01T09:30:00Z",
        " 2026-03-01T09:30:00Z",
        "",
    ],
)
def test_what_is_no_instant_is_refused(written: str) -> None:
    with pytest.raises(InstantError):
        canonical_instant(written)


@given(st.integers(FIRST_MS, LAST_MS), st.integers(FIRST_MS, LAST_MS))
def test_canonical_text_orders_like_time_and_reads_back(one: int, other: int) -> None:
    assert parse_instant(format_instant(one)) == one
    assert (format_instant(one) < format_instant(other)) == (one < other)


def test_days_that_do_not_exist_are_refused() -> None:
    assert canonical_day("2024-02-29") == "2024-02-29"
    for text in ("2023-02-29", "2024-2-29", "0000-01-01", "2024-02-29T00:00:00Z"):
        with pytest.raises(InstantError):
            canonical_day(text)


@pytest.mark.parametrize(
    "text, ms", [("15m", 900_000), ("12h", 43_200_000), ("30d", 2_592_000_000), ("2w", 1_209_600_000)]
)
def test_durations_are_exact(text: str, ms: int) -> None:
    assert parse_duration(text) == ms
    assert parse_duration(format_duration(ms)) == ms


@pytest.mark.parametrize("text", ["0d", "-1d", "1.5d", "1y", "d", "", "999999999w", "1 d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InstantError):
        parse_duration(text)
