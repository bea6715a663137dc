"""Generated functions: how source reaches the profile, and what is bound in its globals.

Source is made of fixed pieces, names of ours and `repr` of text, whole numbers and booleans; everything else is bound
as an object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Function = Any
FALLS_BACK = "(KeyError, TypeError, AttributeError)"  # what a missing or odd value does to the fast way


class Source:
    """Globals of generated functions, filled while emitting."""

    __slots__ = ("_names", "scope")

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {"at": at}
        self._names: dict[int, str] = {}

    def bind(self, value: Any, prefix: str = "k") -> str:
        """The global name of the object; one per object."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"{prefix}{len(self.scope)}"
            self.scope[name] = value
        return name

    def constant(self, value: Any) -> str:
        """Source of a scalar: itself for text, whole numbers and booleans, else a bound name."""
        if type(value) in (str, int, bool):
            return repr(value)
        if type(value) is float and value == value and abs(value) != float("inf"):  # noqa: PLR0124 - not NaN
            return repr(value)
        return self.bind(value)

    def function(self, name: str, parameters: str, body: Sequence[str]) -> Function:
        """The function with that body, built once and for all; `body` lines carry their own indent below the first."""
        text = "\n".join([f"def {name}({parameters}):", *(f"    {line}" for line in body)])
        exec(compile(text, f"<matcher: {name}>", "exec"), self.scope)  # noqa: S102 - source of ours, from checked IR
        return self.scope[name]


def direct(path: str) -> str:
    """Source of the value at a dotted path, raising where something is missing."""
    return "p" + "".join(f"[{step!r}]" for step in path.split("."))


def missing_aware(path: str) -> str:
    """Source of the value at a dotted path, None where it is missing."""
    if "." not in path:
        return f"p.get({path!r})"
    return f"at(p, {tuple(path.split('.'))!r})"


def at(data: Any, steps: tuple[str, ...]) -> Any:
    """The value at the path, or None."""
    for step in steps:
        if not isinstance(data, Mapping):
            return None
        data = data.get(step)
    return data
