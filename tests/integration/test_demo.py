"""The main job on real purchases, held to sums that are made without decisor."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOW = datetime(1998, 7, 1, tzinfo=UTC)
Purchases = dict[str, list[tuple[datetime, int, float]]]


@pytest.fixture(scope="module")
def purchases() -> Purchases:
    found: Purchases = defaultdict(list)
    with gzip.open(ROOT / "examples" / "cdnow" / "CDNOW_master.txt.gz", "rt") as lines:
        for line in list(lines)[1:]:
            customer, day, cds, amount = line.split()
            found[customer].append((datetime.strptime(day + "+0000", "%Y%m%d%z"), int(cds), float(amount)))
    return found


def _size(demo: str, name: str) -> int:
    line = re.search(rf"^  {name} +([\d,]+) ", demo, re.MULTILINE)
    assert line is not None, name
    return int(line[1].replace(",", ""))


def test_every_purchase_becomes_part_of_a_profile(demo: str, purchases: Purchases) -> None:
    assert "69,659 purchases" in demo
    assert f"{len(purchases):,} customers" in demo


def test_segments_have_the_sizes_of_the_raw_data(demo: str, purchases: Purchases) -> None:
    def count(name: str, holds: object) -> None:
        assert callable(holds)
        assert _size(demo, name) == sum(bool(holds(own)) for own in purchases.values()), name

    def last(own: list[tuple[datetime, int, float]]) -> datetime:
        return max(day for day, _, _ in own)

    def spend(own: list[tuple[datetime, int, float]]) -> float:
        return sum(round(amount * 100) for _, _, amount in own) / 100

    count("high_value", lambda own: spend(own) > 500)
    count("one_time_buyers", lambda own: len(own) == 1)
    count("active", lambda own: last(own) >= NOW - timedelta(days=90))
    count("lost", lambda own: last(own) < NOW - timedelta(days=365))
    count("vips", lambda own: spend(own) > 500 and last(own) >= NOW - timedelta(days=90))
    count("founding_customers", lambda own: min(day for day, _, _ in own) < datetime(1997, 2, 1, tzinfo=UTC))
    count("collectors", lambda own: max(cds for _, cds, _ in own) >= 10 or sum(cds for _, cds, _ in own) >= 30)
    count("bargain_hunters", lambda own: len(own) >= 3 and max(amount for _, _, amount in own) <= 20)
    count(
        "on_a_roll",
        lambda own: sum(day >= NOW - timedelta(days=60) and amount >= 20 for day, _, amount in own) >= 3,
    )
    count(
        "due_for_a_nudge",
        lambda own: len(own) >= 2 and datetime(1998, 1, 1, tzinfo=UTC) <= last(own) < datetime(1998, 6, 1, tzinfo=UTC),
    )


def test_a_sequence_finds_orders_that_followed_each_other(demo: str, purchases: Purchases) -> None:
    expected = 0
    for own in purchases.values():
        days = sorted(day for day, _, _ in own if day >= NOW - timedelta(days=365))
        expected += any(later - earlier <= timedelta(days=14) for earlier, later in pairwise(days))
    assert _size(demo, "quick_second_order") == expected


def test_every_customer_is_routed_once(demo: str, purchases: Purchases) -> None:
    offers = demo.split("\nOffers\n", maxsplit=1)[1].split("\n\n", maxsplit=1)[0]
    counts = [int(found.replace(",", "")) for found in re.findall(r"^  \w+ +([\d,]+) ", offers, re.MULTILINE)]
    assert sum(counts) == len(purchases)


def test_the_arms_of_the_experiment_share_the_vips(demo: str) -> None:
    control, concierge = _size(demo, "vip_treatment: control"), _size(demo, "vip_treatment: concierge")
    assert control + concierge == _size(demo, "vips")
    assert abs(control - concierge) < 5 * (control + concierge) ** 0.5


def test_one_decision_is_explained_and_the_bundle_named(demo: str) -> None:
    assert re.search(r"Customer \d{5} gets offer \"voucher_10\"", demo)
    assert re.search(r"^bundle sha256:[0-9a-f]{64}$", demo, re.MULTILINE)


def test_the_readme_shows_what_the_demo_prints(demo: str) -> None:
    shown = (ROOT / "README.md").read_text("utf-8").split("```text\n", maxsplit=1)[1].split("```", maxsplit=1)[0]
    assert _masked(shown) == _masked(demo)


def _masked(text: str) -> list[str]:
    """The lines without times, digests and sizes of files, which differ from run to run and change to change."""
    plain = re.sub(r" *[\d.]+ s\b|sha256:[0-9a-f]+|[\d,]+ bytes|[\d]+ documents", "", text)
    return [line.rstrip() for line in plain.strip().splitlines()]
