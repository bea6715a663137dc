"""One generated Python function that holds every condition: what a skilled hand would write without an index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .workload import Condition, Profile, Row, Segment, graph_table

CHUNK = 2_000  # segments in one function; Python's compiler slows down on longer ones


def condition_source(condition: Condition, constants: dict[str, Any]) -> str:
    """The expression of one condition over local variables named as the fields."""
    field, value = condition.field, condition.value
    if condition.operator == "in":
        name = f"k{len(constants)}"
        constants[name] = frozenset(value)
        return f"{field} in {name}"
    if condition.operator == "contains":
        return f"{value!r} in {field}"
    sign = {"equals": "==", "greater_than": ">", "less_than": "<"}[condition.operator]
    return f"{field} {'is' if isinstance(value, bool) else sign} {value!r}"


def segment_matcher(segments: Sequence[Segment]) -> Callable[[Profile], list[str]]:
    """From a profile to names in segment order: fields read once, then one `if` per segment."""
    parts = [_function(segments[start : start + CHUNK]) for start in range(0, len(segments), CHUNK)]
    if len(parts) == 1:
        return parts[0]
    return lambda subject: [name for part in parts for name in part(subject)]


def _function(segments: Sequence[Segment]) -> Callable[[Profile], list[str]]:
    constants: dict[str, Any] = {}
    fields = sorted({condition.field for segment in segments for condition in segment.conditions})
    lines = ["def match(p):", *(f"    {field} = p[{field!r}]" for field in fields), "    out = []"]
    for segment in segments:
        test = " and ".join(condition_source(condition, constants) for condition in segment.conditions)
        lines.append(f"    if {test}: out.append({segment.name!r})")
    match: Callable[[Profile], list[str]] = _built([*lines, "    return out"], constants, "match")
    return match


def _built(lines: list[str], constants: dict[str, Any], name: str) -> Any:
    scope = dict(constants)
    exec(compile("\n".join(lines), "<generated>", "exec"), scope)  # noqa: S102 - the source is made of the workload above
    return scope[name]


def row_source(row: Row, constants: dict[str, Any]) -> str:
    """The expression of one table row, over `country`, `tier`, `lifetime_value`, `age`."""
    tests = []
    if row.countries is not None:
        name = f"k{len(constants)}"
        constants[name] = frozenset(row.countries)
        tests.append(f"country in {name}")
    if row.tier is not None:
        tests.append(f"tier == {row.tier!r}")
    if row.lifetime_value is not None:
        tests.append(f"{row.lifetime_value[0]!r} <= lifetime_value < {row.lifetime_value[1]!r}")
    if row.age is not None:
        tests.append(f"{row.age[0]!r} <= age < {row.age[1]!r}")
    return " and ".join(tests) or "True"


def router(rows: Sequence[Row]) -> Callable[[Profile], str | None]:
    """From a profile to the first row's action."""
    constants: dict[str, Any] = {}
    lines = ["def route(p):"]
    lines += [f"    {field} = p[{field!r}]" for field in ("country", "tier", "lifetime_value", "age")]
    lines += [f"    if {row_source(row, constants)}: return {row.action!r}" for row in rows]
    route: Callable[[Profile], str | None] = _built([*lines, "    return None"], constants, "route")
    return route


def graph() -> Callable[[Profile], dict[str, Any]]:
    """The graph of eleven nodes as one function from a profile to the bare output."""
    constants: dict[str, Any] = {}
    lines = ["def decide(p):"]
    lines += [f"    {field} = p[{field!r}]" for field in ("country", "tier", "lifetime_value", "age")]
    lines.append("    engagement = p['orders_30d'] * 2 + p['sessions_7d']")
    audiences = {
        "vip": "if lifetime_value >= 800 and tier in ('gold', 'platinum', 'diamond'):",
        "active": "elif engagement >= 12:",
        "standard": "else:",
    }
    for name, condition in audiences.items():
        lines.append(f"    {condition}")
        for index, row in enumerate(graph_table(name)):
            lines.append(f"        {'elif' if index else 'if'} {row_source(row, constants)}:")
            lines.append(f"            action, weight = {row.action!r}, {row.weight!r}")
    score = "weight * (1 + p['churn_score']) + engagement / 10"
    lines.append(f"    return {{'action': action, 'score': {score}}}")
    decide: Callable[[Profile], dict[str, Any]] = _built(lines, constants, "decide")
    return decide
