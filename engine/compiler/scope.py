"""What a document may name: the catalogue's fields, other documents, and where each is declared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..diagnostics.suggest import is_as_near, nearest
from ..ir.types import Catalogue

_WORDS = {
    "MemberList": "member lists",
    "EventType": "event types",
    "FeatureView": "feature views",
    "RollbackPolicy": "rollback policies",
}

SUGGESTIONS = 200  # of nearest documents in one run; who needs more has renamed something


@dataclass(frozen=True, slots=True)
class Scope:
    """The workspace as its documents see it.

    `declared` has by kind every name, those of documents that do not read well included: their own findings are enough.
    `lists` are the members of each MemberList, `empty_lists` the names of those that say they have none.
    """

    catalogue: Catalogue
    timezone: str
    declared: Mapping[str, Collection[str]] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    empty_lists: Collection[str] = ()
    _suggested: list[str] = field(default_factory=list, repr=False, compare=False)

    def has(self, kind: str, name: str) -> bool:
        """Whether a document of that kind and name exists."""
        return name in self.declared.get(kind, ())

    def names(self, kind: str) -> list[str]:
        """The names of that kind, sorted."""
        return sorted(self.declared.get(kind, ()))

    def suggestion(self, kind: str, name: str) -> tuple[str, ...]:
        """Help naming the nearest document of that kind, or what there is; none after many, for it takes time."""
        if len(self._suggested) >= SUGGESTIONS:
            return ()
        self._suggested.append(name)
        return suggestion(name, self.names(kind), _WORDS.get(kind, f"{kind.lower()}s"))


def suggestion(name: str, names: list[str], what: str) -> tuple[str, ...]:
    """Help for an unknown name: the nearest one, two that are equally near, or the first few that exist."""
    near = nearest(name, names)
    if near is not None:
        other = next((each for each in names if each != near and is_as_near(name, each, near)), None)
        return (f"did you mean `{near}`?" if other is None else f"did you mean `{near}` or `{other}`?",)
    if not names:
        return (f"there are no {what} yet",)
    shown = ", ".join(f"`{each}`" for each in names[:8])
    return (f"{what}: {shown}{' …' if len(names) > 8 else ''}",)
