"""The picture of what a document rests on and what rests on it."""

from __future__ import annotations

from collections.abc import Mapping

from ..uses import Uses, reached, users_of
from .picture import Arrow, Box, Kind, Picture

SHOWN = 200  # resources of one picture

_KINDS: Mapping[str, Kind] = {
    "segment": "segment",
    "field": "field",
    "member_list": "list",
    "event_type": "event",
    "ruleset": "ruleset",
    "experiment": "experiment",
    "bandit": "bandit",
    "model": "model",
    "feature_view": "features",
}


def references_picture(resource: str, uses: Uses, said: Mapping[str, tuple[str, ...]]) -> Picture:
    """Users above, what is used below; `said` has lines to show in a box. Arrows read `uses`."""
    above = reached(resource, users_of(uses))
    below = reached(resource, uses)
    kept = dict.fromkeys([*reversed(above[:SHOWN]), resource, *below[:SHOWN]])
    shown = {each for each in kept if _kind(each)}
    order = [each for each in kept if each in shown]
    arrows = [
        Arrow(source, target)
        for source in order
        for target in sorted(uses.get(source, ()))
        if target in shown and _between(source, target, above, below, resource)
    ]
    boxes = [Box(each, _KINDS[_kind(each)], each.partition("/")[2], said.get(each, ())) for each in order]
    return Picture(resource.partition("/")[2], tuple(boxes), tuple(arrows), resource)


def _kind(resource: str) -> str:
    kind = resource.partition("/")[0]
    return kind if kind in _KINDS else ""


def _between(source: str, target: str, above: tuple[str, ...], below: tuple[str, ...], resource: str) -> bool:
    """Whether the arrow lies on a way to or from the resource: users do not show all else that they use."""
    down = source == resource or source in below
    up = target == resource or target in above
    return (down and target in below) or (up and source in above)
