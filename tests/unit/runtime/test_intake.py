"""The intake: one meaning of a request wherever it arrives, and refusals that name the place and no value."""

from __future__ import annotations

from typing import Any

import pytest

from engine.ir.types import Aggregate, Catalogue, EventType, Field
from engine.runtime.border import PROBLEM_LIMIT, Border
from engine.runtime.intake import Facts, FactsRefusedError, Intake, instant_of

CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (Field("country", "keyword"), Field("spend", "number")),
    (EventType("purchase", (Field("amount", "number"),)),),
)
INTAKE = Intake(Border(CATALOGUE))


def purchase(number: int, day: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"e-{number}", "type": "purchase", "time": f"2026-02-{day:02}T00:00:00Z", **more}


def canonical(number: int, day: int = 1, **data: Any) -> dict[str, Any]:
    time = f"2026-02-{day:02}T00:00:00.000Z"
    return {"id": f"e-{number}", "customer_id": "c-1", "time": time, "type": "purchase", "data": data}


def test_a_request_becomes_canonical_facts() -> None:
    facts = INTAKE.facts(
        {
            "customer_id": "c-1",
            "profile": {"spend": 5, "country": None},
            "events": [purchase(1, data={"amount": 2})],
            "event": purchase(2, 3),
            "context": {"channel": "web"},
            "membership": ["vips"],
            "decision_id": "d-1",
        }
    )
    assert facts == Facts(
        {"spend": 5.0, "customer_id": "c-1"},
        (canonical(1, amount=2.0),),
        canonical(2, 3),
        {"channel": "web"},
        ["vips"],
        "d-1",
    )


def test_the_customer_is_all_that_must_be_said() -> None:
    alone = Facts({"customer_id": "c-1"})
    assert INTAKE.facts({"customer_id": "c-1"}) == alone
    assert INTAKE.facts({"profile": {"customer_id": "c-1"}}) == alone
    nulls = dict.fromkeys(("event", "events", "context", "membership", "decision_id"))
    assert INTAKE.facts({"customer_id": "c-1", "profile": {}, **nulls}) == alone


def test_the_history_is_in_event_order_without_exact_repetitions() -> None:
    late, early, tied = purchase(1, 9), purchase(2, 1), purchase(3, 9)
    other = {**late, "data": {"amount": 1}}
    events = INTAKE.history([late, early, tied, late, other], "c-1")
    assert events == [canonical(2, 1), canonical(1, 9), canonical(3, 9), canonical(1, 9, amount=1.0)]


@pytest.mark.parametrize(
    "more, told",
    [
        ({"profile": {"spend": "5"}}, "`profile.spend` expected a number"),
        ({"profile": []}, "`profile` expected an object"),
        ({"profile": {"customer_id": "c-2"}}, "`profile.customer_id` is another customer than `customer_id`"),
        ({"customer_id": ""}, "`profile.customer_id` expected text that is not empty"),
        ({"events": {"0": 1}}, "`events` expected a list of events"),
        ({"events": "e"}, "`events` expected a list of events"),
        ({"events": [purchase(1), 7]}, "`events[1]` expected an object, found a whole number"),
        ({"events": [purchase(1, customer_id="c-2")]}, "`events[0].customer_id` is another customer"),
        ({"event": {**purchase(1), "time": "2026-02-01"}}, "`event.time` expected an instant with a zone"),
        ({"event": 5}, "`event` expected an object"),
        ({"context": ["web"]}, "`context` expected an object"),
        ({"membership": "vips"}, "`membership` expected a list of segment names"),
        ({"membership": 5}, "`membership` expected a list of segment names"),
        ({"membership": {"vips": True}}, "`membership` expected a list of segment names"),
        ({"membership": ["vips", None]}, "`membership` expected a list of segment names"),
        ({"decision_id": 5}, "`decision_id` expected text"),
        ({"decision_id": "\ud800"}, "`decision_id` expected "),
        ({"contxt": {}}, "`contxt` is not part of an input; expected customer_id, profile, context, event, "),
        ({"a b: secret": {}}, "`(another member)` is not part of an input"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(more: dict[str, Any], told: str) -> None:
    with pytest.raises(FactsRefusedError) as refused:
        INTAKE.facts({"customer_id": "c-1", **more})
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize("raw", [None, [], "c-1", 5])
def test_a_request_is_an_object(raw: Any) -> None:
    with pytest.raises(FactsRefusedError, match="expected a JSON object"):
        INTAKE.facts(raw)


def test_every_broken_event_is_told_up_to_a_bound() -> None:
    with pytest.raises(FactsRefusedError) as refused:
        INTAKE.history([purchase(1), {**purchase(2), "time": None}, {**purchase(3), "id": 7}], "c-1")
    assert [problem.path for problem in refused.value.problems] == ["events[1].time", "events[2].id"]
    with pytest.raises(FactsRefusedError) as refused:
        INTAKE.history([{} for _ in range(1_000)], "c-1")
    assert len(refused.value.problems) == PROBLEM_LIMIT


def test_an_instant_is_made_canonical_or_refused() -> None:
    assert instant_of("2026-03-01T01:00:00+01:00") == "2026-03-01T00:00:00.000Z"
    for raw in ("2026-03-01", "yesterday", 5, None):
        with pytest.raises(FactsRefusedError, match="`now` expected an instant with a zone"):
            instant_of(raw)


COUNTED = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("orders", "integer", source=Aggregate("purchase", "count")),
        Field("spend", "number", source=Aggregate("purchase", "sum", "amount")),
        Field("best", "number", source=Aggregate("purchase", "max", "amount")),
    ),
    (EventType("purchase", (Field("amount", "number"), Field("to", "keyword")), (("country", "to"),)),),
)
HISTORY = [purchase(2, 9, data={"amount": 2}), purchase(1, 3, data={"amount": 5, "to": "DE"})]
STATED = "is computed from `purchase` events and cannot be stated together with events"


def test_with_a_history_the_profile_follows_from_it_as_of_now() -> None:
    raw = {"customer_id": "c-1", "profile": {"country": "US"}, "events": HISTORY}
    intake = Intake(Border(COUNTED))
    known = {"customer_id": "c-1", "country": "DE", "orders": 2, "spend": 7.0, "best": 5.0}
    assert intake.facts(raw).profile == known
    assert intake.facts(raw, "2026-02-05T00:00:00.000Z").profile == {**known, "orders": 1, "spend": 5.0}
    before = {"customer_id": "c-1", "country": "US", "orders": 0, "spend": 0.0}
    assert intake.facts(raw, "2026-02-01T00:00:00.000Z").profile == before


@pytest.mark.parametrize("events", [None, []])
def test_without_a_history_aggregates_are_as_stated_and_counts_and_sums_0_otherwise(events: Any) -> None:
    intake = Intake(Border(COUNTED))
    found = intake.facts({"customer_id": "c-1", "profile": {"orders": 3}, "events": events})
    assert found == Facts({"customer_id": "c-1", "orders": 3, "spend": 0.0})


def test_an_aggregate_stated_beside_its_events_is_refused_with_the_reason() -> None:
    intake = Intake(Border(COUNTED))
    raw = {"customer_id": "c-1", "profile": {"orders": 3, "best": 9.25, "spend": None}, "events": HISTORY}
    with pytest.raises(FactsRefusedError) as refused:
        intake.facts(raw)
    assert [(each.path, STATED in each.message) for each in refused.value.problems] == [
        ("profile.orders", True),
        ("profile.best", True),
    ]
    assert "leave it out, or give the profile without events" in str(refused.value)
    assert "9.25" not in str(refused.value)
