"""IR to JSON data and back, for bundles: every node is an object whose `$` names its class; defaults are left out."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

Node = TypeVar("Node", bound=type)

_CLASSES: dict[str, type] = {}
_SHAPES: dict[type, tuple[str, tuple[tuple[str, Any], ...]]] = {}


def register(*classes: type, **named: type) -> None:
    """Make frozen dataclasses encodable: under their class names, or under the name of the keyword.

    Raises ValueError for a name that is taken.
    """
    for name, cls in [*((each.__name__, each) for each in classes), *named.items()]:
        if _CLASSES.setdefault(name, cls) is not cls:
            raise ValueError(f"two IR classes are called {name}")
        _SHAPES[cls] = (name, tuple((field.name, field.default) for field in fields(cls)))


def encode(value: Any) -> Any:
    """JSON data of an IR value: nodes, tuples, text, numbers, booleans, None and dicts with text keys."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if not is_dataclass(value) or type(value) not in _SHAPES:
        raise TypeError(f"{type(value).__name__} is no IR value")
    name, shape = _SHAPES[type(value)]
    data: dict[str, Any] = {"$": name}
    for key, default in shape:
        item = getattr(value, key)
        if default is MISSING or type(item) is not type(default) or item != default:
            data[key] = encode(item)
    return data


def decode(data: Any) -> Any:
    """The IR value of JSON data; lists become tuples. Raises DecodeError for an unknown class or member."""
    if isinstance(data, list):
        return tuple([decode(item) for item in data])
    if not isinstance(data, dict):
        return data
    name = data.get("$")
    if name is None:
        return {key: decode(item) for key, item in data.items()}
    cls = _CLASSES.get(name)
    if cls is None:
        raise DecodeError(f"`{name}` is no class of this version's intermediate representation")
    try:
        return cls(**{key: decode(item) for key, item in data.items() if key != "$"})
    except TypeError:
        raise DecodeError(f"`{name}` has other members than this version knows") from None


class DecodeError(ValueError):
    """The data was written by another version or is damaged."""
