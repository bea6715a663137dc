"""T: types of fields, values and expressions."""

from __future__ import annotations

from .registry import Code

_SEGMENT = "apiVersion: v1\nkind: Segment\nname: vip\nconditions:\n"

_PROFILE = "apiVersion: v1\nkind: Profile\nname: customer\nkey: customer_id\n"


def _when(text: str) -> str:
    return (
        "apiVersion: v1\nkind: Ruleset\nname: hero\noutput: {content: {type: keyword}}\nstart: route\nnodes:\n"
        f"  route:\n    switch:\n      - when: >-\n          {text}\n        then: offer\n    otherwise: offer\n"
        "  offer: {output: {content: \"'welcome'\"}}\n"
    )


def _cell(text: str, column: str = "profile.orders") -> str:
    return (
        "apiVersion: v1\nkind: Ruleset\nname: hero\noutput: {content: {type: keyword}}\nstart: offers\nnodes:\n"
        f"  offers:\n    table:\n      hit: first\n      inputs: [{column}]\n      rows:\n"
        f'        - [{text}, {{content: bundle}}]\n        - ["*", {{content: welcome}}]\n'
    )


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
        _SEGMENT + "  - {field: baskets.amount, operator: greater_than, value: 50}\n",
        _SEGMENT + "  - element: {of: baskets, all: [{field: amount, operator: greater_than, value: 50}]}\n",
    ),
    Code(
        "T004",
        "aggregate that the field cannot have",
        "error",
        "Sums and averages need numbers, extremes need numbers or dates, and all need one plain value an event.",
        "Choose another aggregate or another field.",
        _SEGMENT + "  - events: {type: purchase, sum: {field: sku, operator: greater_than, value: 50}}\n",
        _SEGMENT + "  - events: {type: purchase, sum: {field: amount, operator: greater_than, value: 50}}\n",
    ),
    Code(
        "T005",
        "field filled with another type",
        "error",
        "A profile field has the type of the event field or aggregate that fills it.",
        "Change one of the two declarations.",
        _PROFILE + "fields: {orders: {type: keyword, from: {event: purchase, aggregate: count}}}\n",
        _PROFILE + "fields: {orders: {type: integer, from: {event: purchase, aggregate: count}}}\n",
    ),
    Code(
        "T006",
        "field that may not hold what fills it",
        "warning",
        "An event may carry what the profile field may not hold: a text that is not one of its `values`, or a whole "
        "number beyond 2^53 that no double equals. It is missing in the profile then, and `decisor doctor` counts it.",
        "Declare the event field with `values` of the profile field, or the profile field as `integer`.",
        _PROFILE + "fields: {currency: {type: keyword, values: [EUR, USD], "
        "from: {event: purchase, aggregate: last, field: sku}}}\n",
        _PROFILE + "fields: {currency: {type: keyword, from: {event: purchase, aggregate: last, field: sku}}}\n",
    ),
    Code(
        "T007",
        "field that can hold nothing of what fills it",
        "error",
        "None of the `values` of the event field is among those of the profile field, so it would always be missing.",
        "Correct one of the two lists.",
    ),
    Code(
        "T101",
        "expression that cannot be read",
        "error",
        "Expressions are written in the language of the rule-engine library, see the page on expressions.",
        "Correct the text at the place shown.",
        _when("profile.orders >= 3 && profile.spend > 100"),
        _when("profile.orders >= 3 and profile.spend > 100"),
    ),
    Code(
        "T102",
        "unknown name in an expression",
        "error",
        "Names stand below `profile`, `context`, `event`, `features` and `vars`, as declared, and nowhere else.",
        "Correct the name, or declare it.",
        _when("profile.ordrs >= 3"),
        _when("profile.orders >= 3"),
    ),
    Code(
        "T103",
        "unknown function or attribute",
        "error",
        "There are `in_segment('name')`, `now()`, a few functions that begin with `$`, and a few attributes per type.",
        "Use one of those that the page on expressions lists, with the arguments it takes.",
        _when("sum([profile.orders, 1]) > 3"),
        _when("$sum([profile.orders, 1]) > 3"),
    ),
    Code(
        "T104",
        "types that do not go together in an expression",
        "error",
        "Both sides of a comparison have one type, conditions are true or false, and operators take certain types; "
        "nothing is converted except integers next to numbers.",
        "Compare like with like; the finding says what each side is.",
        _when("profile.orders == '3'"),
        _when("profile.orders == 3"),
    ),
    Code(
        "T105",
        "function of the library that is not offered",
        "error",
        "`$now`, `$today` and `$random` would give another answer when a decision is replayed; others are not bounded.",
        "Write `now()`, the one instant of the decision, or do without.",
        _when('$now - profile.last_order_at > t"P30D"'),
        _when('now() - profile.last_order_at > t"P30D"'),
    ),
    Code(
        "T106",
        "part of the library's language that is not offered",
        "error",
        "Bytes, bits, sets, objects, infinities, searches inside a text and nested loops have no place in a rule.",
        "Use what the page on expressions lists.",
        _when("profile.orders in {1, 2}"),
        _when("profile.orders in [1, 2]"),
    ),
    Code(
        "T107",
        "pattern outside the grammar of `matches`",
        "error",
        "`=~` covers the whole text and takes the small grammar that all engines read alike: literals, `.`, classes, "
        "groups, alternation and repetition.",
        "Write the pattern with those, as a text of its own.",
        _when("profile.customer_id =~ '(?i)vip.*'"),
        _when("profile.customer_id =~ '[vV][iI][pP].*'"),
    ),
    Code(
        "T108",
        "unknown segment in an expression",
        "error",
        "`in_segment` names a segment of this workspace.",
        "Correct the name, or add the segment.",
        _when("in_segment('no_such_segment')"),
    ),
    Code(
        "T109",
        "comparison that is always the same",
        "warning",
        "A constant that is none of the declared values never equals the field, and constants alone never change.",
        "Correct the constant, or add it to the declared `values`.",
        _when("profile.orders == 2.5"),
        _when("profile.orders == 2"),
    ),
    Code(
        "T110",
        "expression that is too large",
        "error",
        "Expressions have at most 4,096 characters, 32 levels and a million steps, each list taken at its longest.",
        "Give parts a name in a `set` node, or use a segment or a table.",
    ),
    Code(
        "T111",
        "constant that cannot be kept",
        "error",
        "Integers have 64 bits, numbers are finite, datetimes have a zone and at most milliseconds, text has no "
        "U+0000, half of a surrogate pair or noncharacter.",
        "Write the constant in the form that the finding names.",
        _when('profile.last_order_at > d"2026-01-01"'),
        _when('profile.last_order_at > d"2026-01-01T00:00:00Z"'),
    ),
    Code(
        "T112",
        "encrypted field that is not only compared",
        "error",
        "A field with `encrypted: {search: equality}` takes `==`, `!=`, `in` and `== null`; one with `search: none` "
        "takes `== null` alone.",
        "Compare it, or declare a field that holds what you need, for instance a bucket.",
        _when("profile.email =~ '.*@example.com'"),
        _when("profile.email == 'ada@example.com'"),
    ),
    Code(
        "T113",
        "expression of another type than its place asks for",
        "error",
        "A `when` is true or false, and an output has its declared type and values.",
        "Compare or convert the value; an integer becomes a number by itself.",
        _when("profile.orders"),
        _when("profile.orders > 0"),
    ),
    Code(
        "T120",
        "cell that cannot be read",
        "error",
        'A cell is `"*"`, a constant, a list of constants, a comparison such as `">= 1000"`, a range such as '
        '`"[10..20)"`, `missing`, `exists`, or one of these after `not`.',
        "Write it in one of these forms; text that looks like one of them stands in quotes of its own.",
        _cell('"> 3 and < 9"'),
        _cell('"(3..9)"'),
    ),
    Code(
        "T121",
        "constant in a cell that does not fit the column",
        "error",
        "A cell's constants have the column's type, as the constants of a condition have the field's.",
        "Write the constant in the form that the finding names.",
        _cell('"many"'),
        _cell("30"),
    ),
    Code(
        "T122",
        "cell that never or always holds",
        "warning",
        "The lower bound of a range lies above the upper one, or a constant is none of the column's declared values.",
        "Correct the bounds or the constant.",
        _cell('"[20..10)"'),
        _cell('"[10..20)"'),
    ),
]
