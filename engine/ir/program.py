"""The program: everything a workspace means, as one value; what a bundle carries and a runtime runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .codec import DecodeError, decode, encode
from .predicate import Predicate
from .types import Catalogue

VERSION = 1


@dataclass(frozen=True, slots=True)
class Program:
    """Names map to meanings; mappings are in name order. `documents` holds kinds whose engines read them as data."""

    workspace: str
    timezone: str
    catalogue: Catalogue
    segments: Mapping[str, Predicate] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    experiments: Mapping[str, Any] = field(default_factory=dict)
    rulesets: Mapping[str, Any] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """JSON data; equal programs give equal data."""
        return {
            "version": VERSION,
            "workspace": self.workspace,
            "timezone": self.timezone,
            "catalogue": encode(self.catalogue),
            "segments": {name: encode(item) for name, item in sorted(self.segments.items())},
            "lists": {name: sorted(members) for name, members in sorted(self.lists.items())},
            "experiments": {name: encode(item) for name, item in sorted(self.experiments.items())},
            "rulesets": {name: encode(item) for name, item in sorted(self.rulesets.items())},
            "documents": {kind: dict(sorted(items.items())) for kind, items in sorted(self.documents.items())},
        }


def program_of(data: Any, nodes: Mapping[str, type]) -> Program:
    """The program of JSON data; `nodes` are the classes of nodes that rulesets may hold, by name.

    Raises DecodeError for another version or damaged data.
    """
    try:
        if data["version"] != VERSION:
            raise DecodeError(f"the program has version {data['version']}, this decisor reads {VERSION}")
        return Program(
            workspace=data["workspace"],
            timezone=data["timezone"],
            catalogue=decode(data["catalogue"]),
            segments={name: decode(item) for name, item in data["segments"].items()},
            lists={name: tuple(members) for name, members in data["lists"].items()},
            experiments={name: decode(item) for name, item in data["experiments"].items()},
            rulesets={name: decode(item, nodes) for name, item in data["rulesets"].items()},
            documents=data["documents"],
        )
    except (KeyError, TypeError, AttributeError):
        raise DecodeError("the program is damaged: a part is missing or has another shape") from None
