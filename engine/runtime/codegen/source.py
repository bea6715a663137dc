"""The one place where what an author wrote becomes a function, and the names under which its text finds objects.

Source is made of fixed pieces, names of ours and `repr` of text, numbers and booleans; everything else is bound as an
object. Names of bound objects begin with `_`; locals do not, those of the emitter of expressions (`_t1`) aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Function = Any


class Source:
    """The globals of generated functions, filled while their text is written; `known` are there from the beginning."""

    __slots__ = ("_counts", "_names", "scope")

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        self.scope: dict[str, Any] = dict(known or {})
        self._names: dict[tuple[str, int], str] = {}
        self._counts: Counter[str] = Counter()

    def bind(self, value: Any, name: str = "object") -> str:
        """The global that holds the object: `_name`, numbered where that name holds another one."""
        found = self._names.get((name, id(value)))
        if found is None:
            found = f"_{name}{self._counts[name] or ''}"
            self._counts[name] += 1
            self._names[name, id(value)] = found
            self.scope[found] = value  # which also keeps the object, and so its id
        return found

    def constant(self, value: Any) -> str:
        """Source of a scalar: itself for text, whole numbers and booleans, else a bound name."""
        if type(value) in (str, int, bool):
            return repr(value)
        if type(value) is float and value == value and abs(value) != float("inf"):  # noqa: PLR0124 - not NaN
            return repr(value)
        return self.bind(value)

    def function(self, name: str, parameters: str, body: Sequence[str], place: str) -> Function:
        """The function with that body, compiled; `place` is what a traceback calls the file."""
        text = function_text(name, parameters, body)
        exec(compile(text, f"<{place}>", "exec"), self.scope)  # noqa: S102 - source of ours, from checked IR
        return self.scope[name]


def function_text(name: str, parameters: str, body: Sequence[str]) -> str:
    """The text of a function; lines of the body carry their own indent below the first."""
    return "\n".join([f"def {name}({parameters}):", *(f"    {line}" for line in body), ""])
