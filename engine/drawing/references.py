"""The picture of what a document rests on and what rests on it."""

from __future__ import annotations

from collections.abc import Mapping

from ..compiler.uses import Uses, reached, users_of
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


def references_picture(resource: str, uses: Uses) -> Picture:
    """Users above, what is used below; arrows read `uses`."""
    above = reached(resource, users_of(uses))
    below = reached(resource, uses)
    shown = dict.fromkeys([*reversed(above[:SHOWN]), resource, *below[:SHOWN]])
    arrows = [
        Arrow(source, target)
        for source in shown
        for target in sorted(uses.get(source, ()))
        if target in shown and _between(source, target, above, below, resource)
    ]
    boxes = [_box(each) for each in shown]
    return Picture(resource.partition("/")[2], tuple(boxes), tuple(arrows), resource)


def _box(resource: str) -> Box:
    kind, _, name = resource.partition("/")
    known = _KINDS.get(kind)
    return Box(resource, known or "document", name, () if known else (kind.replace("_", " "),))


def _between(source: str, target: str, above: tuple[str, ...], below: tuple[str, ...], resource: str) -> bool:
    """Whether the arrow lies on a way to or from the resource: users do not show all else that they use."""
    down = source == resource or source in below
    up = target == resource or target in above
    return (down and target in below) or (up and source in above)
