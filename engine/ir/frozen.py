"""What IR classes share: equality, hash and text by their members.

`@dataclass` would write these three into every class when it is imported, which is much of what importing some seventy
classes costs; here they are written once.
"""

from __future__ import annotations

from typing import ClassVar


class Frozen:
    """A value that is known by its class and its members, in the order of their declaration."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)

    def __hash__(self) -> int:
        return hash((self.__class__, *[getattr(self, name) for name in self.__match_args__]))

    def __repr__(self) -> str:
        members = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__match_args__])
        return f"{self.__class__.__qualname__}({members})"
