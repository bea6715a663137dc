"""What IR classes share: equality, hash and text by their members, and that nobody changes them.

`@dataclass(frozen=True)` would write all of this into every class when it is imported, which is most of what importing
some seventy classes costs. Here it is written once, and each class gets no more than an `__init__` of its own.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, dataclass_transform


class Frozen:
    """A value that is known by its class and its members, in the order of their declaration."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]

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

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return self.__class__, tuple([getattr(self, name) for name in self.__match_args__])

    if not TYPE_CHECKING:  # a type checker knows already, and would take these for leave to set anything

        def __setattr__(self, name: str, value: Any) -> NoReturn:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> NoReturn:
            raise FrozenInstanceError(f"cannot delete field {name!r}")


Made = TypeVar("Made", bound=Frozen)


@dataclass_transform(frozen_default=True, eq_default=False)
def frozen(cls: type[Made]) -> type[Made]:
    """The class as a frozen dataclass with slots. Defaults of its fields are constants."""
    made: Any = dataclass(init=False, eq=False, repr=False, slots=True)(cls)
    made.__init__ = _init_of(made)
    found: type[Made] = made
    return found


def _init_of(cls: Any) -> Any:
    """A function that sets each field from an argument, given by place or by name."""
    names = [each.name for each in fields(cls)]
    defaults = {f"{each.name}_default": each.default for each in fields(cls) if each.default is not MISSING}
    parameters = [f"{name}={name}_default" if f"{name}_default" in defaults else name for name in names]
    lines = [f"def __init__({', '.join(['self', *parameters])}):"]
    lines += [f" set_member(self, {name!r}, {name})" for name in names] or [" pass"]
    scope: dict[str, Any] = {"set_member": object.__setattr__, **defaults}
    exec("\n".join(lines), scope)  # noqa: S102 - the names of fields that a class of ours declares
    return scope["__init__"]
