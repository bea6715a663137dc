"""Unions that a look at the value decides: by the key a mapping has, or by what kind of YAML value it is.

Each member of such a union has a `Tag` in angle brackets, so that a place in an error can be told from a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Discriminator


@dataclass(frozen=True, slots=True, eq=False)
class ByKey:
    """Chosen by the first of `keys` that a mapping has, each with the tag of its member."""

    name: str
    keys: tuple[tuple[str, str], ...]

    def tag_of(self, value: Any) -> str | None:
        """The tag, or None for what is not a mapping or has none of the keys."""
        if isinstance(value, dict):
            for key, tag in self.keys:
                if key in value:
                    return tag
        return None


@dataclass(frozen=True, slots=True, eq=False)
class ByKind:
    """Chosen by whether the value is a list, a mapping, or one plain value; null is none of them."""

    name: str
    one: str | None
    many: str | None
    mapping: str | None

    def tag_of(self, value: Any) -> str | None:
        """The tag, or None where no member has such a value."""
        if isinstance(value, list):
            return self.many
        if isinstance(value, dict):
            return self.mapping
        return None if value is None else self.one


def by_key(name: str, keys: Mapping[str, str], expected: str) -> Discriminator:
    """A union of mappings called `name`; `expected` says in words what belongs there."""
    return Discriminator(ByKey(name, tuple(keys.items())).tag_of, "variant", expected)


def by_kind(
    name: str, expected: str, *, one: str | None = None, many: str | None = None, mapping: str | None = None
) -> Discriminator:
    """A union called `name` of a plain value, a list, a mapping, as far as each has a tag."""
    return Discriminator(ByKind(name, one, many, mapping).tag_of, "kinds", expected)


def choice_of(discriminator: Discriminator) -> ByKey | ByKind | None:
    """What a union made here is chosen by."""
    found = getattr(discriminator.discriminator, "__self__", None)
    return found if isinstance(found, ByKey | ByKind) else None
