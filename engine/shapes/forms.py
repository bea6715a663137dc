"""Single values that authors write: names, words, durations, instants, shares, paths and plain data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ..ir.graph import PPM
from ..ir.instant import InstantError, canonical_day, canonical_instant, parse_duration
from ..ir.zones import zone


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Text of one form: `expected` says it in words; `check` raises ValueError where the pattern is not enough."""

    code: str
    expected: str
    pattern: str
    check: Callable[[str], object] | None = None
    longest: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.check is None:
            return core_schema.str_schema(strict=True, pattern=self.pattern)
        return core_schema.no_info_after_validator_function(self._read, core_schema.str_schema(strict=True))

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of such a value."""
        bound = {} if self.longest is None else {"maxLength": self.longest}
        return {"type": "string", "pattern": self.pattern, **bound}

    def _read(self, text: str) -> str:
        try:
            self.check(text)  # type: ignore[misc] # only used with a check
        except ValueError as problem:
            expected = str(problem) if isinstance(problem, InstantError) else self.expected
            raise PydanticCustomError("form", "{expected}", {"expected": expected, "code": self.code}) from None
        return text


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """One of a few words, each with what it means, or nothing; `other` leads from foreign words to ours."""

    words: Mapping[str, str]
    other: Mapping[str, str] = field(default_factory=dict)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of such a value."""
        meanings = list(self.words.values())
        described = {"enumDescriptions": meanings, "markdownEnumDescriptions": meanings} if any(meanings) else {}
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

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of such a value."""
        names = [_JSON[name] for name in self.kinds]
        return {"type": names[0] if len(names) == 1 else names}

    @property
    def expected(self) -> str:
        """The kinds in words: `text, a number or a boolean`."""
        *others, last = [_WORDS[kind] for kind in self.kinds]
        return f"{', '.join(others)} or {last}" if others else last


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
    "boolean": "a boolean",
    "null": "null",
}


_PERCENT = re.compile(r"(100(?:\.0{1,4})?|[0-9]{1,2}(?:\.[0-9]{1,4})?)%", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class PartOfWhole:
    """Parts per million, or per cent as text with at most four decimals; parts per million come out."""

    expected: str = "parts per million from 0 to 1000000, or per cent as 12.5%"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of such a value."""
        percent = {"type": "string", "pattern": f"^{_PERCENT.pattern}$"}
        return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": PPM}, percent]}

    def _read(self, value: Any) -> int:
        if type(value) is int and 0 <= value <= PPM:
            return value
        found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            code = "S014" if type(value) is int else "S015" if isinstance(value, str) else "S012"
            raise PydanticCustomError("form", "{expected}", {"expected": self.expected, "code": code})
        whole, _, fraction = found[1].partition(".")
        return int(whole) * 10_000 + int(fraction.ljust(4, "0"))


LONGEST_PATH = 1_024


def _relative(path: str) -> None:
    if not path or path.startswith("/") or "\\" in path or len(path) > LONGEST_PATH:
        raise ValueError(path)
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(path)


NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
NAME_EXPECTED = "a name of small letters, digits and `_` that begins with a letter and has at most 63 characters"

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

FilePath = Annotated[
    str,
    Form(
        "S015",
        "a path next to or below this file, such as lists/staff.txt",
        r"^(?!\.{1,2}(/|$))[^/\\]+(/(?!\.{1,2}(/|$))[^/\\]+)*$",
        _relative,
        LONGEST_PATH,
    ),
]

Share: TypeAlias = Annotated[int, PartOfWhole()]
Scalar: TypeAlias = Annotated[str | int | float | bool, OneOf(("text", "number", "boolean"))]
TextOrInteger: TypeAlias = Annotated[str | int, OneOf(("text", "integer"))]
ExpressionOrConstant: TypeAlias = Scalar
"""Text is an expression; a number, true or false stands for itself."""
