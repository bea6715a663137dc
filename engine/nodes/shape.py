"""What the shapes of documents are made of: strict frozen models, names, durations, instants, words and plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    Tag,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ..ir.instant import InstantError, canonical_day, canonical_instant, parse_duration
from ..ir.zones import zone

Item = TypeVar("Item")
Many: TypeAlias = Annotated[tuple[Item, ...], Strict(False)]  # noqa: FBT003 - the only way to say it; YAML has lists
Some: TypeAlias = Annotated[tuple[Item, ...], Strict(False), Field(min_length=1)]  # noqa: FBT003 - as above


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


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Text of one form: `expected` says it in words; `check` raises ValueError where the pattern is not enough."""

    code: str
    expected: str
    pattern: str
    check: Callable[[str], object] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.check is None:
            return core_schema.str_schema(strict=True, pattern=self.pattern)
        return core_schema.no_info_after_validator_function(self._read, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": self.pattern}

    def _read(self, text: str) -> str:
        try:
            self.check(text)  # type: ignore[misc] # only used with a check
        except ValueError as problem:
            expected = str(problem) if isinstance(problem, InstantError) else self.expected
            raise PydanticCustomError("form", "{expected}", {"expected": expected, "code": self.code}) from None
        return text


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """One of a few words, each with what it means (empty where the word says it)."""

    words: dict[str, str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = {"markdownEnumDescriptions": list(self.words.values())} if any(self.words.values()) else {}
        return {"type": "string", "enum": list(self.words), **described}


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """Plain data of some of the kinds: "text", "number", "integer", "boolean", "null"; nothing is converted."""

    kinds: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        types = {kind for name in self.kinds for kind in _PYTHON[name]}

        def read(value: Any) -> Any:
            if type(value) in types:
                return value
            raise PydanticCustomError("kinds", "{expected}", {"expected": self.expected})

        return core_schema.no_info_plain_validator_function(read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        names = [_JSON[name] for name in self.kinds]
        return {"type": names[0] if len(names) == 1 else names}

    @property
    def expected(self) -> str:
        """The kinds in words: `text, a number, true or false`."""
        return ", ".join(_WORDS[kind] for kind in self.kinds)


_PYTHON: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_JSON = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "null"}
_WORDS = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


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

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
NAME_EXPECTED = "a small letter, then small letters, digits and `_`, at most 63 characters"

Name = Annotated[str, Form("S004", NAME_EXPECTED, NAME_PATTERN)]
FieldPath = Annotated[
    str,
    Form("S015", "a field's name, or names joined by dots", r"^[a-z][a-z0-9_]{0,62}(\.[a-z][a-z0-9_]{0,62}){0,31}$"),
]
Text = Annotated[str, Field(min_length=1, max_length=4_096)]
Expression = Annotated[str, Field(min_length=1, max_length=4_096)]
Duration = Annotated[
    str, Form("S015", "a duration, as 15m, 12h, 30d or 2w", r"^(?!0+[smhdw]$)[0-9]{1,9}[smhdw]$", parse_duration)
]
Timeout = Annotated[
    str,
    Form(
        "S015", "a time up to a minute, as 50ms or 2s", r"^([1-9][0-9]{0,3}ms|[1-5][0-9]{4}ms|[1-9]s|[1-5][0-9]s|60s)$"
    ),
]
Instant = Annotated[
    str,
    Form(
        "S015",
        "an instant with a zone, as 2026-03-01T09:30:00Z",
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
        canonical_instant,
    ),
]
Day = Annotated[str, Form("S015", "a calendar day, as 2026-12-31", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", canonical_day)]
Zone = Annotated[str, Form("S015", "a time zone's name, as Europe/Berlin or UTC", r"^[A-Za-z][A-Za-z0-9_+/-]*$", zone)]


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


Scalar: TypeAlias = Annotated[str | int | float | bool, OneOf(("text", "number", "boolean"))]
TextOrInteger: TypeAlias = Annotated[str | int, OneOf(("text", "integer"))]
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
ExpressionOrConstant: TypeAlias = Scalar
"""Text is an expression; a number, true or false stands for itself."""


class DeclaredValue(Shape):
    """What all declared values share; members of objects differ, so each kind declares `fields` itself."""

    type: Annotated[str, Word(FIELD_TYPES)] = Field(description="What kind of value it holds.")
    many: bool = Field(default=False, alias="list", description="It holds a list of such values.")
    values: Some[Text] | None = Field(default=None, description="The only texts allowed, for a keyword.")
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

    fields: dict[Name, FieldShape] | None = Field(default=None, description="The fields of an object.")

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
