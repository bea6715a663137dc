"""A plan as JSON data, for programs: schema `plan/1`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .change import Audience, Change, Plan

SCHEMA = "plan/1"


def as_data(plan: Plan) -> dict[str, Any]:
    """The whole plan, without shortening."""
    return {
        "schema": SCHEMA,
        "before": plan.before,
        "after": plan.after,
        "counts": dict(plan.counts),
        "changes": [_change(change) for change in plan.changes],
        "quiet": list(plan.quiet),
        "notes": list(plan.notes),
        "audience": None if plan.audience is None else _audience(plan.audience),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "effect": change.effect,
        "action": change.action,
        "resource": change.resource,
        "was": change.was or None,
        "details": [asdict(detail) for detail in change.details],
        "through": list(change.through),
        "used_by": list(change.used_by),
        "remarks": list(change.remarks),
        "warnings": list(change.warnings),
        "moved": change.moved,
    }


def _audience(audience: Audience) -> dict[str, Any]:
    return {
        "profiles": audience.profiles,
        "refused": audience.refused,
        "now": audience.now,
        "movements": {resource: asdict(movement) for resource, movement in audience.movements.items()},
    }
