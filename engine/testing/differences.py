"""What was expected against what was found, value by value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..language.documents.test import Expectation
from ..runtime.decision import Decision


def decision_differences(expect: Expectation, decision: Decision) -> Iterator[str]:
    """Each value of a decision that is another than the one expected; what nobody expects is not looked at."""
    for name, value in (expect.output or {}).items():
        yield from value_differences(f"output.{name}", value, decision.output.get(name))
    if expect.path is not None:
        passed = [step["node"] for step in decision.path]
        if passed != list(expect.path):
            yield f"path: expected {' → '.join(expect.path)}"
    arms = {each["experiment"]: each["arm"] for each in decision.experiments}
    for name, arm in (expect.experiments or {}).items():
        if name not in arms:
            yield f"experiments.{name}: expected arm {shown_value(arm)}, but no node on the path asked for it"
        elif arms[name] != arm:
            yield f"experiments.{name}: expected arm {shown_value(arm)}, found {shown_value(arms[name])}"


def value_differences(path: str, expected: Any, found: Any) -> Iterator[str]:
    """The places at which two JSON values differ; 5 and 5.0 are the same number, `true` is not 1."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted({*expected, *found}):
            yield from value_differences(f"{path}.{key}", expected.get(key), found.get(key))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (left, right) in enumerate(zip(expected, found, strict=True)):
            yield from value_differences(f"{path}[{index}]", left, right)
    elif expected != found or isinstance(expected, bool) is not isinstance(found, bool):
        yield f"{path}: expected {shown_value(expected)}, found {shown_value(found)}"


def shown_value(value: Any) -> str:
    """A value as JSON; `nothing` for one that is missing."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)
