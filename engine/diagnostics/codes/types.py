"""T: types of fields, values and expressions."""

from __future__ import annotations

from .registry import Code

_SEGMENT = "apiVersion: v1\nkind: Segment\nname: vip\nconditions:\n"

CODES: list[Code] = [
    Code(
        "T001",
        "operator that does not apply to the field's type",
        "error",
        "Each operator takes certain types of fields; a list of a type takes its operators with any-element meaning.",
        "Use one of the operators that the finding lists.",
        _SEGMENT + "  - {field: spend, operator: equals, value: 500}\n",
        _SEGMENT + "  - {field: spend, operator: greater_or_equal, value: 500}\n",
    ),
    Code(
        "T002",
        "value that does not fit the field",
        "error",
        "A constant has the field's type: whole numbers without point, instants with a zone, text in quotes.",
        "Write the value in the form that the finding names.",
        _SEGMENT + "  - {field: orders, operator: equals, value: 5.0}\n",
        _SEGMENT + "  - {field: orders, operator: equals, value: 5}\n",
    ),
    Code(
        "T003",
        "condition on a list of objects without `element`",
        "error",
        "Conditions on fields of listed objects must say that they mean one and the same element.",
        "Put them below `element: {of: …, all: […]}`.",
    ),
    Code(
        "T004",
        "aggregate that the field cannot have",
        "error",
        "Sums and averages need numbers, extremes need numbers or dates, and all need one plain value an event.",
        "Choose another aggregate or another field.",
    ),
    Code(
        "T005",
        "field filled with another type",
        "error",
        "A profile field has the type of the event field or aggregate that fills it.",
        "Change one of the two declarations.",
    ),
]
