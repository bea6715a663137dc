"""The search index of a catalogue: its settings and mapping, and what is indexed of a profile.

Everything is explicit: `dynamic: strict`, no coercion, no `ignore_above` (it drops silently). A keyword of 8,191 code
points takes at most 32,764 bytes of UTF-8, and the server's longest term has 32,766.

A `day` is an object of its `date` and its `month_day`. An encrypted field is an object of `present`, the `cipher` texts
(kept, never indexed) and, with `search: equality`, the `hash`es.

The format `strict_date` would take 30 February for 2 March; `strict_year_month_day` refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from ..ir.canonical import digest
from ..ir.types import LIST_LIMIT, Catalogue, Field

TOTAL_FIELDS = 1_000  # the server's own limits, raised only for catalogues that need it
NESTED_FIELDS = 50

_TYPES: dict[str, dict[str, Any]] = {
    "keyword": {"type": "keyword"},
    "text": {"type": "text", "analyzer": "standard", "norms": False},
    "number": {"type": "double", "coerce": False},
    "integer": {"type": "long", "coerce": False},
    "boolean": {"type": "boolean"},
    "date": {"type": "date", "format": "strict_date_time"},
    "geo_point": {"type": "geo_point", "ignore_z_value": False},
}


class Sealer(Protocol):
    """What encrypts the values of personal fields, and hashes them under a key so that equality can be searched."""

    def hash(self, path: str, value: Any) -> str:
        """The full-length keyed hash of a canonical value of the field."""
        ...

    def hashes(self, path: str, value: Any) -> Sequence[str]:
        """All hashes under which the value can be found: while keys are changed, that of the next key too."""
        ...

    def cipher(self, path: str, value: Any) -> str:
        """The cipher text, in base64."""
        ...


def index_mapping(catalogue: Catalogue) -> dict[str, Any]:
    """`{"settings", "mappings"}` of the index that holds the catalogue's profiles."""
    properties = {catalogue.key: {"type": "keyword"}, **_properties(catalogue.fields)}
    return {
        "settings": {"index": {"mapping": _limits(catalogue, properties)}},
        "mappings": {"dynamic": "strict", "properties": properties},
    }


def mapping_hash(mapping: Mapping[str, Any]) -> str:
    """The digest by which an index is known to have this mapping."""
    return digest(mapping)


def _limits(catalogue: Catalogue, properties: Mapping[str, Any]) -> dict[str, Any]:
    nested = sum(1 for field in _all_fields(catalogue.fields) if field.type == "object" and field.many)
    return {
        "coerce": False,
        "ignore_malformed": False,
        "nested_fields": {"limit": max(NESTED_FIELDS, nested)},
        "nested_objects": {"limit": LIST_LIMIT * max(1, nested)},
        "total_fields": {"limit": max(TOTAL_FIELDS, _count(properties))},
    }


def _all_fields(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from _all_fields(field.fields)


def _count(properties: Mapping[str, Any]) -> int:
    return sum(1 + _count(each.get("properties", {})) for each in properties.values())


def _properties(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {field.name: _property(field) for field in fields}


def _property(field: Field) -> dict[str, Any]:
    if field.encrypted is not None:
        return _object(_encrypted_properties(field))
    if field.type == "day":
        return _object({"date": {"type": "date", "format": "strict_year_month_day"}, "month_day": {"type": "keyword"}})
    if field.type == "object":
        kind = "nested" if field.many else "object"
        return _object(_properties(field.fields), kind)
    return dict(_TYPES[field.type])


def _object(properties: dict[str, Any], kind: str = "object") -> dict[str, Any]:
    return {"type": kind, "dynamic": "strict", "properties": properties}


def _encrypted_properties(field: Field) -> dict[str, Any]:
    properties: dict[str, Any] = {"present": {"type": "boolean"}, "cipher": {"type": "binary"}}
    if field.encrypted == "equality":
        properties["hash"] = {"type": "keyword"}
    return properties


def index_document(profile: Mapping[str, Any], catalogue: Catalogue, sealer: Sealer | None = None) -> dict[str, Any]:
    """What is indexed of a canonical profile; `sealer` is needed when it has a value in an encrypted field."""
    document: dict[str, Any] = {catalogue.key: profile[catalogue.key]}
    document.update(_members(profile, catalogue.fields, "", sealer))
    return document


def _members(data: Mapping[str, Any], fields: tuple[Field, ...], prefix: str, sealer: Sealer | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        value = data.get(field.name)
        values = [item for item in (value if field.many and value is not None else [value]) if item is not None]
        indexed = _index_values(field, values, f"{prefix}{field.name}", sealer) if values else None
        if indexed:
            found[field.name] = indexed if field.many or field.encrypted else indexed[0]
    return found


def _index_values(field: Field, values: list[Any], path: str, sealer: Sealer | None) -> Any:
    """What is indexed of the present values; empty where all are objects without a present member."""
    if field.encrypted is not None:
        return _seal_values(field, values, path, sealer)
    if field.type == "day":
        return [{"date": value, "month_day": value[5:]} for value in values]
    if field.type == "object":
        return [found for value in values if (found := _members(value, field.fields, f"{path}.", sealer))]
    return values


def _seal_values(field: Field, values: list[Any], path: str, sealer: Sealer | None) -> dict[str, Any]:
    if sealer is None:
        raise LookupError(f"`{path}` is encrypted, and no key was handed in")
    sealed: dict[str, Any] = {"present": True, "cipher": [sealer.cipher(path, item) for item in values]}
    if field.encrypted == "equality":
        sealed["hash"] = [each for item in values for each in sealer.hashes(path, item)]
    return sealed
