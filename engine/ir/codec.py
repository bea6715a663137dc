"""IR to JSON data and back, for bundles: every part is an object whose `$` names its class; defaults are left out.

The classes of this package are known to all. The classes that nodes are made of belong to a value, the kinds of nodes,
so the code that decodes rulesets passes them in, and no other class comes out of a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeAlias

from .frozen import Frozen

Shape: TypeAlias = tuple[str, tuple[tuple[str, Any], ...]]

_CLASSES: dict[str, type] = {}
_SHAPES: dict[type, Shape] = {}
_NO_MORE: Mapping[str, type] = {}


def register(*classes: type, **named: type) -> None:
    """Make frozen dataclasses encodable: under their class names, or under the name of the keyword.

    Raises ValueError for a name that is taken.
    """
    for name, cls in [*((each.__name__, each) for each in classes), *named.items()]:
        if _CLASSES.setdefault(name, cls) is not cls:
            raise ValueError(f"two IR classes are called {name}")
        _SHAPES[cls] = _shape(name, cls)


def is_core(name: str) -> bool:
    """Whether a class of this package is encoded under the name."""
    return name in _CLASSES


def _shape(name: str, cls: Any) -> Shape:
    return name, tuple((field.name, field.default) for field in fields(cls))


def encode(value: Any) -> Any:
    """JSON data of an IR value: nodes, tuples, text, numbers, booleans, None and dicts with text keys."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    cls: type = type(value)
    if cls not in _SHAPES:
        if not issubclass(cls, Frozen):
            raise TypeError(f"{cls.__name__} is not an IR class")
        _SHAPES[cls] = _shape(cls.__name__, cls)
    name, shape = _SHAPES[cls]
    data: dict[str, Any] = {"$": name}
    for key, default in shape:
        item = getattr(value, key)
        if default is MISSING or type(item) is not type(default) or item != default:
            data[key] = encode(item)
    return data


def decode(data: Any, more: Mapping[str, type] = _NO_MORE) -> Any:
    """The IR value of JSON data; lists become tuples. `more` are further classes by name, such as those of nodes.

    Raises DecodeError for an unknown class or member.
    """
    if isinstance(data, list):
        return tuple([decode(item, more) for item in data])
    if not isinstance(data, dict):
        return data
    name = data.get("$")
    if name is None:
        return {key: decode(item, more) for key, item in data.items()}
    cls = _CLASSES.get(name) or more.get(name)
    if cls is None:
        raise DecodeError(f"`{name}` is not a class of this version's intermediate representation")
    try:
        return cls(**{key: decode(item, more) for key, item in data.items() if key != "$"})
    except TypeError:
        raise DecodeError(f"`{name}` has other members than this version knows") from None


class DecodeError(ValueError):
    """The data was written by another version or is damaged."""
