"""The shapes of facts: profile fields, event types and the catalogue that declares them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .frozen import Frozen, frozen

FieldType: TypeAlias = Literal["keyword", "text", "number", "integer", "boolean", "date", "day", "geo_point", "object"]
FIELD_TYPES: tuple[FieldType, ...] = (
    "keyword",
    "text",
    "number",
    "integer",
    "boolean",
    "date",
    "day",
    "geo_point",
    "object",
)
AggregateName: TypeAlias = Literal["count", "sum", "min", "max", "avg", "first", "last", "distinct"]

LIST_LIMIT = 10_000  # elements of one list field
KEYWORD_LIMIT = 8_191  # code points; the index has no `ignore_above`
KEY_LIMIT = 512  # UTF-8 bytes of a customer id


@frozen
class Aggregate(Frozen):
    """How a profile field follows from events: `aggregate` of `field`, all time or `within` milliseconds."""

    event: str
    aggregate: AggregateName
    field: str | None = None
    within: int | None = None


@frozen
class Field(Frozen):
    """One declared field. `many` says that the field holds a list; `fields` are the members of an object."""

    name: str
    type: FieldType
    many: bool = False
    personal: bool = False
    encrypted: Literal["none", "equality"] | None = None
    normalize: Literal["lowercase"] | None = None
    fields: tuple[Field, ...] = ()
    source: Aggregate | None = None
    values: tuple[str, ...] = ()

    def member(self, name: str) -> Field | None:
        """The member field of an object, or None."""
        return next((field for field in self.fields if field.name == name), None)


@frozen
class EventType(Frozen):
    """An event's fields, and which profile fields it sets: pairs of (profile field, event field or `time`)."""

    name: str
    fields: tuple[Field, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()

    def field(self, name: str) -> Field | None:
        """The declared event field, or None."""
        return next((field for field in self.fields if field.name == name), None)


@frozen
class Catalogue(Frozen):
    """All that may be known of a profile: the key's name, its fields and the event types that feed them."""

    name: str
    key: str
    fields: tuple[Field, ...]
    events: tuple[EventType, ...] = ()

    def field(self, path: str) -> Field | None:
        """The field at a dotted path (the key included), or None when nothing is declared there."""
        head, _, rest = path.partition(".")
        if head == self.key:
            return None if rest else Field(self.key, "keyword")
        found = next((field for field in self.fields if field.name == head), None)
        while found is not None and rest:
            head, _, rest = rest.partition(".")
            found = found.member(head)
        return found

    def event(self, name: str) -> EventType | None:
        """The declared event type, or None."""
        return next((event for event in self.events if event.name == name), None)

    def paths(self) -> list[str]:
        """Every dotted path that can be named, the key first."""
        return [self.key, *_paths("", self.fields)]


def _paths(prefix: str, fields: tuple[Field, ...]) -> list[str]:
    found: list[str] = []
    for field in fields:
        found.append(prefix + field.name)
        found.extend(_paths(f"{prefix}{field.name}.", field.fields))
    return found
