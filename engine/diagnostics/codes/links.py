"""L: names that refer to something else."""

from __future__ import annotations

from .registry import Code

_SEGMENT = "apiVersion: v1\nkind: Segment\nname: vip\nconditions:\n"

_PROFILE = "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\n"
_TEST = 'apiVersion: v1\nkind: Test\nname: checks\nnow: "2026-03-01T00:00:00Z"\n'
_RELEASE = "apiVersion: v1\nkind: Release\nname: serving\n"

CODES: list[Code] = [
    Code(
        "L001",
        "unknown field",
        "error",
        "A field that the catalogue, the event type or the object does not declare.",
        "Correct the spelling, or declare the field in the Profile or EventType.",
        _SEGMENT + "  - {field: spnd, operator: greater_than, value: 500}\n",
        _SEGMENT + "  - {field: spend, operator: greater_than, value: 500}\n",
    ),
    Code(
        "L003",
        "unknown member list",
        "error",
        "`list:` names a MemberList document.",
        "Correct the spelling, or add the MemberList.",
        _SEGMENT + "  - list: stff\n",
        _SEGMENT + "  - list: staff\n",
    ),
    Code(
        "L004",
        "unknown event type",
        "error",
        "Events are counted by their type, which an EventType document declares.",
        "Correct the spelling, or add the EventType.",
        _SEGMENT + "  - events: {type: purchse, count: {operator: greater_than, value: 3}}\n",
        _SEGMENT + "  - events: {type: purchase, count: {operator: greater_than, value: 3}}\n",
    ),
    Code(
        "L005",
        "unknown segment",
        "error",
        "`segment:` names a Segment document, and so do the segments of a test.",
        "Correct the spelling, or add the segment.",
        _SEGMENT + "  - segment: actve\n",
        _SEGMENT + "  - segment: active\n",
    ),
    Code(
        "L006",
        "condition about another thing",
        "error",
        "Inside `element` and `where` a condition is about an element or an event, not about the profile.",
        "Move the condition out of the inner group.",
        _SEGMENT + "  - events: {type: purchase, where: [{segment: active}]}\n",
        _SEGMENT + "  - segment: active\n  - events: {type: purchase}\n",
    ),
    Code(
        "L007",
        "field that is filled twice",
        "error",
        "A field is either an aggregate of events or set by events, and the key is neither.",
        "Keep one way of filling the field.",
        _PROFILE + "fields: {customer_id: {type: keyword}, spend: {type: number}}\n",
        _PROFILE + "fields: {spend: {type: number}}\n",
    ),
    Code(
        "L008",
        "segments that refer to each other in a circle",
        "error",
        "`segment:` means the other segment's conditions; a circle would never end. Two ways to one segment are fine.",
        "Take one reference out of the circle, or put the shared conditions into a segment of their own.",
        _SEGMENT + "  - segment: vip\n",
        _SEGMENT + "  - {field: spend, operator: greater_than, value: 500}\n",
    ),
    Code(
        "L009",
        "unknown name in a test",
        "error",
        "A test names a ruleset, node, output, context, experiment, arm, model, bandit or feature view that does not"
        " exist.",
        "Correct the spelling; a test follows what it tests when that is renamed.",
        _TEST + "ruleset: hreo\ncases: [{name: welcomes, expect: {output: {content: welcome}}}]\n",
        _TEST + "ruleset: hero\ncases: [{name: welcomes, expect: {output: {content: welcome}}}]\n",
    ),
    Code(
        "L010",
        "unknown document in a release",
        "error",
        "A release names feature views, models and a rollback policy that the workspace declares.",
        "Correct the spelling, or add the document.",
        _RELEASE + "models: [chrun]\n",
        _RELEASE + "models: []\n",
    ),
    Code(
        "L011",
        "key with a name that is taken",
        "error",
        "The key appears next to the parts of events and decisions, so it cannot share a name with them.",
        "Give the key another name, such as `customer_id`.",
        "apiVersion: v1\nkind: Profile\nname: customer\nkey: id\nfields: {country: {type: keyword}}\n",
        "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\nfields: {country: {type: keyword}}\n",
    ),
    Code(
        "L012",
        "aggregate inside an object",
        "error",
        "A profile's own fields follow from events; fields of objects do not.",
        "Declare the aggregate as a field of the profile.",
        "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\nfields:\n  stats:\n    type: object\n"
        "    fields: {orders: {type: integer, from: {event: purchase, aggregate: count}}}\n",
        "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\nfields:\n"
        "  orders: {type: integer, from: {event: purchase, aggregate: count}}\n",
    ),
]
