"""What stays open in a compiled query until it runs: instants relative to now, days of a window, hashes of constants.

`{"$now": "-30d"}`, `{"$now": "-7d/d", "zone": "Europe/Berlin"}`, `{"$month_days": "+7d", "zone": …}`,
`{"$hash": {"field": "email", "value": …}}`, and in SQL `{"$list": "vips"}`, the members of a MemberList. Names of
fields never begin with `$`, so nothing else looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...ir.binding import bind_instant, month_days
from ...ir.predicate import Anniversary, Now

Hasher = Callable[[str, Any], str]
Lists = Mapping[str, Sequence[str]]

_NOW = re.compile(r"([+-])(\d{1,16})(ms|s|m|h|d|M)(/d)?", re.ASCII)
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def bind(query: Any, now_ms: int, hasher: Hasher | None = None, lists: Lists | None = None) -> Any:
    """The query with every placeholder replaced, as new data.

    `hasher(field, canonical value)` is needed for `$hash`, the members by list name for `$list`; LookupError otherwise.
    """
    if isinstance(query, list | tuple):
        return [bind(item, now_ms, hasher, lists) for item in query]
    if not isinstance(query, Mapping):
        return query
    if "$now" in query:
        return bind_instant(parse_now(query), now_ms)
    if "$month_days" in query:
        return list(month_days(parse_window(query), now_ms))
    if "$hash" in query:
        if hasher is None:
            raise LookupError(f"`{query['$hash']['field']}` is encrypted, and no key was handed in")
        return hasher(query["$hash"]["field"], query["$hash"]["value"])
    if "$list" in query:
        return list((lists or {})[query["$list"]])
    return {key: bind(value, now_ms, hasher, lists) for key, value in query.items()}


def parse_now(data: Mapping[str, Any]) -> Now:
    """The relative instant that a placeholder stands for. Raises ValueError."""
    found = _NOW.fullmatch(str(data["$now"]))
    if found is None or found[3] not in (_UNIT_MS if found[4] is None else ("d", "M")):
        raise ValueError(f"`{data['$now']}` is not a relative instant")
    amount = int(found[2]) * (-1 if found[1] == "-" else 1)
    if found[4] is None:
        return Now(amount * _UNIT_MS[found[3]])
    return Now(amount, "months" if found[3] == "M" else "days", str(data["zone"]))


def parse_window(data: Mapping[str, Any]) -> Anniversary:
    """The window of days that a placeholder stands for. Raises ValueError."""
    found = _NOW.fullmatch(str(data["$month_days"]))
    if found is None or found[1] != "+" or found[3] != "d" or found[4] is not None:
        raise ValueError(f"`{data['$month_days']}` is not a window of days")
    return Anniversary(int(found[2]), str(data["zone"]))


def published_window(window: Anniversary) -> dict[str, str]:
    """The placeholder of the days of a window."""
    return {"$month_days": f"+{window.days}d", "zone": window.zone}


def hash_placeholder(field: str, value: Any) -> dict[str, Any]:
    """The placeholder of the keyed hash of a constant."""
    return {"$hash": {"field": field, "value": value}}
