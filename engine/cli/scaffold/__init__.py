"""The texts that `init` and `new` write."""

from __future__ import annotations

WORKSPACE = """\
# yaml-language-server: $schema=schemas/workspace.schema.json
name: {name}
timezone: UTC
"""

PROFILE = """\
# yaml-language-server: $schema=profile.schema.json
apiVersion: v1
kind: Profile
name: customer
description: What is known of a customer.
key: customer_id
fields:
  country: {type: keyword}
  email_opt_in: {type: boolean}
  last_order_at: {type: date}
  orders: {type: integer, from: {event: purchase, aggregate: count}}
  spend: {type: number, from: {event: purchase, aggregate: sum, field: amount}}
"""

EVENTS = """\
# yaml-language-server: $schema=event_type.schema.json
apiVersion: v1
kind: EventType
name: purchase
description: A paid order.
fields:
  amount: {type: number}
  country: {type: keyword}
sets: {country: country, last_order_at: time}
"""

DOCUMENTS = {
    "segment": (
        "segments",
        """\
# yaml-language-server: $schema=../schemas/segment.schema.json
apiVersion: v1
kind: Segment
name: {name}
description: Spent more than 500 and ordered in the last 90 days.
conditions:
  - {{field: spend, operator: greater_than, value: 500}}
  - {{field: last_order_at, operator: within_last, value: 90d}}
""",
        """\
# yaml-language-server: $schema=../schemas/test.schema.json
apiVersion: v1
kind: Test
name: {name}
now: "2026-03-01T00:00:00Z"
cases:
  - name: a big spender of last week is in
    profile: {{customer_id: c-1, spend: 812.5, last_order_at: "2026-02-22T00:00:00Z"}}
    expect: {{in_segments: [{name}]}}
  - name: a small spender is not
    profile: {{customer_id: c-2, spend: 12.5, last_order_at: "2026-02-22T00:00:00Z"}}
    expect: {{not_segments: [{name}]}}
  - name: a big spender of last year is not
    profile: {{customer_id: c-3, spend: 812.5, last_order_at: "2025-02-22T00:00:00Z"}}
    expect: {{not_segments: [{name}]}}
""",
    ),
    "ruleset": (
        "rules",
        """\
# yaml-language-server: $schema=../schemas/ruleset.schema.json
apiVersion: v1
kind: Ruleset
name: {name}
description: What to show.
context:
  channel: {{type: keyword, values: [web, email]}}
output:
  content: {{type: keyword}}
start: channel
nodes:
  channel:
    switch:
      - {{when: "context.channel == 'email'", then: newsletter}}
    otherwise: welcome
  newsletter: {{output: {{content: "'newsletter'"}}}}
  welcome: {{output: {{content: "'welcome'"}}}}
""",
        """\
# yaml-language-server: $schema=../schemas/test.schema.json
apiVersion: v1
kind: Test
name: {name}
ruleset: {name}
now: "2026-03-01T00:00:00Z"
cases:
  - name: mail readers see the newsletter
    profile: {{customer_id: c-1}}
    context: {{channel: email}}
    expect: {{output: {{content: newsletter}}}}
  - name: everybody else is welcomed
    profile: {{customer_id: c-1}}
    context: {{channel: web}}
    expect: {{output: {{content: welcome}}}}
""",
    ),
    "experiment": (
        "rules",
        """\
# yaml-language-server: $schema=../schemas/experiment.schema.json
apiVersion: v1
kind: Experiment
name: {name}
description: What is tried, and why.
unit: customer_id
arms:
  control: {{weight: 50%}}
  treatment: {{weight: 50%}}
""",
        "",
    ),
    "member_list": (
        "segments",
        """\
# yaml-language-server: $schema=../schemas/member_list.schema.json
apiVersion: v1
kind: MemberList
name: {name}
description: Whose ids these are.
members: [c-1, c-2]
""",
        "",
    ),
}

VSCODE = """\
{
  "yaml.schemas": {
    "schemas/workspace.schema.json": "decisor.yaml",
    "schemas/decisor.schema.json": ["schemas/*.yaml", "segments/**/*.yaml", "rules/**/*.yaml"]
  }
}
"""
