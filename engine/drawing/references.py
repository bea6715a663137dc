"""The picture of what a document uses and what uses it."""

from __future__ import annotations

from collections.abc import Mapping

from ..compiler.uses import Uses, reach, users_of
from ..nodes.kinds import NODE_KINDS
from ..nodes.telling import Look
from .picture import Arrow, Box, Picture

SHOWN = 200  # resources of one picture

_LOOKS: Mapping[str, Look] = {
    "segment": Look("box", "#e3f1fb", "#1f78b4"),
    "field": Look("round", "#f1f1f1", "#6b6b6b"),
    "list": Look("drum", "#fff4d6", "#b07d00"),
    "event": Look("box", "#fde8dc", "#c25400"),
}
_OTHERS = Look("box", "#f7f7f7", "#6b6b6b")
_KINDS: Mapping[str, str] = {
    "segment": "segment",
    "field": "field",
    "member_list": "list",
    "event_type": "event",
    "feature_view": "features",
}
"""The word for a kind of resource where it is not the same; documents that nodes name look like those nodes."""


def references_picture(resource: str, uses: Uses) -> Picture:
    """Users above, what is used below; arrows read `uses`."""
    above = reach(resource, users_of(uses))
    below = reach(resource, uses)
    shown = dict.fromkeys([*reversed(above[:SHOWN]), resource, *below[:SHOWN]])
    arrows = [
        Arrow(source, target)
        for source in shown
        for target in sorted(uses.get(source, ()))
        if target in shown and _is_between(source, target, above, below, resource)
    ]
    boxes = [_box(each) for each in shown]
    return Picture(resource.partition("/")[2], tuple(boxes), tuple(arrows), resource)


def _box(resource: str) -> Box:
    kind, _, name = resource.partition("/")
    word = _KINDS.get(kind, kind)
    node = NODE_KINDS.find(word)
    if word in _LOOKS or node is not None:
        return Box(resource, word, name, _LOOKS[word] if node is None else node.authoring().look)
    return Box(resource, "document", name, _OTHERS, (kind.replace("_", " "),))


def _is_between(source: str, target: str, above: tuple[str, ...], below: tuple[str, ...], resource: str) -> bool:
    """Whether the arrow lies on a path to or from the resource; whatever else its users use is not shown."""
    down = source == resource or source in below
    up = target == resource or target in above
    return (down and target in below) or (up and source in above)
