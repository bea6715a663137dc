"""What the shapes of documents are made of: strict frozen models, names, durations, instants, words and plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Strict,
    Tag,
)
from pydantic_core import CoreSchema

from .forms import Name, Scalar, Text, Word

Item = TypeVar("Item")
Many: TypeAlias = Annotated[tuple[Item, ...], Strict(False)]  # noqa: FBT003 - the only way to say it; YAML has lists
Some: TypeAlias = Annotated[tuple[Item, ...], Strict(False), Field(min_length=1)]  # noqa: FBT003 - as above


@dataclass(frozen=True, slots=True, eq=False)
class _LeftOut:
    """Takes null out of an optional type: a key without a value is a finding, not a key that was left out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


Maybe: TypeAlias = Annotated[Item | None, _LeftOut()]
"""A value that may be left out, and is then None; writing null is refused."""


class Problem(NamedTuple):
    """Something wrong with a shape that reads well key by key: a code, where it is, and what is said."""

    code: str
    path: tuple[str | int, ...]
    message: str
    label: str = ""
    help: tuple[str, ...] = ()


class Shape(BaseModel):
    """A mapping with known keys; nothing is converted, nothing is ignored, nothing changes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    def problems(self) -> Iterable[Problem]:
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


def variant(keys: Mapping[str, str], expected: str) -> Discriminator:
    """A union told apart by the first of `keys` that a mapping has; each leads to the tag of its member.

    Tags are written `<tag>`, so that a place in an error can be told from a key.
    """
    pairs = tuple(keys.items())

    def tag(value: Any) -> str | None:
        if isinstance(value, dict):
            for key, found in pairs:
                if key in value:
                    return found
        return None

    return Discriminator(tag, "variant", expected)


def _data_tag(value: Any) -> str | None:
    if isinstance(value, list):
        return "<list>"
    if isinstance(value, dict):
        return "<mapping>"
    return None if value is None else "<one>"


def _plain_tag(value: Any) -> str | None:
    return None if isinstance(value, dict) else _data_tag(value)


def _or_list(*, mapping: bool = False) -> Discriminator:
    expected = "text, a number, true or false, or a list of them" + (", or a mapping" if mapping else "")
    return Discriminator(_data_tag if mapping else _plain_tag, "kinds", expected)


Data: TypeAlias = Annotated[
    Annotated[Scalar, Tag("<one>")] | Annotated[Some[Scalar], Tag("<list>")],
    _or_list(),
]
"""One plain value or a list of them."""
Value: TypeAlias = Annotated[
    Annotated[Scalar, Tag("<one>")]
    | Annotated[Many[Scalar], Tag("<list>")]
    | Annotated[dict[str, Scalar], Tag("<mapping>")],
    _or_list(mapping=True),
]
"""One plain value, a list of them, or a small mapping of them, as a point is."""


class DeclaredValue(Shape):
    """What all declared values share; members of objects differ, so each kind declares `fields` itself."""

    type: Annotated[str, Word(FIELD_TYPES)] = Field(description="What kind of value it holds.")
    many: bool = Field(default=False, alias="list", description="It holds a list of such values.")
    values: Maybe[Some[Text]] = Field(default=None, description="The only texts allowed, for a keyword.")
    description: str = Field(default="", description="What it is, in a sentence.")

    @property
    def members(self) -> Mapping[str, DeclaredValue] | None:
        """The fields of an object, None where none are written."""
        return None

    def problems(self) -> Iterable[Problem]:
        """Members without an object, values without a keyword."""
        if self.type == "object" and not self.members:
            yield Problem("S011", (), "`fields` is missing: an object declares its fields", label="an object")
        if self.type != "object" and self.members is not None:
            yield Problem("S016", ("fields",), f"`fields` stands beside `type: {self.type}`; only an object has fields")
        if self.type != "keyword" and self.values is not None:
            yield Problem("S016", ("values",), f"`values` stands beside `type: {self.type}`; only a keyword has them")
        yield from twice(self.values or (), ("values",))
        yield from inside(self.members or {}, "fields")


class FieldShape(DeclaredValue):
    """A declared value of a ruleset's context or output."""

    fields: Maybe[dict[Name, FieldShape]] = Field(default=None, description="The fields of an object.")

    @property
    def members(self) -> Mapping[str, DeclaredValue] | None:
        """The fields of an object, None where none are written."""
        return self.fields


def inside(shapes: Mapping[str, Shape], *path: str | int) -> Iterator[Problem]:
    """The problems of each shape of a mapping, their paths put below `path`."""
    for name, shape in shapes.items():
        for problem in shape.problems():
            yield problem._replace(path=(*path, name, *problem.path))


def twice(items: Iterable[Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    """One problem for each item that stands in the list before."""
    seen: dict[Any, int] = {}
    for index, item in enumerate(items):
        first = seen.setdefault(item, index)
        if first != index:
            yield Problem(
                "S018", (*path, index), f"`{item}` is written twice", help=(f"entry {first + 1} says it too",)
            )
