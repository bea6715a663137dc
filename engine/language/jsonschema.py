"""JSON Schemas of all documents (draft-07, as editors read it), made from the models that decode them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic import Discriminator
from pydantic.fields import FieldInfo

from ..shapes.base import Shape
from ..shapes.choice import ByKey, ByKind, choice_of
from ..shapes.forms import Form, OneOf, PartOfWhole, Word
from .document import snake
from .documents.conditions import Comparison
from .documents.kinds import KINDS
from .documents.workspace import WorkspaceDocument
from .operator_schema import operator_rules
from .shape_walk import Expected, is_shape, keys_of, members, plain

Schema: TypeAlias = dict[str, Any]
DIALECT = "http://json-schema.org/draft-07/schema#"
SUFFIX = ".schema.json"
_COMMENT = "Written by `decisor schema`; change the models, not this file."
_BOUNDS: dict[type, dict[str, str]] = {
    tuple: {"min_length": "minItems", "max_length": "maxItems"},
    dict: {"min_length": "minProperties", "max_length": "maxProperties"},
    str: {"min_length": "minLength", "max_length": "maxLength"},
}
_NUMBERS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schemas() -> dict[str, Schema]:
    """Every schema by its file's name: one for each kind, one for any document, one for `decisor.yaml`."""
    made = {f"{snake(kind)}{SUFFIX}": document_schema(model, kind) for kind, model in KINDS.items()}
    made[f"decisor{SUFFIX}"] = any_document_schema()
    made[f"workspace{SUFFIX}"] = document_schema(WorkspaceDocument, "Workspace")
    return made


def write_schemas(folder: Path) -> None:
    """Write every schema into a folder that exists. Raises OSError, also where a link or a pipe has a file's name."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
    for name, schema in schemas().items():
        with open(os.open(folder / name, flags, 0o644), "wb") as stream:  # noqa: PTH123 - `Path.open` takes no flags
            stream.write(schema_bytes(schema))


def check_schemas(folder: Path) -> list[str]:
    """The names of the schemas that the folder lacks or has otherwise, sorted."""
    return sorted(name for name, schema in schemas().items() if _stale(folder / name, schema_bytes(schema)))


def schema_bytes(schema: Schema) -> bytes:
    """The bytes of a schema's file."""
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def document_schema(model: type[Shape], title: str) -> Schema:
    """The schema of one kind of document."""
    writer = _Writer()
    body = writer.shape_body(model)
    return {"$schema": DIALECT, "$comment": _COMMENT, **body, "title": title, "definitions": writer.sorted()}


def any_document_schema() -> Schema:
    """The schema of a document of any kind: what `kind` says decides."""
    writer = _Writer()
    branches = [
        {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": writer.shape(model)}
        for kind, model in KINDS.items()
    ]
    meanings = [_first_line(model) for model in KINDS.values()]
    kinds = {
        "type": "string",
        "title": "Kind",
        "description": "What the document declares.",
        "enum": list(KINDS),
        "enumDescriptions": meanings,
        "markdownEnumDescriptions": meanings,
    }
    return {
        "$schema": DIALECT,
        "$comment": _COMMENT,
        "title": "Document",
        "description": "Any document of a workspace.",
        "type": "object",
        "properties": {"apiVersion": {"const": "v1"}, "kind": kinds, "name": {"type": "string"}},
        "required": ["apiVersion", "kind", "name"],
        "allOf": branches,
        "definitions": writer.sorted(),
    }


def _stale(file: Path, wanted: bytes) -> bool:
    return not file.is_file() or file.stat().st_size != len(wanted) or file.read_bytes() != wanted


class _Writer:
    """Writes schemas of types, and keeps the definitions that they refer to."""

    def __init__(self) -> None:
        self._definitions: dict[str, Schema] = {}

    def sorted(self) -> dict[str, Schema]:
        """The definitions so far, by name."""
        return {name: self._definitions[name] for name in sorted(self._definitions)}

    def shape(self, model: type[Shape]) -> Schema:
        """A reference to the schema of a shape."""
        return self._define(model.__name__, lambda: self.shape_body(model))

    def shape_body(self, model: type[Shape]) -> Schema:
        """The schema of a shape itself."""
        fields = keys_of(model)
        body: Schema = {
            "description": _first_line(model),
            "type": "object",
            "properties": {key: self._field(key, field) for key, field in fields.items()},
            "required": [key for key, field in fields.items() if field.is_required()],
            "additionalProperties": False,
        }
        if not body["required"]:
            del body["required"]
        rules = [dict(model.rules)] if model.rules else []
        if issubclass(model, Comparison):
            rules.append(self._define("OperatorRules", lambda: {"allOf": operator_rules()}))
        return {**body, "allOf": rules} if rules else body

    def _define(self, name: str, make: Callable[[], Schema]) -> Schema:
        if name not in self._definitions:
            self._definitions[name] = {}  # a recursive type refers to itself while it is made
            self._definitions[name] = make()
        return {"$ref": f"#/definitions/{name}"}

    def _field(self, key: str, field: FieldInfo) -> Schema:
        """The schema of a key, with what editors show of it."""
        schema = self.of(plain(Expected(field.annotation, tuple(field.metadata))))
        if isinstance(field.json_schema_extra, dict):
            schema = {**schema, **field.json_schema_extra}
        description = field.description or ""
        notes: Schema = {"title": _title(key), "description": description, "markdownDescription": description}
        if field.examples:
            notes["examples"] = list(field.examples)
        default = None if field.is_required() or field.default_factory else field.default
        if isinstance(default, str | int | float) and default != "":
            notes["default"] = default
            notes["markdownDescription"] += f"\n\nBy default `{json.dumps(default).strip(chr(34))}`."
        return {**notes, "allOf": [schema]} if "$ref" in schema else {**notes, **schema}

    def of(self, place: Expected) -> Schema:
        """The schema of a type with its metadata."""
        for mark in place.marks:
            if isinstance(mark, Form | Word | OneOf | PartOfWhole):
                return mark.json_schema()
        choice = next((choice_of(mark) for mark in place.marks if isinstance(mark, Discriminator)), None)
        if choice is not None:
            return self._define(choice.name, lambda: self._choice(choice, place))
        return self._type_schema(place)

    def _type_schema(self, place: Expected) -> Schema:
        origin, arguments = get_origin(place.kind), get_args(place.kind)
        if is_shape(place.kind):
            return self.shape(place.kind)
        if origin is Literal:
            return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
        if origin is tuple:
            return {"type": "array", "items": self.of(plain(Expected(arguments[0]))), **_bounds(place.marks, tuple)}
        if origin is dict:
            names, values = (plain(Expected(argument)) for argument in arguments)
            schema: Schema = {"type": "object", "additionalProperties": self.of(values), **_bounds(place.marks, dict)}
            form = self.of(names)
            return schema if form == {"type": "string"} else {**schema, "propertyNames": form}
        if place.kind is Any:
            return {}
        return {"type": _SIMPLE[place.kind], **_bounds(place.marks, place.kind)}

    def _choice(self, choice: ByKey | ByKind, place: Expected) -> Schema:
        tagged = {f"<{member.tag}>": self.of(member) for member in members(place)}
        return self._by_key(choice, tagged) if isinstance(choice, ByKey) else self._by_kind(choice, tagged)

    def _by_key(self, choice: ByKey, tagged: Mapping[str, Schema]) -> Schema:
        """The first key that is there decides; where there is none, the leading keys are offered."""
        leading = dict(choice.keys)
        chain: Schema = {"anyOf": [{"required": [key]} for key in leading]}
        for tag, keys in reversed([(tag, [key for key, _ in group]) for tag, group in groupby(choice.keys, _second)]):
            there = [{"required": [key]} for key in keys]
            chain = {"if": there[0] if len(there) == 1 else {"anyOf": there}, "then": tagged[tag], "else": chain}
        return {
            "type": "object",
            "properties": {key: self._hover(tagged[tag], key) for key, tag in choice.keys},
            **chain,
        }

    def _hover(self, reference: Schema, key: str) -> Schema:
        """What an editor shows of a key before its member is chosen."""
        body = self._definitions[reference["$ref"].rpartition("/")[2]]
        known = body.get("properties", {}).get(key, {})
        return {name: known[name] for name in ("title", "description", "markdownDescription") if name in known}

    def _by_kind(self, choice: ByKind, tagged: Mapping[str, Schema]) -> Schema:
        """The kind of value decides."""
        kinds = (("array", choice.many), ("object", choice.mapping), (["string", "number", "boolean"], choice.one))
        there = [(kind, tagged[tag]) for kind, tag in kinds if tag is not None]
        types = [each for kind, _ in there for each in (kind if isinstance(kind, list) else [kind])]
        *others, (_, last) = there
        chain = last
        for kind, schema in reversed(others):
            chain = {"if": {"type": kind}, "then": schema, "else": chain}
        return {"type": types, **chain} if "$ref" not in chain else {"type": types, "allOf": [chain]}


def _bounds(marks: tuple[Any, ...], kind: type) -> Schema:
    """The bounds among the metadata, in the words for such a type."""
    words = _BOUNDS.get(kind, _NUMBERS)
    found: Schema = {}
    for mark in marks:
        found |= {word: getattr(mark, name) for name, word in words.items() if hasattr(mark, name)}
    return found


def _second(pair: tuple[str, str]) -> str:
    return pair[1]


def _first_line(model: type[Shape]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]


def _title(key: str) -> str:
    words = snake(key).replace("_", " ")
    return words[:1].upper() + words[1:]
