"""Every command that is handed events folds them into the profile, and takes counts of nothing for 0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import build_bundle, load_workspace
from tests.unit.cli.conftest import Decisor, write

PROFILE = """\
apiVersion: v1
kind: Profile
name: customer
key: customer_id
fields:
  country: {{type: keyword}}
  points: {{type: integer}}
  orders: {{type: integer{source}}}
"""
COUNTED = ", from: {event: purchase, aggregate: count}"
EVENTS = """\
---
apiVersion: v1
kind: EventType
name: purchase
fields: {amount: {type: number}, country: {type: keyword}}
sets: {country: country}
"""
REFUNDS = """\
---
apiVersion: v1
kind: EventType
name: refund
fields: {country: {type: keyword}}
sets: {country: country}
"""
SEGMENTS = """\
apiVersion: v1
kind: Segment
name: never_bought
conditions: [{field: orders, operator: equals, value: 0}]
---
apiVersion: v1
kind: Segment
name: bought
conditions: [{field: orders, operator: greater_or_equal, value: 1}]
---
apiVersion: v1
kind: Segment
name: bought_by_events
conditions: [{events: {type: purchase}}]
---
apiVersion: v1
kind: Segment
name: german
conditions: [{field: country, operator: equals, value: DE}]
"""
RULES = """\
apiVersion: v1
kind: Ruleset
name: greeting
output: {text: {type: keyword}}
start: who
nodes:
  who:
    switch:
      - {when: "in_segment('never_bought')", then: first}
      - {when: "profile.country == 'DE'", then: again}
    otherwise: other
  first: {output: {text: "'first'"}}
  again: {output: {text: "'again'"}}
  other: {output: {text: "'other'"}}
"""
NOW = ("--now", "2026-03-01T00:00:00Z")
REFUSED = (
    "`orders` is computed from `purchase` events and cannot be stated together with events;"
    " leave it out, or give the profile without events"
)


def purchase(customer: str, number: int = 1, **data: object) -> dict[str, object]:
    time = f"2026-02-{number:02}T00:00:00Z"
    return {"id": f"e-{number}", "type": "purchase", "customer_id": customer, "time": time, "data": data}


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop that counts orders; its folder is the current one."""
    root = tmp_path / "shop"
    texts = {"schemas/c.yaml": PROFILE.format(source=COUNTED) + EVENTS, "segments/s.yaml": SEGMENTS}
    write(root, {"decisor.yaml": "name: shop\n", **texts, "rules/r.yaml": RULES})
    monkeypatch.chdir(root)
    return root


def test_a_first_visitor_has_never_bought(shop: Path, decisor: Decisor) -> None:
    visitor = lines({"customer_id": "new"})
    found = decisor("match", "--profiles", "-", stdin=visitor)
    assert found.out == '{"customer_id": "new", "segments": ["never_bought"]}\n'
    decided = decisor("decide", "greeting", "--input", "-", *NOW, stdin=visitor)
    assert json.loads(decided.out)["output"] == {"text": "first"}
    for target in ("elasticsearch", "sql:postgres", "sql:duckdb"):
        rows = decisor("mapping", "--target", target, "--rows", "-", stdin=visitor)
        assert (rows.code, json.loads(rows.out)["orders"]) == (0, 0), (shop, target)


def test_events_set_fields_and_are_counted(shop: Path, decisor: Decisor) -> None:
    events = [purchase("a", country="DE"), purchase("b"), {**purchase("b", 2), "time": "2026-03-02T00:00:00Z"}]
    (shop / "events.jsonl").write_text(lines(*events))
    profiles = lines({"customer_id": "a", "country": "US"}, {"customer_id": "b", "country": "DE"}, {"customer_id": "c"})
    found = decisor("match", "--profiles", "-", "--events", "events.jsonl", *NOW, stdin=profiles)
    assert [json.loads(line)["segments"] for line in found.out.splitlines()] == [
        ["bought", "bought_by_events", "german"],
        ["bought", "bought_by_events", "german"],
        ["never_bought"],
    ]
    inputs = lines(
        {"customer_id": "a", "profile": {"country": "US"}, "events": events[:1]},
        {"customer_id": "b", "events": [{**purchase("b"), "type": "$set", "data": {"country": "DE"}}]},
        {"customer_id": "c", "profile": {"orders": 2}, "events": []},
    )
    decided = decisor("decide", "greeting", "--input", "-", *NOW, stdin=inputs)
    assert [json.loads(line)["output"]["text"] for line in decided.out.splitlines()] == ["again", "first", "other"]


def test_a_computed_field_with_events_is_refused_with_the_reason(shop: Path, decisor: Decisor) -> None:
    (shop / "events.jsonl").write_text(lines(purchase("a")))
    profiles = lines({"customer_id": "a", "orders": 31}, {"customer_id": "b", "orders": 32}, {"customer_id": "c"})
    found = decisor("match", "--profiles", "-", "--events", "events.jsonl", *NOW, stdin=profiles)
    assert found.code == 1
    assert found.out == '{"customer_id": "c", "segments": ["never_bought"]}\n'
    assert found.err == f"standard input:1: {REFUSED}\nstandard input:2: {REFUSED}\n"
    (shop / "profiles.jsonl").write_text(profiles)
    (shop / "old.bundle").write_bytes(build_bundle(load_workspace(shop)))
    against = ("plan", "--against", "old.bundle", "--events", "events.jsonl", "--format", "json", *NOW)
    planned = decisor(*against, "--profiles", "profiles.jsonl")
    assert (planned.code, f"profiles.jsonl:2: {REFUSED}\n" in planned.err) == (1, True)
    inputs = lines({"customer_id": "a", "profile": {"orders": 31}, "events": [purchase("a")]})
    decided = decisor("decide", "greeting", "--input", "-", *NOW, stdin=inputs)
    assert (decided.code, decided.out) == (1, "")
    assert decided.err == f"standard input:1: {REFUSED.replace('`orders`', '`profile.orders`')}\n"
    without = decisor("match", "--profiles", "profiles.jsonl", *NOW)
    assert (without.code, without.out.count('"bought"')) == (0, 2)


def test_a_plan_folds_the_events_with_the_catalogue_of_each_state(shop: Path, decisor: Decisor) -> None:
    """The earlier state kept `orders` as it was stated, and knew nothing of refunds."""
    later = (shop / "schemas/c.yaml").read_text()
    (shop / "schemas/c.yaml").write_text(PROFILE.format(source="") + EVENTS)
    (shop / "old.bundle").write_bytes(build_bundle(load_workspace(shop)))
    (shop / "schemas/c.yaml").write_text(later + REFUNDS)
    refund = {**purchase("b", 5, country="DE"), "type": "refund"}
    (shop / "events.jsonl").write_text(lines(purchase("a", country="DE"), refund))
    (shop / "profiles.jsonl").write_text(lines({"customer_id": "a", "orders": 0}, {"customer_id": "b", "orders": 3}))
    files = ("--profiles", "profiles.jsonl", "--events", "events.jsonl")
    planned = decisor("plan", "--against", "old.bundle", *files, "--format", "json", *NOW)
    assert (planned.code, planned.err) == (0, "")
    movements = json.loads(planned.out)["audience"]["movements"]
    moved = {name: (each["entering_examples"], each["leaving_examples"]) for name, each in movements.items()}
    assert moved["segment/bought"] == (["a"], ["b"])
    assert moved["segment/never_bought"] == (["b"], ["a"])
    assert moved["segment/german"] == (["b"], [])
