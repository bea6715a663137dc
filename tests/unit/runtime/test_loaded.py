from __future__ import annotations

from typing import Any

import pytest

from engine.ir.predicate import Bounds, Events, Leaf
from engine.ir.program import Program
from engine.ir.types import Catalogue, EventType, Field
from engine.runtime.intake import FactsRefusedError
from engine.runtime.loaded import Runtime

NOW = "2026-03-01T00:00:00Z"
PROGRAM = Program(
    "shop",
    "UTC",
    Catalogue(
        "customer",
        "customer_id",
        (Field("country", "keyword"),),
        (EventType("purchase", (Field("amount", "number"),)),),
    ),
    segments={
        "buyers": Events("purchase", "count", Leaf("value", "range", Bounds(lower=1), "integer")),
        "us": Leaf("country", "equals", "US"),
    },
)


def _purchase(customer: str) -> dict[str, Any]:
    return {"id": "e-1", "type": "purchase", "customer_id": customer, "time": "2026-02-01T00:00:00Z"}


def test_facts_are_taken_as_they_come() -> None:
    found = Runtime(PROGRAM).segments({"customer_id": "c-1", "country": "US"}, [_purchase("c-1")], now=NOW)
    assert found == ["buyers", "us"]


def test_events_of_another_customer_are_refused() -> None:
    with pytest.raises(FactsRefusedError, match="another customer"):
        Runtime(PROGRAM).segments({"customer_id": "c-1"}, [_purchase("c-2")], now=NOW)


@pytest.mark.parametrize("profile", [{}, {"customer_id": "c-1", "country": 5}, {"customer_id": "c-1", "shoe_size": 42}])
def test_a_profile_that_does_not_fit_is_refused(profile: dict[str, Any]) -> None:
    with pytest.raises(FactsRefusedError):
        Runtime(PROGRAM).segments(profile, now=NOW)


def test_membership_is_no_text_and_a_context_is_an_object() -> None:
    runtime = Runtime(PROGRAM)
    with pytest.raises(FactsRefusedError, match="membership"):
        runtime.decide("r", {"customer_id": "c-1"}, membership="vips")
    context: Any = ["web"]
    with pytest.raises(FactsRefusedError, match="context"):
        runtime.decide("r", {"customer_id": "c-1"}, context)
