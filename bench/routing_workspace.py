"""The workload's tables and graph as a workspace, in the language authors write; JSON is YAML."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine import Runtime, build_bundle, load_workspace, open_bundle

from .workload import COUNTRIES, GRAPH_TABLES, TIERS, TYPES, Row, graph_table

GRAPH_OUTPUTS = {"action": {"type": "keyword"}, "weight": {"type": "number"}}
VIP = "profile.lifetime_value >= 800 and profile.tier in ['gold', 'platinum', 'diamond']"
NOWHERE = "nowhere"  # where no row fits
INPUTS = ["profile.country", "profile.tier", "profile.lifetime_value", "profile.age"]


def runtime_of(rulesets: Mapping[str, Mapping[str, Any]]) -> Runtime:
    """The runtime of a bundle built from a workspace with these rulesets; raises where it has errors."""
    fields: dict[str, dict[str, Any]] = {name: {"type": kind} for name, kind in TYPES.items() if name != "customer_id"}
    fields["tags"] |= {"list": True}
    fields["country"] |= {"values": COUNTRIES}
    fields["tier"] |= {"values": TIERS}
    profile = {"apiVersion": "v1", "kind": "Profile", "name": "customer", "key": "customer_id", "fields": fields}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "schemas").mkdir()
        (root / "rules").mkdir()
        (root / "decisor.yaml").write_text("name: bench\n")
        (root / "schemas" / "profile.yaml").write_text(json.dumps(profile))
        for name, ruleset in rulesets.items():
            document = {"apiVersion": "v1", "kind": "Ruleset", "name": name, **ruleset}
            (root / "rules" / f"{name}.yaml").write_text(json.dumps(document))
        return open_bundle(build_bundle(load_workspace(root)))


def cells(row: Row) -> list[Any]:
    """The row's four cells."""
    return [
        "*" if row.countries is None else list(row.countries),
        "*" if row.tier is None else row.tier,
        "*" if row.lifetime_value is None else f"[{row.lifetime_value[0]}..{row.lifetime_value[1]})",
        "*" if row.age is None else f"[{row.age[0]}..{row.age[1]})",
    ]


def router(rows: Sequence[Row]) -> dict[str, Any]:
    """One first-hit table that is the decision."""
    table = {"hit": "first", "inputs": INPUTS, "rows": [[*cells(row), {"action": row.action}] for row in rows]}
    return {
        "output": {"action": {"type": "keyword"}},
        "start": "route",
        "nodes": {
            "route": {"table": table, "otherwise": "nowhere"},
            "nowhere": {"output": {"action": f"'{NOWHERE}'"}},
        },
    }


def graph() -> dict[str, Any]:
    """Eleven nodes: a set, a switch, and for each of three audiences a table of 21 rows, a set and an output."""
    nodes: dict[str, Any] = {
        "engagement": {
            "set": {"engagement": "profile.orders_30d * 2 + profile.sessions_7d"},
            "then": "audience",
        },
        "audience": {
            "switch": [
                {
                    "when": "profile.lifetime_value >= 800 and profile.tier in ['gold', 'platinum', 'diamond']",
                    "then": "vip",
                },
                {"when": "vars.engagement >= 12", "then": "active"},
            ],
            "otherwise": "standard",
        },
    }
    for name in GRAPH_TABLES:
        rows = [[*cells(row), {"action": row.action, "weight": row.weight}] for row in graph_table(name)]
        table = {"hit": "first", "inputs": INPUTS, "outputs": GRAPH_OUTPUTS, "rows": rows}
        nodes[name] = {"table": table, "as": "offer", "then": f"{name}_score"}
        nodes[f"{name}_score"] = {
            "set": {"score": "vars.offer.weight * (1 + profile.churn_score) + vars.engagement / 10"},
            "then": f"{name}_decision",
        }
        nodes[f"{name}_decision"] = {"output": {"action": "vars.offer.action", "score": "vars.score"}}
    outputs = {"action": {"type": "keyword"}, "score": {"type": "number"}}
    return {"output": outputs, "start": "engagement", "nodes": nodes}
