"""What a surface operator is: the name an author writes, what it may be applied to, and what it is lowered to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as member
from typing import Any, Final, Literal, TypeAlias

from ..ir.predicate import CoreName, Leaf, LeafValue, Predicate, Scalar
from ..ir.types import Field, FieldType
from .values import ValueRefusedError, canonical, kind_of

Lists: TypeAlias = Literal["both", "scalar", "list"]
Lowering: TypeAlias = "Callable[[Operand, Any], Predicate | Refused]"


class Absent:
    """Stands for a `value` that was not written at all."""

    __slots__ = ()


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a condition cannot be: a message, help, and the place inside the condition (`("value", 1)`)."""

    message: str
    help: tuple[str, ...] = ()
    at: tuple[str | int, ...] = ("value",)


@dataclass(frozen=True, slots=True)
class Operand:
    """What an operator is applied to: a field under its path, the workspace's time zone, the condition's other keys."""

    path: str
    field: Field
    timezone: str = "UTC"
    options: Mapping[str, Any] = member(default_factory=dict)

    def leaf(self, op: CoreName, value: LeafValue = None) -> Leaf:
        """A leaf on this field."""
        return Leaf(self.path, op, value, self.field.type, self.field.many)

    @property
    def kind(self) -> str:
        """The field's type in words: `keyword`, `list of keyword`, `encrypted keyword`."""
        words = f"list of {self.field.type}" if self.field.many else self.field.type
        return words if self.field.encrypted is None else f"encrypted {words}"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of the language.

    `applies` says for each field type whether scalars, lists or both take it; `value_schema` is a JSON Schema
    (draft-07) of the constant, None where there is none; `missing` says what holds for a missing value; `options` are
    the further keys its condition may have; `hint` helps where it does not apply.
    """

    name: str
    family: str
    applies: Mapping[FieldType, Lists]
    value_schema: Mapping[str, Any] | None
    summary: str
    missing: Literal["holds", "does not hold"]
    example: str
    lowering: Lowering
    options: Mapping[str, Mapping[str, Any]] = member(default_factory=dict)
    hint: str = ""
    searches_encrypted: bool = False

    def fits(self, target: Field) -> bool:
        """Whether the operator may be applied to the field."""
        lists = self.applies.get(target.type)
        if lists is None or lists == ("scalar" if target.many else "list"):
            return False
        if target.encrypted is None or self.value_schema is None:
            return True
        return target.encrypted == "equality" and self.searches_encrypted

    def lower(self, operand: Operand, value: Any = ABSENT) -> Predicate | Refused:
        """The predicate, or why the constant or an option is refused. The operator must fit the field."""
        for name in operand.options:
            if name not in self.options:
                return _unknown_option(self, name)
        if self.value_schema is None:
            if value is not ABSENT:
                return Refused(f"`{self.name}` takes no `value`", ("delete `value`",))
        elif value is ABSENT:
            return Refused(f"`{self.name}` has no `value`", (f"write it as {self.example}",), ())
        return self.lowering(operand, value)


def constant_of(operand: Operand, value: Any, at: tuple[str | int, ...] = ("value",)) -> Scalar | Refused:
    """The canonical constant of the operand's type, or why it is refused."""
    words = operand.field.type if operand.field.type != "object" else "text"
    if isinstance(value, list | tuple):
        return Refused(f"`value` of `{operand.path}`: expected one {words}, found a list", _LIST_HELP, at)
    try:
        constant: Scalar = canonical(operand.field, value)
    except ValueRefusedError as problem:
        return Refused(f"`value` of `{operand.path}`: {problem}", _constant_help(operand, value), at)
    if operand.field.values and constant not in operand.field.values:
        return _outside(operand, str(constant), at)
    return constant


def text_of(operand: Operand, value: Any, limit: int) -> str | Refused:
    """A constant that is part of a text or a pattern: normalised as the field is, of at most `limit` characters."""
    open_field = replace(operand.field, values=())
    constant = constant_of(replace(operand, field=open_field), value)
    if isinstance(constant, Refused):
        return constant
    text = str(constant)
    if len(text) > limit:
        return Refused(f"`value` of `{operand.path}` has {len(text):,} characters, expected at most {limit:,}")
    return text


def whole_number(operand: Operand, value: Any, limit: int, what: str) -> int | Refused:
    """A count of `what` from 0 to `limit`, or why it is refused."""
    if isinstance(value, bool) or not isinstance(value, int):
        expected = f"expected a whole number of {what}"
        return Refused(f"`value` of `{operand.path}`: {expected}, found {kind_of(value)}")
    if not 0 <= value <= limit:
        return Refused(f"`value` of `{operand.path}` is {value}, expected 0 to {limit:,} {what}")
    return value


_LIST_HELP = ("use `in` to compare with several values",)


def _constant_help(operand: Operand, value: Any) -> tuple[str, ...]:
    if operand.field.type == "keyword" and isinstance(value, bool | int | float):
        return ("put the value in quotes",)
    if operand.field.type == "integer" and isinstance(value, float):
        return ("write it without point and exponent, or declare the field as `number`",)
    return ()


def _outside(operand: Operand, constant: str, at: tuple[str | int, ...]) -> Refused:
    from ..diagnostics.suggest import nearest

    close = nearest(constant, operand.field.values)
    help_text = (f"did you mean `{close}`?",) if close else ()
    allowed = ", ".join(operand.field.values[:20])
    return Refused(f"`{constant}` is not a value of `{operand.path}`, expected one of {allowed}", help_text, at)


def _unknown_option(operator: Operator, name: str) -> Refused:
    from ..diagnostics.suggest import nearest

    close = nearest(name, ["value", *operator.options])
    allowed = ", ".join(f"`{option}`" for option in operator.options) or "no further key"
    help_text = (f"did you mean `{close}`?",) if close else ()
    return Refused(
        f"`{name}` is not a key of a condition with `{operator.name}`, which takes {allowed}", help_text, (name,)
    )
