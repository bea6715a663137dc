"""zen-engine as a peer: its fastest way from a Python dict, an engine with a static loader.

Its tables compare numbers, not instants as text, so it is given dates as day numbers, converted before timing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import zen

from .workload import GRAPH_TABLES, USED, Condition, Profile, Row, Segment, day_number, graph_table

DATES = ("last_order_at", "signup_at")


def numbered(subject: Profile) -> Profile:
    """The profile with its dates as day numbers."""
    return {**subject, **{field: day_number(subject[field]) for field in DATES}}


def cell(condition: Condition) -> str:
    """The unary expression of one condition."""
    value: Any = day_number(condition.value) if condition.field in DATES else condition.value
    if condition.operator == "in":
        return ", ".join(json.dumps(each) for each in value)
    if condition.operator == "equals":
        return json.dumps(value)
    if condition.operator == "contains":
        return f"contains($, {json.dumps(value)})"
    return f"{'>' if condition.operator == 'greater_than' else '<'} {value}"


def _engine(content: dict[str, Any]) -> zen.ZenEngine:
    return zen.ZenEngine({"loader": {"type": "static", "content": {"it": content}}})


def _around(nodes: list[dict[str, Any]], edges: list[tuple[str, str, str | None]]) -> dict[str, Any]:
    return {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
            *nodes,
            {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 9, "y": 0}},
        ],
        "edges": [
            {"id": f"e{index}", "type": "edge", "sourceId": source, "targetId": target, "sourceHandle": handle}
            if handle
            else {"id": f"e{index}", "type": "edge", "sourceId": source, "targetId": target}
            for index, (source, target, handle) in enumerate(edges)
        ],
    }


def _table(
    name: str, policy: str, inputs: Sequence[str], outputs: Sequence[str], rules: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "type": "decisionTableNode",
        "position": {"x": 1, "y": 0},
        "content": {
            "hitPolicy": policy,
            "inputs": [{"id": f"i_{field}", "name": field, "field": field} for field in inputs],
            "outputs": [{"id": f"o_{field}", "name": field, "field": field} for field in outputs],
            "rules": rules,
        },
    }


def segment_matcher(segments: Sequence[Segment]) -> Callable[[Profile], list[str]]:
    """One collect table of 18 columns, from a numbered profile to names in row order."""
    rules = []
    for segment in segments:
        rule = {"_id": segment.name, "o_name": json.dumps(segment.name)}
        rule.update({f"i_{field}": "" for field in USED})
        for condition in segment.conditions:
            key = f"i_{condition.field}"
            rule[key] = f"{rule[key]} and {cell(condition)}" if rule[key] else cell(condition)
        rules.append(rule)
    engine = _engine(_around([_table("t", "collect", USED, ["name"], rules)], [("in", "t", None), ("t", "out", None)]))
    evaluate = engine.evaluate

    def match(subject: Profile) -> list[str]:
        return [row["name"] for row in evaluate("it", subject)["result"]]

    return match


ROUTING_INPUTS = ("country", "tier", "lifetime_value", "age")


def _routing_rules(rows: Sequence[Row], outputs: Sequence[str]) -> list[dict[str, str]]:
    rules = []
    for row in rows:
        rule = {f"i_{field}": "" for field in ROUTING_INPUTS} | {"_id": row.action}
        if row.countries is not None:
            rule["i_country"] = ", ".join(json.dumps(each) for each in row.countries)
        if row.tier is not None:
            rule["i_tier"] = json.dumps(row.tier)
        if row.lifetime_value is not None:
            rule["i_lifetime_value"] = f"[{row.lifetime_value[0]}..{row.lifetime_value[1]})"
        if row.age is not None:
            rule["i_age"] = f"[{row.age[0]}..{row.age[1]})"
        rules.append(rule | {f"o_{name}": json.dumps(getattr(row, name)) for name in outputs})
    return rules


def router(rows: Sequence[Row]) -> Callable[[Profile], str | None]:
    """One first-hit table, from a profile (of the four fields alone, which is faster) to the action."""
    table = _table("t", "first", ROUTING_INPUTS, ["action"], _routing_rules(rows, ["action"]))
    evaluate = _engine(_around([table], [("in", "t", None), ("t", "out", None)])).evaluate

    def route(subject: Profile) -> str | None:
        result = evaluate("it", subject)["result"]
        return result["action"] if result else None

    return route


VIP = "lifetime_value >= 800 and tier in ['gold', 'platinum', 'diamond']"
SCORE = "weight * (1 + churn_score) + engagement / 10"


def graph() -> Callable[[Profile], dict[str, Any]]:
    """The graph of eleven nodes: input, expression, switch, three tables each with an expression after it, output."""
    names = GRAPH_TABLES
    engagement = _expression("engagement", {"engagement": "orders_30d * 2 + sessions_7d"})
    switch = {
        "id": "audience",
        "name": "audience",
        "type": "switchNode",
        "position": {"x": 1, "y": 0},
        "content": {
            "hitPolicy": "first",
            "statements": [
                {"id": "h_vip", "condition": VIP, "isDefault": False},
                {"id": "h_active", "condition": "engagement >= 12", "isDefault": False},
                {"id": "h_standard", "condition": "", "isDefault": True},
            ],
        },
    }
    nodes = [engagement, switch]
    edges: list[tuple[str, str, str | None]] = [("in", "engagement", None), ("engagement", "audience", None)]
    for name in names:
        rules = _routing_rules(graph_table(name), ["action", "weight"])
        table = _table(name, "first", ROUTING_INPUTS, ["action", "weight"], rules)
        table["content"] |= {"passThrough": True, "executionMode": "single"}
        score = _expression(f"{name}_score", {"action": "action", "score": SCORE}, passing=False)
        nodes += [table, score]
        edges += [("audience", name, f"h_{name}"), (name, f"{name}_score", None), (f"{name}_score", "out", None)]
    evaluate = _engine(_around(nodes, edges)).evaluate

    def decide(subject: Profile) -> dict[str, Any]:
        return evaluate("it", subject)["result"]

    return decide


def _expression(name: str, values: dict[str, str], *, passing: bool = True) -> dict[str, Any]:
    items = [{"id": f"{name}_{key}", "key": key, "value": value} for key, value in values.items()]
    content = {"expressions": items, "passThrough": passing, "executionMode": "single"}
    return {"id": name, "name": name, "type": "expressionNode", "position": {"x": 1, "y": 0}, "content": content}
