"""The profile of a case follows from its events, as in production."""

from __future__ import annotations

from pathlib import Path

from engine import load_workspace
from engine.testing.run import run_tests

CATALOGUE = """\
apiVersion: v1
kind: Profile
name: customer
key: user_id
fields:
  country: {type: keyword}
  orders: {type: integer, from: {event: purchase, aggregate: count}}
---
apiVersion: v1
kind: EventType
name: purchase
fields: {to: {type: keyword}}
sets: {country: to}
"""
SEGMENTS = """\
apiVersion: v1
kind: Segment
name: newcomers
conditions: [{field: orders, operator: equals, value: 0}]
---
apiVersion: v1
kind: Segment
name: buyers
conditions: [{field: orders, operator: greater_or_equal, value: 1}]
---
apiVersion: v1
kind: Segment
name: germans
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
    switch: [{when: profile.orders == 0, then: first}]
    otherwise: again
  first: {output: {text: "'welcome'"}}
  again: {output: {text: "'welcome back'"}}
"""
PURCHASE = '{type: purchase, time: "2026-02-28T00:00:00Z", data: {to: DE}}'
CASES = f"""\
apiVersion: v1
kind: Test
name: visits
ruleset: greeting
now: "2026-03-01T00:00:00Z"
cases:
  - {{name: a first visit, expect: {{segments: [newcomers], output: {{text: welcome}}}}}}
  - name: a buyer who has moved
    profile: {{country: US}}
    events: [{PURCHASE}]
    expect: {{segments: [buyers, germans], output: {{text: welcome back}}}}
  - {{name: as it is stored, profile: {{orders: 2}}, expect: {{segments: [buyers], output: {{text: welcome back}}}}}}
  - {{name: too much, profile: {{orders: 2}}, events: [{PURCHASE}], expect: {{segments: [buyers]}}}}
"""


def test_a_case_has_the_profile_that_a_worker_would_make_of_its_events(tmp_path: Path) -> None:
    files = {
        "decisor.yaml": "name: w\n",
        "schemas/c.yaml": CATALOGUE,
        "segments/s.yaml": SEGMENTS,
        "rules/r.yaml": RULES,
    }
    for name, text in {**files, "rules/r.test.yaml": CASES}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    workspace = load_workspace(tmp_path)
    tests = [each for each in workspace.documents.documents if each.kind == "Test"]
    *sound, refused = [result.differences for result in run_tests(tests, workspace.program).results]
    assert sound == [(), (), ()]
    (told,) = refused
    assert told.startswith(
        "profile.orders: is computed from `purchase` events and cannot be stated together with events; "
    )
