"""The rule-engine library's own evaluation of an expression, over the same facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import rule_engine

from engine.ir.expression import ValueType
from engine.runtime.expressions import Facts
from tests.expression_world import SCOPE

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CONTEXT = rule_engine.Context(type_resolver=SCOPE.library_types(), default_timezone="utc")


def evaluate(text: str, facts: Facts) -> Any:
    """What the library yields, in our values: floats, canonical instants, milliseconds, lists."""
    thing: dict[str, Any] = {"now": lambda: _instant(facts.now), "in_segment": facts.member}
    for root, declared in SCOPE.types.items():
        thing[root] = _given(getattr(facts, root), declared)
    return _taken(rule_engine.Rule(text, context=CONTEXT).evaluate(thing))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _given(value: Any, declared: ValueType) -> Any:
    if isinstance(value, Mapping):
        members = dict(declared.members)
        return {name: _given(item, members[name]) for name, item in value.items() if name in members}
    if declared.kind == "array" and value is not None:
        return [_given(item, declared.of or declared) for item in value]
    return _instant(value) if declared.kind == "datetime" and value is not None else value


def _taken(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z"
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    return [_taken(item) for item in value] if isinstance(value, tuple) else value
