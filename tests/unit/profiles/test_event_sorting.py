from __future__ import annotations

import random
from typing import Any

from engine.profiles.event_sorting import History


def _event(name: str, customer: str, time: str, **data: Any) -> dict[str, Any]:
    return {"id": name, "type": "purchase", "customer_id": customer, "time": time, "data": data}


def test_events_come_back_by_customer_in_event_order() -> None:
    events = [_event(str(n), f"c-{n % 3}", f"2026-01-{1 + n * 7 % 28:02}T00:00:00.000Z", n=n) for n in range(60)]
    shuffled = events.copy()
    random.Random(7).shuffle(shuffled)
    with History("customer_id") as history:
        for event in shuffled:
            assert history.add(event) == "kept"
        found = dict(history.customers())
        assert list(found) == ["c-0", "c-1", "c-2"]
        for customer, own in found.items():
            expected = sorted((e for e in shuffled if e["customer_id"] == customer), key=lambda event: event["time"])
            assert own == expected == history.of(customer)
        assert history.of("c-9") == []


def test_exact_duplicates_are_dropped_and_conflicts_kept_and_told() -> None:
    with History("customer_id") as history:
        assert history.add(_event("e", "c", "2026-01-01T00:00:00.000Z", a=1, b=2)) == "kept"
        assert history.add(_event("e", "c", "2026-01-01T00:00:00.000Z", b=2, a=1)) == "duplicate"
        assert history.add(_event("e", "c", "2026-01-01T00:00:00.000Z", a=2)) == "conflict"
        assert history.add(_event("e", "d", "2026-01-01T00:00:00.000Z", a=1, b=2)) == "conflict"
        assert len(history.of("c")) == 2
