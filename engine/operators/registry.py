"""All operators, sealed: the core ones by the name in a leaf, the surface ones by the name an author writes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any, Final

from ..ir.predicate import CoreName, Predicate
from ..ir.types import Field
from . import calendar, equality, expression, geo, membership, order, pattern, presence, text_match, time
from .core import CoreOperator
from .surface import ABSENT, Operand, Operator, Refused
from .wording import with_article

FAMILIES: Final[tuple[ModuleType, ...]] = (
    equality,
    order,
    membership,
    text_match,
    pattern,
    expression,
    presence,
    time,
    calendar,
    geo,
)


def _core() -> Mapping[CoreName, CoreOperator]:
    found: dict[CoreName, CoreOperator] = {}
    for family in FAMILIES:
        for each in family.CORE:
            if found.setdefault(each.name, each) is not each:
                raise RuntimeError(f"two core operators are called {each.name}")
    return MappingProxyType(found)


def _surface() -> Mapping[str, Operator]:
    found: dict[str, Operator] = {}
    for family in FAMILIES:
        for each in family.SURFACE:
            if found.setdefault(each.name, each) is not each:
                raise RuntimeError(f"two operators are called {each.name}")
    return MappingProxyType(found)


CORE: Final[Mapping[CoreName, CoreOperator]] = _core()
OPERATORS: Final[Mapping[str, Operator]] = _surface()


def operators_for(field: Field) -> list[str]:
    """The names of the operators that may be applied to the field, in the order of the language's table."""
    return [operator.name for operator in OPERATORS.values() if operator.fits(field)]


def lower(operand: Operand, name: str, value: Any = ABSENT) -> Predicate | Refused:
    """The predicate of a condition, or why it is refused: unknown operator, type, encryption, constant or option."""
    operator = OPERATORS.get(name)
    if operator is None:
        return _unknown(operand, name)
    if not operator.fits(operand.field):
        return _unfit(operand, operator)
    return operator.lower(operand, value)


def _unknown(operand: Operand, name: str) -> Refused:
    from ..diagnostics.suggest import nearest

    close = nearest(name, operators_for(operand.field)) or nearest(name, OPERATORS)
    help_text = (f"did you mean `{close}`?",) if close else ()
    return Refused(f"`{name[:64]}` is not an operator", (*help_text, _available(operand)), ("operator",))


def _unfit(operand: Operand, operator: Operator) -> Refused:
    kind = operand.kind if operand.kind == "text" else with_article(operand.kind)
    message = f"`{operator.name}` does not apply to `{operand.path}`, which is {kind}"
    if operand.field.encrypted is None:
        hints = [_NUMBER_HINT] if operand.field.type == "number" and operator.family in _EXACT else []
        hints += [operator.hint] if operator.hint and operand.field.type in _HINTED else []
        return Refused(message, (*hints, _available(operand)), ("operator",))
    return Refused(message, (_available(operand), _ENCRYPTED_HINT), ("operator",))


def _available(operand: Operand) -> str:
    names = ", ".join(f"`{name}`" for name in operators_for(operand.field))
    return f"{operand.kind} takes {names}"


_EXACT = {"equality", "membership"}
_HINTED = {"keyword", "text", "date"}
_NUMBER_HINT = "numbers are compared by ranges: use `greater_or_equal` and `less_or_equal`, or `between`"
_ENCRYPTED_HINT = "for more, declare another field that holds only what is asked for, such as a range or a country"
