"""A small workspace with every kind of node, and the run of cases in it."""

from __future__ import annotations

from pathlib import Path

from engine import load_workspace
from engine.testing.run import TestRun, run_tests

FILES = {
    "decisor.yaml": "name: world\n",
    "schemas/catalogue.yaml": """\
apiVersion: v1
kind: Profile
name: customer
key: user_id
fields:
  country: {type: keyword}
  spend: {type: number}
  orders: {type: integer}
  tags: {type: keyword, list: true}
---
apiVersion: v1
kind: EventType
name: purchase
fields: {amount: {type: number}}
""",
    "segments/all.yaml": """\
apiVersion: v1
kind: Segment
name: vip
conditions:
  - {field: spend, operator: greater_or_equal, value: 500}
  - any:
      - {field: country, operator: in, value: [US, CA]}
      - not: {field: tags, operator: contains, value: blocked}
---
apiVersion: v1
kind: Segment
name: buyers
conditions: [{events: {type: purchase, within: 30d, count: {operator: greater_or_equal, value: 2}}}]
---
apiVersion: v1
kind: Segment
name: staff
conditions: [{list: crew}]
---
apiVersion: v1
kind: MemberList
name: crew
members: [c-7]
""",
    "rules/all.yaml": """\
apiVersion: v1
kind: Ruleset
name: hero
context: {channel: {type: keyword, values: [web, email]}}
event: purchase
output: {content: {type: keyword}, reason: {type: keyword}, price: {type: number}, tags: {type: keyword, list: true}}
start: who
nodes:
  who:
    switch:
      - {when: "in_segment('vip')", then: trial}
      - {when: "context.channel == 'email'", then: offers}
    otherwise: learn
  trial: {experiment: split, arms: {control: plain, treatment: bold}, otherwise: outside}
  offers:
    table:
      hit: first
      inputs: [profile.country, profile.orders]
      rows:
        - [US, ">= 3", {content: bundle, reason: loyal, price: 5}]
        - [[US, CA], "*", {content: shipping, reason: north, price: 7.5}]
    otherwise: score
  learn: {features: [activity], then: pick}
  pick: {bandit: heroes, as: chosen, arms: {gift: limited, voucher: bold}}
  limited: {cap: {key: "'gift'", limit: 2, within: 7d}, then: bold, otherwise: plain}
  score: {model: churn, as: churn, then: judge}
  judge:
    switch: [{when: "vars.churn.score > 0.5", then: call}]
    otherwise: plain
  call: {ruleset: footer, as: foot, then: said}
  said: {output: {content: vars.foot.content, reason: "'footer'", price: "1", tags: profile.tags}}
  plain: {output: {content: "'welcome'", reason: "'plain'", price: "null", tags: profile.tags}}
  bold: {output: {content: "'WELCOME'", reason: "'bold'", price: event.data.amount, tags: profile.tags}}
  outside: {output: {content: "'welcome'", reason: "'outside'", price: "null", tags: profile.tags}}
---
apiVersion: v1
kind: Ruleset
name: footer
output: {content: {type: keyword}}
start: size
nodes:
  size:
    switch: [{when: profile.orders > 0, then: thanks}]
    otherwise: hello
  thanks: {output: {content: "'thanks'"}}
  hello: {output: {content: "'hello'"}}
---
apiVersion: v1
kind: Experiment
name: split
unit: user_id
arms: {control: {weight: 50%}, treatment: {weight: 50%}}
starts: 2026-01-01T00:00:00Z
sticky: true
---
apiVersion: v1
kind: Bandit
name: heroes
unit: user_id
arms: {gift: {}, voucher: {when: profile.country == 'US'}}
fallback: gift
policy: lints
reward: {metric: revenue, wait: 24h}
features: {orders: {type: integer, from: "features.activity.orders_7d"}}
---
apiVersion: v1
kind: Metric
name: revenue
event: purchase
aggregate: sum
field: amount
---
apiVersion: v1
kind: Model
name: churn
protocol: onnx
file: churn.onnx
served: {version: 1}
inputs: {orders: {type: integer, from: profile.orders, default: 0}}
outputs: {score: {type: number}}
fallback: {score: 0.0}
---
apiVersion: v1
kind: FeatureView
name: activity
entity: user_id
features: {orders_7d: {type: integer, default: 0, from: {event: purchase, aggregate: count, within: 7d, hop: 1h}}}
""",
}
HEAD = """\
apiVersion: v1
kind: Test
name: checks
ruleset: hero
now: "2026-03-01T00:00:00Z"
cases:
"""


def run(folder: Path, cases: str, head: str = HEAD) -> TestRun:
    """The run of the cases, each indented by two, in the world."""
    for name, text in {**FILES, "rules/all.test.yaml": head + cases}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    workspace = load_workspace(folder)
    return run_tests([each for each in workspace.documents.documents if each.kind == "Test"], workspace.program)


def differences(folder: Path, cases: str, head: str = HEAD) -> list[str]:
    """What differs in all cases together."""
    return [line for result in run(folder, cases, head).results for line in result.differences]
