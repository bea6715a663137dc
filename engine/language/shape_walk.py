"""What a shape expects at a place: the way from a model along an error's location."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from types import NoneType
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_origin

from pydantic import Tag
from pydantic.fields import FieldInfo

from ..shapes.base import Shape

Mark = TypeVar("Mark")
Location: TypeAlias = tuple[str | int, ...]
KEY = "[key]"


@dataclass(frozen=True, slots=True)
class Expected:
    """A type with its metadata, and the other members of the union that it was chosen from."""

    kind: Any
    marks: tuple[Any, ...] = ()
    siblings: tuple[Expected, ...] = ()

    def mark(self, cls: type[Mark]) -> Mark | None:
        """The metadata of that class, or None."""
        for mark in self.marks:
            if isinstance(mark, cls):
                return mark
        return None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of a shape, as authors write them; none of anything else."""
        return tuple(keys_of(self.kind)) if is_shape(self.kind) else ()

    @property
    def tag(self) -> str:
        """The tag in its union without the brackets, or nothing."""
        tag = self.mark(Tag)
        return "" if tag is None else tag.tag.strip("<>")


def is_shape(kind: Any) -> bool:
    """Whether it is a class of shapes."""
    return isinstance(kind, type) and issubclass(kind, Shape)


def keys_of(shape: type[Shape]) -> dict[str, FieldInfo]:
    """Each key of a shape as authors write it, with its field."""
    if not shape.__pydantic_complete__:
        shape.model_rebuild()
    return {field.alias or name: field for name, field in shape.model_fields.items()}


def is_tag(step: str | int) -> bool:
    """Whether a step of a location names a member of a union."""
    return isinstance(step, str) and step.startswith("<") and step.endswith(">")


def expected_at(model: type[Shape], location: Location) -> Expected | None:
    """What the model expects at a location of one of its errors; None where the location leads out of it."""
    found: Expected | None = Expected(model)
    for index, step in enumerate(location):
        if found is None:
            break
        if location[index + 1 :] == (KEY,) and get_origin(found.kind) is dict:
            return plain(Expected(get_args(found.kind)[0]))
        found = _step(found, step)
    return found


def _step(place: Expected, step: str | int) -> Expected | None:
    origin, arguments = get_origin(place.kind), get_args(place.kind)
    if is_tag(step):
        all_members = members(place)
        chosen = next((member for member in all_members if f"<{member.tag}>" == step), None)
        others = tuple(member for member in all_members if member is not chosen)
        return replace(chosen, siblings=others) if chosen else None
    if is_shape(place.kind):
        field = keys_of(place.kind).get(str(step))
        return plain(Expected(field.annotation, tuple(field.metadata))) if field else None
    if origin is dict:
        return plain(Expected(arguments[1]))
    return plain(Expected(arguments[0])) if origin is tuple else None


def members(union: Expected) -> tuple[Expected, ...]:
    """The members of a union."""
    return tuple(plain(Expected(argument)) for argument in get_args(union.kind))


def members_of(union: Expected) -> list[str]:
    """The tags of a union's members, without brackets."""
    return [member.tag for member in members(union)]


def plain(place: Expected) -> Expected:
    """The type itself: out of `Annotated`, whose metadata it keeps, and without None."""
    while True:
        if get_origin(place.kind) is Annotated:
            kind, *marks = get_args(place.kind)
            place = Expected(kind, (*place.marks, *_unpack(marks)))
        elif NoneType in get_args(place.kind):
            place = Expected(reduce(or_, [each for each in get_args(place.kind) if each is not NoneType]), place.marks)
        else:
            return place


def _unpack(marks: list[Any]) -> Iterator[Any]:
    """Metadata, that within `Field(…)` each for itself."""
    for mark in marks:
        if isinstance(mark, FieldInfo):
            yield from mark.metadata
        else:
            yield mark


def path_of(value: Any, location: Location) -> Iterator[str | int]:
    """The steps of a location that are keys and indexes of the value, tags and the like left out."""
    for step in location:
        if isinstance(value, dict) and isinstance(step, str) and (step in value or not (is_tag(step) or step == KEY)):
            yield step
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            yield step
            value = value[step]
