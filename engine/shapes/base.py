"""What the shapes of documents are made of: strict frozen models, names, durations, instants, words and plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    JsonValue,
    Strict,
    Tag,
)
from pydantic_core import CoreSchema

from .choice import by_kind
from .forms import Name, Scalar, Text, Word

Item = TypeVar("Item")
Many: TypeAlias = Annotated[tuple[Item, ...], Strict(False)]  # noqa: FBT003 - the only way to say it; YAML has lists
Some: TypeAlias = Annotated[tuple[Item, ...], Strict(False), Field(min_length=1)]  # noqa: FBT003 - as above

UNIQUE: dict[str, JsonValue] = {"uniqueItems": True}
"""For fields whose entries must differ; `twice` tells of those that do not."""


@dataclass(frozen=True, slots=True, eq=False)
class _LeftOut:
    """Takes null out of an optional type: a key without a value is a finding, not a key that was left out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


Maybe: TypeAlias = Annotated[Item | None, _LeftOut()]
"""A value that may be left out, and is then None; writing null is refused."""


def at_most_one(keys: tuple[str, ...]) -> dict[str, Any]:
    """JSON Schema: no two of the keys; the later one is shown as wrong."""
    pairs = [(key, keys[index + 1 :]) for index, key in enumerate(keys[:-1])]
    rules = [{"if": {"required": [key]}, "then": {"properties": dict.fromkeys(rest, False)}} for key, rest in pairs]
    return {"allOf": rules}


def exactly_one(*keys: str) -> dict[str, Any]:
    """JSON Schema: one of the keys and no second one."""
    return {**at_most_one(keys), "anyOf": [{"required": [key]} for key in keys]}


class ShapeProblem(NamedTuple):
    """Something wrong with a shape that reads well key by key: a code, where it is, and what is said."""

    code: str
    path: tuple[str | int, ...]
    message: str
    label: str = ""
    help: tuple[str, ...] = ()


class Shape(BaseModel):
    """A mapping with known keys; nothing is converted, nothing is ignored, nothing changes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    rules: ClassVar[Mapping[str, Any]] = {}
    """What keys say together that they must not, as far as JSON Schema can say it."""

    def problems(self) -> Iterable[ShapeProblem]:
        """What keys say together that they must not; paths begin at this shape."""
        return ()


FIELD_TYPES = {
    "keyword": "Text compared exactly: an id, a code, a country.",
    "text": "Prose, searched by its words.",
    "number": "A double, as 12.5.",
    "integer": "A whole number of 64 bits, always exact.",
    "boolean": "true or false.",
    "date": "An instant in UTC with milliseconds, as 2026-03-01T09:30:00.000Z.",
    "day": "A calendar day without zone, as 1990-02-28.",
    "geo_point": "A place on earth, as {lat: 52.5, lon: 13.4}.",
    "object": "Fields that belong together.",
}
"""Every field type and what it holds."""


_PLAIN = "text, a number, a boolean, or a list of them"
Data: TypeAlias = Annotated[
    Annotated[Scalar, Tag("<one>")] | Annotated[Some[Scalar], Tag("<list>")],
    by_kind("Data", _PLAIN, one="<one>", many="<list>"),
]
"""One plain value or a list of them."""
Value: TypeAlias = Annotated[
    Annotated[Scalar, Tag("<one>")]
    | Annotated[Many[Scalar], Tag("<list>")]
    | Annotated[dict[str, Scalar], Tag("<mapping>")],
    by_kind("Value", f"{_PLAIN}, or a mapping", one="<one>", many="<list>", mapping="<mapping>"),
]
"""One plain value, a list of them, or a small mapping of them, as a point is."""


class DeclaredValue(Shape):
    """What all declared values share; members of objects differ, so each kind declares `fields` itself."""

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"properties": {"type": {"const": "object"}}},
        "then": {"required": ["fields"], "properties": {"fields": {"minProperties": 1}, "values": False}},
        "else": {
            "properties": {"fields": False},
            "if": {"not": {"properties": {"type": {"const": "keyword"}}}},
            "then": {"properties": {"values": False}},
        },
    }

    type: Annotated[str, Word(FIELD_TYPES)] = Field(description="What kind of value it holds.")
    many: bool = Field(default=False, alias="list", description="It holds a list of such values.")
    values: Maybe[Some[Text]] = Field(
        json_schema_extra=UNIQUE, default=None, description="The only texts allowed, for a keyword."
    )
    description: str = Field(default="", description="What it is, in a sentence.")

    @property
    def members(self) -> Mapping[str, DeclaredValue] | None:
        """The fields of an object, None where none are written."""
        return None

    def problems(self) -> Iterable[ShapeProblem]:
        """Members without an object, values without a keyword."""
        if self.type == "object" and not self.members:
            yield ShapeProblem("S011", (), "`fields` is missing: an object declares its fields", label="an object")
        if self.type != "object" and self.members is not None:
            yield ShapeProblem(
                "S016", ("fields",), f"`fields` does not go with `type: {self.type}`; only an object has fields"
            )
        if self.type != "keyword" and self.values is not None:
            yield ShapeProblem(
                "S016", ("values",), f"`values` does not go with `type: {self.type}`; only a keyword has them"
            )
        yield from twice(self.values or (), ("values",))
        yield from inside(self.members or {}, "fields")


class FieldShape(DeclaredValue):
    """A declared value of a ruleset's context or output."""

    fields: Maybe[dict[Name, FieldShape]] = Field(default=None, description="The fields of an object.")

    @property
    def members(self) -> Mapping[str, DeclaredValue] | None:
        """The fields of an object, None where none are written."""
        return self.fields


def inside(shapes: Mapping[str, Shape], *path: str | int) -> Iterator[ShapeProblem]:
    """The problems of each shape of a mapping, their paths put below `path`."""
    for name, shape in shapes.items():
        for problem in shape.problems():
            yield problem._replace(path=(*path, name, *problem.path))


def twice(items: Iterable[Any], path: tuple[str | int, ...]) -> Iterator[ShapeProblem]:
    """One problem for each item that stands in the list before."""
    seen: dict[Any, int] = {}
    for index, item in enumerate(items):
        first = seen.setdefault(item, index)
        if first != index:
            yield ShapeProblem(
                "S018", (*path, index), f"`{item}` is written twice", help=(f"entry {first + 1} says it too",)
            )
