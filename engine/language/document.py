"""A document that reads well: its kind, its name, its model, and the YAML it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from .documents.envelope import Envelope
from .yaml.reader import YamlDocument

Model = TypeVar("Model", bound=Envelope)

SHARED_KEYS = frozenset(field.alias or name for name, field in Envelope.model_fields.items())

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

    def settings(self) -> dict[str, Any]:
        """What the document says of its own, as it is written: without the keys that documents of every kind share."""
        return {key: value for key, value in self.yaml.value.items() if key not in SHARED_KEYS}

    def read_as(self, model: type[Model]) -> Model:
        """The document's model, which is of this class; the kind says so."""
        if not isinstance(self.model, model):
            raise TypeError(f"{self.resource} is read as {model.__name__}, and is a {self.kind}")
        return self.model


def resource_of(kind: str, name: str) -> str:
    """`EventType` and `purchase` as `event_type/purchase`."""
    return f"{snake(kind)}/{name}"


def snake(kind: str) -> str:
    """`EventType` as `event_type`."""
    return _HUMP.sub("_", kind).lower()
