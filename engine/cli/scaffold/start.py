"""The files of a new workspace."""

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
name: {name}
description: What is known of a customer.
key: customer_id
fields:
  country: {{type: keyword}}
  email_opt_in: {{type: boolean}}
  last_order_at: {{type: date}}
  orders: {{type: integer{orders}}}
  spend: {{type: number{spend}}}
"""

FROM_EVENTS = {
    "orders": ", from: {event: purchase, aggregate: count}",
    "spend": ", from: {event: purchase, aggregate: sum, field: amount}",
}

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

SEGMENT = """\
# yaml-language-server: $schema=../schemas/segment.schema.json
apiVersion: v1
kind: Segment
name: good_customers
description: Spent more than 500 and ordered in the last 90 days.
conditions:
  - {field: spend, operator: greater_than, value: 500}
  - {field: last_order_at, operator: within_last, value: 90d}
"""

SEGMENT_TEST = """\
# yaml-language-server: $schema=../schemas/test.schema.json
apiVersion: v1
kind: Test
name: good_customers
now: "2026-03-01T00:00:00Z"
cases:
  - name: a big spender of last week is in
    profile: {spend: 812.5, last_order_at: "2026-02-22T00:00:00Z"}
    expect: {in_segments: [good_customers]}
  - name: a small spender is not
    profile: {spend: 12.5, last_order_at: "2026-02-22T00:00:00Z"}
    expect: {not_segments: [good_customers]}
  - name: a big spender of last year is not
    profile: {spend: 812.5, last_order_at: "2025-02-22T00:00:00Z"}
    expect: {not_segments: [good_customers]}
"""

VSCODE = """\
{
  "yaml.schemas": {
    "schemas/workspace.schema.json": "decisor.yaml",
    "schemas/decisor.schema.json": ["schemas/*.yaml", "segments/**/*.yaml", "rules/**/*.yaml"]
  }
}
"""

_OTHERWISE = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def yaml_name(name: str) -> str:
    """A name as written in YAML: in quotes if it would be read as another type."""
    return f'"{name}"' if name in _OTHERWISE else name
