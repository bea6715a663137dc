"""What an expression may name: the shapes of the facts below each root, the segments, and all their types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ...ir.expression import ROOTS, RootName, ValueType
from ...ir.types import Catalogue, EventType, Field
from ...ir.value_types import event_type, object_type, profile_type
from .tree import library_functions, library_type

FUNCTIONS = ("in_segment", "now")
CACHED_TEXTS = 1_024


class Scope:
    """Types by root, and the names of segments. Scopes are values; `having` gives a wider one.

    `widened` are dotted names of integers that may also be doubles: they are read as doubles.

    Texts that were lowered in a scope are kept with it, so one scope should serve all that share its names.
    """

    __slots__ = ("_library", "kept", "segments", "types", "widened")

    def __init__(
        self,
        types: Mapping[RootName, ValueType],
        segments: Collection[str] = (),
        widened: frozenset[str] = frozenset(),
    ) -> None:
        self.types = dict(types)
        self.segments = segments
        self.widened = widened
        self.kept: dict[Any, Any] = {}
        self._library: dict[str, Any] = {}

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        *,
        context: Iterable[Field] = (),
        event: EventType | None = None,
        segments: Collection[str] = (),
    ) -> Scope:
        """What a ruleset with this context sees before its first node; `event` where a decision is about one."""
        types: dict[RootName, ValueType] = {"profile": profile_type(catalogue), "context": object_type(context)}
        if event is not None:
            types["event"] = event_type(catalogue, event)
        return cls(types, segments)

    def having(
        self,
        *,
        vars: Mapping[str, ValueType] | None = None,  # noqa: A002 - the root's own name
        features: Mapping[str, ValueType] | None = None,
        widened: frozenset[str] = frozenset(),
    ) -> Scope:
        """The same with more names below `vars` and below `features` (there: an object for each view)."""
        if not vars and not features:
            return self
        wider = Scope(self.types, self.segments, self.widened | widened)
        wider._library = {root: known for root, known in self._library.items() if root not in {"vars", "features"}}
        additions: tuple[tuple[RootName, Mapping[str, ValueType]], ...] = (
            ("vars", vars or {}),
            ("features", features or {}),
        )
        for root, added in additions:
            if added:
                known = wider.types.get(root, ValueType("object"))
                wider.types[root] = ValueType("object", members=tuple({**dict(known.members), **added}.items()))
        return wider

    def library_types(self) -> Mapping[str, Any]:
        """The same for the library: every root and function that can be named."""
        if not self._library:
            self._library = library_functions()
        for root, declared in self.types.items():
            if root not in self._library:
                self._library[root] = library_type(root, declared)
        return self._library

    def names(self) -> list[str]:
        """What an expression may begin with."""
        return [root for root in ROOTS if root in self.types] + list(FUNCTIONS)

    def lower_once(self, key: Any, lower: Callable[[], Any]) -> Any:
        """What `lower` gave for the key the first time; the oldest are forgotten first."""
        if key not in self.kept:
            if len(self.kept) >= CACHED_TEXTS:
                del self.kept[next(iter(self.kept))]
            self.kept[key] = lower()
        return self.kept[key]
