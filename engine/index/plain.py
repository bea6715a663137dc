"""Finds fields that the catalogue encrypts and an index still holds in plain, from before they became encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..ir.types import Catalogue, Field
from .names import ProfileIndex

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


def held_in_plain(client: Elasticsearch, index: ProfileIndex, catalogue: Catalogue) -> tuple[str, ...]:
    """The paths of the catalogue's encrypted fields that the mapping of an index has, and not as sealed ones."""
    found = client.indices.get_mapping(index=index.name)[index.name]["mappings"]
    return tuple(plain_paths(found.get("properties", {}), catalogue.fields))


def plain_paths(properties: Mapping[str, Any], fields: tuple[Field, ...], prefix: str = "") -> Iterator[str]:
    """The paths of those fields that are encrypted and stand otherwise among the properties of a mapping."""
    for field in fields:
        inner = properties.get(field.name, {}).get("properties", {})
        if field.encrypted is None:
            yield from plain_paths(inner, field.fields, f"{prefix}{field.name}.")
        elif field.name in properties and inner.get("cipher", {}).get("type") != "binary":
            yield f"{prefix}{field.name}"
