"""`decisor decide`: input lines in, decision records out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Decisor

NOW = "2026-03-01T00:00:00Z"


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def decided(decisor: Decisor, *values: object, more: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    done = decisor("decide", "hero", "--input", "-", "--now", NOW, *more, stdin=lines(*values))
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_decision_line_has_the_agreed_shape(shop: Path, decisor: Decisor) -> None:
    given = {"customer_id": "c-1", "profile": {"spend": 700}, "context": {"channel": "web"}}
    (decision,) = decided(decisor, given)
    assert decision.keys() >= {
        "decision_id",
        "customer_id",
        "ruleset",
        "output",
        "path",
        "segments",
        "experiments",
        "bandits",
        "models",
        "bundle",
    }
    assert (decision["customer_id"], decision["ruleset"]) == ("c-1", "hero")
    assert decision["path"][0] == {"node": "who", "outcome": "trial"}
    assert decision["segments"] == {"vips": True}
    assert decision["membership"] == "matched"
    (experiment,) = decision["experiments"]
    assert (experiment["experiment"], experiment["reason"]) == ("split", "assigned")
    assert decision["bundle"].startswith("sha256:")
    assert "trace" not in decision


def test_decision_ids_are_given_or_new(shop: Path, decisor: Decisor) -> None:
    first, second, third = decided(
        decisor, {"customer_id": "c-1", "decision_id": "d-7"}, {"customer_id": "c-1"}, {"customer_id": "c-1"}
    )
    assert first["decision_id"] == "d-7"
    assert len({second["decision_id"], third["decision_id"], "d-7"}) == 3


def test_a_trace_says_what_every_node_saw(shop: Path, decisor: Decisor) -> None:
    (decision,) = decided(decisor, {"customer_id": "c-1"}, more=("--trace",))
    assert [step["node"] for step in decision["trace"]] == ["who", "plain"]
    assert "in_segment('vips')\": false" in json.dumps(decision["trace"][0])


def test_membership_that_is_given_replaces_matching(shop: Path, decisor: Decisor) -> None:
    outside, inside = decided(
        decisor,
        {"customer_id": "c-1", "profile": {"spend": 700}, "membership": []},
        {"customer_id": "c-1", "membership": ["vips"]},
    )
    assert (outside["output"], outside["membership"]) == ({"content": "welcome"}, "given")
    assert inside["path"][0]["outcome"] == "trial"


def test_a_history_matches_behaviour_and_an_event_is_read(shop: Path, decisor: Decisor) -> None:
    event = {"id": "e-1", "type": "purchase", "time": "2026-02-20T00:00:00Z", "data": {"amount": 25}}
    other = {**event, "id": "e-2", "customer_id": "c-1", "data": {"amount": 7}}
    without, with_history, about = decided(
        decisor,
        {"customer_id": "c-1"},
        {"customer_id": "c-1", "events": [event, event]},
        {"customer_id": "c-1", "events": [event], "event": other},
    )
    assert without["output"] == {"content": "welcome"}
    assert with_history["output"] == {"content": "thanks"}
    assert about["output"] == {"content": "thanks", "amount": 7.0}


def test_the_key_may_stand_in_the_profile(shop: Path, decisor: Decisor) -> None:
    (decision,) = decided(decisor, {"profile": {"customer_id": "c-9"}})
    assert decision["customer_id"] == "c-9"


BROKEN = [
    ("[]", "expected a JSON object"),
    ("{", "expected one JSON object, but column 1 reads: "),
    ('{"profile": {}}', "`profile.customer_id` is missing; every profile needs its key"),
    ('{"customer_id": 7}', "`profile.customer_id` expected text that is not empty, found a whole number"),
    ('{"customer_id": "c", "profile": []}', "`profile` expected an object"),
    (
        '{"customer_id": "c", "profile": {"customer_id": "d"}}',
        "`profile.customer_id` is another customer than `customer_id`",
    ),
    ('{"customer_id": "c", "profile": {"orders": "5"}}', "`profile.orders` expected a whole number"),
    ('{"customer_id": "c", "context": {"channel": "post"}}', "`context.channel` expected one of email, web"),
    ('{"customer_id": "c", "context": {"canal": "web"}}', "`context.canal` is not declared"),
    (
        '{"customer_id": "c", "contxt": {}}',
        "`contxt` is not part of an input; expected customer_id, profile, context, event, ",
    ),
    ('{"customer_id": "c", "events": {}}', "`events` expected a list of events"),
    ('{"customer_id": "c", "events": [7]}', "`events[0]` expected an object, found a whole number"),
    ('{"customer_id": "c", "events": [{"id": "e"}]}', "`events[0].time` expected an instant with a zone, found null"),
    ('{"customer_id": "c", "decision_id": "\\ud800"}', "`decision_id` expected storable text"),
    ('{"customer_id": "c", "event": {"type": "x"}}', "`event.id` expected text that is not empty, found null"),
    (
        (
            '{"customer_id": "c", '
            '"event": {"id": "e", "type": "purchase", "time": "2026-01-01T00:00:00Z", "customer_id": "d"}}'
        ),
        "`event.customer_id` is another customer than `customer_id`",
    ),
    ('{"customer_id": "c", "membership": "vips"}', "`membership` expected a list of segment names"),
    ('{"customer_id": "c", "membership": [7]}', "`membership` expected a list of segment names"),
    ('{"customer_id": "c", "decision_id": ""}', "`decision_id` expected text that is not empty"),
    ('{"customer_id": "c", "decision_id": 7}', "`decision_id` expected text"),
]


@pytest.mark.parametrize("line, told", BROKEN)
def test_a_broken_line_is_told_and_the_rest_goes_on(line: str, told: str, shop: Path, decisor: Decisor) -> None:
    good = lines({"customer_id": "c-1"})
    done = decisor("decide", "hero", "--input", "-", "--now", NOW, stdin=f"{good}{line}\n{good}")
    assert done.code == 1
    assert len(done.out.splitlines()) == 2
    assert done.err.startswith(f"standard input:2: {told}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["her", "--input", "-"], "`her` is not a ruleset; did you mean `hero`?"),
        (["segment/hero", "--input", "-"], "`segment/hero` is not a ruleset; rulesets: `hero`"),
        (["hero", "--input", "none.jsonl"], "`none.jsonl` cannot be read: no such file or directory"),
        (["hero", "--input", "-", "--now", "2026-03-01"], "--now: expected an instant with a zone"),
    ],
)
def test_what_cannot_be_run_ends_with_2(arguments: list[str], told: str, shop: Path, decisor: Decisor) -> None:
    done = decisor("decide", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"decisor: {told}")


def test_a_bundle_decides_as_its_workspace_does(shop: Path, decisor: Decisor, tmp_path: Path) -> None:
    given = lines({"customer_id": "c-1", "profile": {"spend": 700}, "decision_id": "d-1"})
    assert decisor("build", "-o", tmp_path / "shop.bundle").code == 0
    there = decisor("decide", "ruleset/hero", "--input", "-", "--now", NOW, stdin=given)
    os.chdir(tmp_path)
    here = decisor("decide", "hero", "--input", "-", "--now", NOW, "--bundle", "shop.bundle", stdin=given)
    assert here == there
