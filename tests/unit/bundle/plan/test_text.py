from __future__ import annotations

import json

from engine.bundle.plan.change import Audience, Change, Detail, Movement, Plan
from engine.bundle.plan.data import as_data
from engine.bundle.plan.text import LINES, as_markdown, as_text, count_line

MANY = tuple(Detail("+", f"clause {number}") for number in range(30))
CHANGE = Change("segments", "changed", "segment/vips", MANY, used_by=tuple(f"segment/s{n}" for n in range(20)))


def test_a_long_difference_is_cut_unless_all_is_asked_for() -> None:
    plan = Plan("a", "b", (CHANGE,))
    short, full = as_text(plan), as_text(plan, full=True)
    assert short.count("clause") == LINES
    assert "… 22 more (--full)" in short
    assert "15 more" in short
    assert full.count("clause") == 30
    assert "segment/s19" in full
    assert "more" not in full


def test_what_only_follows_is_one_line() -> None:
    plan = Plan("a", "b", (Change("segments", "changed", "segment/vips", MANY, through=("segment/rich",)),))
    assert "~ segment vips  (through segment/rich)" in as_text(plan)
    assert "clause" not in as_text(plan)
    assert "clause 29" in as_text(plan, full=True)


def test_the_last_line_counts() -> None:
    changes = tuple(Change("segments", action, f"segment/{action}") for action in ("added", "changed", "removed"))
    assert as_text(Plan("a", "b", changes, ("test/x",))).rpartition("\n")[2] == (
        "1 added, 1 changed, 1 removed; 1 without effect at run time"
    )
    assert count_line(Plan("a", "b", ())) == "no change in meaning"


def test_markdown_stays_in_its_fence_whatever_a_clause_says() -> None:
    hostile = Change("routes", "changed", "ruleset/r", (Detail("+", "case 1: ``` <img src=x> `````"),))
    lines = as_markdown(Plan("a", "b", (hostile,))).split("\n")
    fences = [line.strip() for line in lines if line.strip().startswith("`````")]
    assert fences == ["``````diff", "``````"]


def test_keys_of_profiles_cannot_break_a_line() -> None:
    audience = Audience(1, 0, "now", {"segment/a": Movement(entering=1, entering_examples=("x\n\x1b[2J# y",))})
    told = as_text(Plan("a", "b", (), audience=audience))
    assert "\x1b" not in told
    assert "+1 enter, such as `x��[2J# y`" in told


def test_data_leaves_nothing_out_and_is_json() -> None:
    audience = Audience(9, 1, "now", {"segment/a": Movement(1, 2, 3, 4, ("x",), ("y",), ("z",))})
    data = json.loads(json.dumps(as_data(Plan("a", "b", (CHANGE,), ("test/x",), ("a note",), audience))))
    assert data["schema"] == "plan/1"
    assert len(data["changes"][0]["details"]) == 30
    assert len(data["changes"][0]["used_by"]) == 20
    assert data["audience"]["movements"]["segment/a"]["rerouted_examples"] == ["z"]
    assert data["counts"] == {"added": 0, "changed": 1, "removed": 0, "renamed": 0}
    assert (data["quiet"], data["notes"]) == (["test/x"], ["a note"])
