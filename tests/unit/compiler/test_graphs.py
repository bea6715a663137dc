"""Rulesets and experiments from YAML: what they mean, whatever the order of keys, and within which limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.ir.expression import Coalesce, Name
from engine.nodes.model.node import ModelNode
from engine.nodes.set.node import SetNode
from engine.nodes.table.node import TableNode
from tests.unit.compiler.graph_texts import HEAD, NOW, codes, decided, loaded

TWO_ORDERS = (
    """
context: {channel: {type: keyword}, device_id: {type: keyword}}
output: {content: {type: keyword}, reason: {type: keyword}}
start: first
nodes:
  first: {set: {basket: profile.spend / profile.orders, again: vars.basket + 1, also: profile.orders}, then: test}
  test: {experiment: device_test, arms: {control: plain, treatment: pick}}
  pick:
    table:
      hit: first
      inputs: [profile.country]
      rows: [[US, {content: a, reason: b}], ["*", {reason: d, content: c}]]
  plain: {output: {content: "'plain'", reason: "'x'"}}
""",
    """
nodes:
  plain: {output: {reason: "'x'", content: "'plain'"}}
  pick:
    table:
      rows: [[US, {reason: b, content: a}], ["*", {content: c, reason: d}]]
      inputs: [profile.country]
      hit: first
  test: {arms: {treatment: pick, control: plain}, experiment: device_test}
  first: {then: test, set: {also: profile.orders, basket: profile.spend / profile.orders, again: vars.basket + 1}}
start: first
output: {reason: {type: keyword}, content: {type: keyword}}
context: {device_id: {type: keyword}, channel: {type: keyword}}
""",
)


def test_order_of_keys_means_nothing(tmp_path: Path) -> None:
    first, second = (loaded(tmp_path / str(n), HEAD + text).program.data() for n, text in enumerate(TWO_ORDERS))
    assert json.dumps(first) == json.dumps(second)


def test_a_var_is_set_after_those_that_it_reads(tmp_path: Path) -> None:
    nodes = loaded(tmp_path, HEAD + TWO_ORDERS[0]).program.rulesets["hero"].nodes
    assert isinstance(nodes[0], SetNode)
    assert [item.name for item in nodes[0].items] == ["also", "basket", "again"]


def test_nodes_stand_before_those_they_lead_to_and_unreached_ones_are_left_out(tmp_path: Path) -> None:
    text = """
output: {content: {type: keyword}}
start: z
nodes:
  last: {output: {content: "'x'"}}
  old: {output: {content: "'x'"}}
  a: {set: {k: 1}, then: last}
  z: {switch: [{when: "in_segment('vip')", then: last}], otherwise: a}
"""
    workspace = loaded(tmp_path, HEAD + text)
    assert [each.code for each in workspace.findings] == ["G003"]
    assert [node.name for node in workspace.program.rulesets["hero"].nodes] == ["z", "a", "last"]


def test_cost_is_that_of_the_dearest_way(tmp_path: Path) -> None:
    cheap = """
output: {content: {type: keyword}}
start: z
nodes:
  last: {output: {content: "'x'"}}
  dear: {set: {k: "[t for t in profile.tags if t == 'x']"}, then: last}
  z: {switch: [{when: "in_segment('vip')", then: last}], otherwise: dear}
"""
    cost = loaded(tmp_path, HEAD + cheap).program.rulesets["hero"].cost
    assert 10_000 < cost < 1_000_000


PIPELINE = """
context: {product_id: {type: keyword}}
output: {content: {type: keyword}, score: {type: number}, count: {type: integer}}
start: score
nodes:
  score: {model: churn, inputs: {basket: profile.spend}, deadline: 10ms, as: churn, then: read}
  read: {features: [activity, product], then: pick}
  pick: {bandit: offers, inputs: {margin: features.product.price}, as: pick, then: count}
  count:
    table:
      hit: collect
      collect: sum
      inputs: [profile.tags]
      outputs: {count: {type: integer}}
      rows: [[a, {count: 1}], [b, {count: 2}], [[a, c], {count: 4}]]
    as: tags
    then: cap
  cap: {cap: {key: vars.pick.arm, limit: 2, within: 7d}, then: done, otherwise: capped}
  done:
    output:
      content: vars.pick.arm
      score: vars.churn.score
      count: vars.tags.count + features.activity.orders_7d
  capped: {output: {content: "'capped'", score: 0, count: 0}}
"""


def test_every_kind_of_node_decides_with_its_fallbacks(tmp_path: Path) -> None:
    decision = decided(tmp_path, HEAD + PIPELINE, {"tags": ["a", "c"]})
    assert decision["output"] == {"content": "none", "score": 0.5, "count": 5}
    assert [(each["node"], each["outcome"]) for each in decision["path"]] == [
        ("score", "fallback"),
        ("read", "unavailable"),
        ("pick", "none"),
        ("count", "rows 1, 3"),
        ("cap", "below"),
        ("done", "output"),
    ]


def test_a_models_defaults_and_the_sooner_deadline_are_written_in(tmp_path: Path) -> None:
    nodes = loaded(tmp_path, HEAD + PIPELINE).program.rulesets["hero"].nodes
    model = next(node for node in nodes if isinstance(node, ModelNode))
    assert [(item.name, type(item.value)) for item in model.inputs] == [("basket", Name), ("orders", Coalesce)]
    assert model.timeout == 10


COLLECT = """
output: {content: {type: keyword, list: true}, at: {type: date, list: true}}
start: pick
nodes:
  pick:
    table:
      hit: rule_order
      inputs: [profile.spend]
      rows:
        - [">= 10", {content: a, at: 2026-01-01T00:00:00Z}]
        - ["< 100", {content: b}]
        - ["> 1000", {content: c}]
"""


@pytest.mark.parametrize(
    "spend, output",
    [
        (50.0, {"content": ["a", "b"], "at": ["2026-01-01T00:00:00.000Z"]}),
        (1.0, {"content": ["b"]}),
        (None, {}),
    ],
)
def test_all_rows_that_hold_make_lists(spend: float | None, output: dict[str, Any], tmp_path: Path) -> None:
    profile = {} if spend is None else {"spend": spend}
    assert decided(tmp_path, HEAD + COLLECT, profile)["output"] == output


def test_the_highest_priority_wins_and_equal_ones_keep_their_order(tmp_path: Path) -> None:
    text = """
output: {content: {type: keyword}}
start: pick
nodes:
  pick:
    table:
      hit: priority
      inputs: [profile.orders]
      rows:
        - {when: ["*"], output: {content: rest}}
        - {when: ["> 5"], output: {content: many}, priority: 1}
        - {when: ["> 50"], output: {content: more}, priority: 2}
"""
    decision = decided(tmp_path, HEAD + text, {"orders": 60})
    assert decision["output"] == {"content": "more"}
    assert decision["path"] == [{"node": "pick", "outcome": "row 3"}]


def test_an_event_can_be_asked_about(tmp_path: Path) -> None:
    text = """
event: purchase
output: {content: {type: keyword}}
start: split
nodes:
  split: {switch: [{when: event.data.amount > 100, then: big}], otherwise: small}
  big: {output: {content: "'big'"}}
  small: {output: {content: "'small'"}}
"""
    event = {"id": "e", "type": "purchase", "customer_id": "c-1", "time": NOW, "data": {"amount": 250.0}}
    assert decided(tmp_path, HEAD + text, {}, event=event)["output"] == {"content": "big"}
    assert decided(tmp_path, HEAD + text, {})["output"] == {"content": "small"}


def test_a_called_ruleset_inherits_the_context_it_declares(tmp_path: Path) -> None:
    text = """
context: {channel: {type: keyword}, other: {type: integer}}
output: {content: {type: keyword}}
start: call
nodes:
  call: {ruleset: inner}
---
apiVersion: v1
kind: Ruleset
name: inner
context: {channel: {type: keyword}}
output: {content: {type: keyword}}
start: only
nodes:
  only: {output: {content: context.channel}}
"""
    assert decided(tmp_path, HEAD + text, {}, context={"channel": "web"})["output"] == {"content": "web"}


@pytest.mark.parametrize("count, found", [(999, []), (1_000, ["G015"])])
def test_a_ruleset_has_at_most_a_thousand_nodes(count: int, found: list[str], tmp_path: Path) -> None:
    nodes = "".join(f"  s{n}: {{set: {{x: 1}}, then: s{n + 1}}}\n" for n in range(count))
    last = f"  s{count}: {{output: {{content: \"'x'\"}}}}\n"
    text = f"output: {{content: {{type: keyword}}}}\nstart: s0\nnodes:\n{nodes}{last}"
    assert codes(tmp_path, HEAD + text) == found


@pytest.mark.parametrize("count, found", [(16, []), (17, ["G015"])])
def test_rulesets_call_each_other_at_most_sixteen_deep(count: int, found: list[str], tmp_path: Path) -> None:
    start = "apiVersion: v1\nkind: Ruleset\noutput: {content: {type: keyword}}\nstart: only\n"
    rulesets = [f"{start}name: r{n}\nnodes: {{only: {{ruleset: r{n + 1}}}}}\n" for n in range(count - 1)]
    rulesets.append(f"{start}name: r{count - 1}\nnodes: {{only: {{output: {{content: \"'x'\"}}}}}}\n")
    assert codes(tmp_path, "---\n".join(rulesets)) == found


def test_a_table_with_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.nodes.table.lower.ROW_LIMIT", 2)
    rows = "".join(f"        - [k{n}, {{content: a}}]\n" for n in range(3))
    text = f"""
output: {{content: {{type: keyword}}}}
start: pick
nodes:
  pick:
    table:
      hit: first
      inputs: [profile.country]
      rows:
{rows}"""
    assert codes(tmp_path, HEAD + text) == ["D014"]


def test_a_long_chain_of_nodes_compiles_to_a_function(tmp_path: Path) -> None:
    cases = "".join(
        f"  s{n}: {{switch: [{{when: profile.orders == {n}, then: last}}], otherwise: s{n + 1}}}\n" for n in range(300)
    )
    text = f"""
output: {{content: {{type: keyword}}}}
start: s0
nodes:
{cases}  s300: {{output: {{content: "'none'"}}}}
  last: {{output: {{content: "'found'"}}}}
"""
    decision = decided(tmp_path, HEAD + text, {"orders": 250})
    assert decision["output"] == {"content": "found"}
    assert len(decision["path"]) == 252


def test_a_finding_about_a_bandits_own_expression_is_told_once_and_there(tmp_path: Path) -> None:
    text = """
output: {content: {type: keyword}}
start: split
nodes:
  split: {switch: [{when: "in_segment('vip')", then: one}], otherwise: two}
  one: {bandit: bad, as: pick, then: last}
  two: {bandit: bad, as: pick, then: last}
  last: {output: {content: vars.pick.arm}}
---
apiVersion: v1
kind: Bandit
name: bad
unit: customer_id
policy: uniform
fallback: a
arms: {a: {}, b: {when: profile.ordrs > 1}}
"""
    found = loaded(tmp_path, HEAD + text).findings
    assert [(each.code, each.resource) for each in found] == [("T102", "bandit/bad")]


def test_cells_of_a_table_stand_in_the_order_of_its_inputs(tmp_path: Path) -> None:
    nodes = loaded(tmp_path, HEAD + TWO_ORDERS[0]).program.rulesets["hero"].nodes
    table = next(node for node in nodes if isinstance(node, TableNode))
    assert [field.name for field in table.outputs] == ["content", "reason"]
    assert [row.values for row in table.rows] == [("a", "b"), ("c", "d")]


COUNTED = """
output: {content: {type: keyword}, rows: {type: integer}}
start: all
nodes:
  all:
    table:
      hit: collect
      collect: count
      inputs: [profile.orders]
      outputs: {many: {type: number}, some: {type: number}}
      rows: [[">= 3", {many: 1}], [">= 4", {some: 2}], [">= 5", {many: 3, some: 4}]]
    as: found
    then: last
  last: {output: {content: "vars.found.many == vars.found.some ? 'same' : 'not'", rows: vars.found.many}}
"""


@pytest.mark.parametrize("orders, rows", [(2, 0), (3, 1), (5, 3)])
def test_the_rows_that_hold_are_counted_whatever_they_say(orders: int, rows: int, tmp_path: Path) -> None:
    decision = decided(tmp_path, HEAD + COUNTED, {"orders": orders})
    assert decision["output"] == {"content": "same", "rows": rows}


ONE_TYPE = """
context: {page: {type: integer}}
output: {content: {type: keyword}, score: {type: number}, found: {type: keyword}}
start: split
nodes:
  split: {switch: [{when: context.page == 1, then: one}, {when: context.page == 2, then: two}], otherwise: three}
  one: {set: {x: 2, label: "'gold'", found: "null"}, then: last}
  two: {set: {x: 1.5, label: profile.country, found: profile.country}, then: last}
  three: {set: {x: context.page, label: "'silver'", found: "'US'"}, then: last}
  last: {output: {content: vars.label, score: vars.x // 1.0, found: vars.found}}
"""


@pytest.mark.parametrize(
    "page, expected",
    [
        (1, {"content": "gold", "score": 2.0}),
        (2, {"content": "CH", "score": 1.0, "found": "CH"}),
        (2**53 + 1, {"content": "silver", "score": float(2**53), "found": "US"}),
    ],
)
def test_a_var_of_related_types_has_the_wider_one(page: int, expected: dict[str, Any], tmp_path: Path) -> None:
    output = decided(tmp_path, HEAD + ONE_TYPE, {"country": "CH"}, context={"page": page})["output"]
    assert (output, type(output["score"])) == (expected, float)
