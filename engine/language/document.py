"""A document that reads well: its kind, its name, its model, and the YAML it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .documents.envelope import Envelope
from .yaml.reader import YamlDocument

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Document:
    """One document; `model` holds what it says, `yaml` where it says it."""

    kind: str
    name: str
    model: Envelope
    yaml: YamlDocument

    @property
    def resource(self) -> str:
        """Kind and name as one word: `segment/vips`, `event_type/purchase`."""
        return resource_of(self.kind, self.name)


def resource_of(kind: str, name: str) -> str:
    """`EventType` and `purchase` as `event_type/purchase`."""
    return f"{snake(kind)}/{name}"


def snake(kind: str) -> str:
    """`EventType` as `event_type`."""
    return _HUMP.sub("_", kind).lower()
