"""What JSON Schema can say of an operator's constant: the part of an editor's help that the models leave to checks."""

from __future__ import annotations

import json
from typing import Any

from ..operators.registry import OPERATORS


def operator_rules() -> list[dict[str, Any]]:
    """One rule for each form of constant: operators that take it, and what it looks like; options likewise."""
    forms: dict[str, list[str]] = {}
    for name, operator in OPERATORS.items():
        schema = None if operator.value_schema is None else dict(operator.value_schema)
        forms.setdefault(json.dumps(schema), []).append(name)
    rules = [_rule(names, json.loads(form)) for form, names in forms.items()]
    options: dict[str, list[str]] = {}
    for name, operator in OPERATORS.items():
        for option in operator.options:
            options.setdefault(option, []).append(name)
    return rules + [_option_rule(option, names) for option, names in options.items()]


def _rule(names: list[str], form: dict[str, Any] | None) -> dict[str, Any]:
    """With one of these operators, `value` is as `form` says, or is not there."""
    then = {"properties": {"value": False}} if form is None else {"properties": {"value": form}, "required": ["value"]}
    return {"if": {"properties": {"operator": {"enum": names}}, "required": ["operator"]}, "then": then}


def _option_rule(option: str, names: list[str]) -> dict[str, Any]:
    """The option goes with these operators alone."""
    return {"if": {"required": [option]}, "then": {"properties": {"operator": {"enum": names}}}}
