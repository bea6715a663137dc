"""The test that a leaf makes of ONE present canonical value, as a closure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ...ir.predicate import Anniversary, Bounds, CoreName, Leaf, Now
from ...operators.text import tokens
from .moment import Moment

ValueTest = Callable[[Any, Moment], bool]
Limit: TypeAlias = "int | float | str | Now | None"


def value_test(leaf: Leaf) -> ValueTest:
    """Whether the leaf holds for a value; rare operators use their reference meaning."""
    build = _TESTS.get(leaf.op)
    return _reference(leaf) if build is None else build(leaf)


def _reference(leaf: Leaf) -> ValueTest:
    from ...operators.registry import CORE

    holds = CORE[leaf.op].holds
    return lambda value, moment: holds(leaf, value, moment.clock.now_ms)


def _equals(leaf: Leaf) -> ValueTest:
    constant = leaf.value
    return lambda value, _moment: bool(value == constant)


def _in(leaf: Leaf) -> ValueTest:
    constants = frozenset(leaf.value) if isinstance(leaf.value, tuple) else frozenset[Any]()
    return lambda value, _moment: value in constants


def _range(leaf: Leaf) -> ValueTest:
    limits = leaf.value
    if not isinstance(limits, Bounds):
        raise TypeError(f"{leaf.op} on {leaf.field} has no bounds")
    sides = [_LOWER[limits.lower_inclusive](limits.lower)] if limits.lower is not None else []
    if limits.upper is not None:
        sides.append(_UPPER[limits.upper_inclusive](limits.upper))
    if len(sides) == 1:
        return sides[0]
    if not sides:
        return _always
    lower, upper = sides
    return lambda value, moment: lower(value, moment) and upper(value, moment)


def _always(_value: Any, _moment: Moment) -> bool:
    return True


def _at_least(limit: Limit) -> ValueTest:
    if isinstance(limit, Now):
        return lambda value, moment: bool(value >= moment.clock.instant(limit))
    return lambda value, _moment: bool(value >= limit)


def _above(limit: Limit) -> ValueTest:
    if isinstance(limit, Now):
        return lambda value, moment: bool(value > moment.clock.instant(limit))
    return lambda value, _moment: bool(value > limit)


def _at_most(limit: Limit) -> ValueTest:
    if isinstance(limit, Now):
        return lambda value, moment: bool(value <= moment.clock.instant(limit))
    return lambda value, _moment: bool(value <= limit)


def _below(limit: Limit) -> ValueTest:
    if isinstance(limit, Now):
        return lambda value, moment: bool(value < moment.clock.instant(limit))
    return lambda value, _moment: bool(value < limit)


_LOWER = {True: _at_least, False: _above}
_UPPER = {True: _at_most, False: _below}


def _contains(leaf: Leaf) -> ValueTest:
    if leaf.type == "keyword":
        return _equals(leaf)
    words = tuple(f" {token} " for token in dict.fromkeys(tokens(str(leaf.value))))
    if len(words) == 1:
        word = words[0]
        return lambda value, moment: word in moment.padded_tokens(value)
    return lambda value, moment: any(word in moment.padded_tokens(value) for word in words)


def _contains_all(leaf: Leaf) -> ValueTest:
    words = tuple(f" {token} " for token in dict.fromkeys(tokens(str(leaf.value))))
    return lambda value, moment: all(word in moment.padded_tokens(value) for word in words)


def _contains_phrase(leaf: Leaf) -> ValueTest:
    found = tokens(str(leaf.value))
    if not found:
        return lambda _value, _moment: False
    phrase = f" {' '.join(found)} "
    return lambda value, moment: phrase in moment.padded_tokens(value)


def _starts_with(leaf: Leaf) -> ValueTest:
    part = str(leaf.value)
    return lambda value, _moment: bool(value.startswith(part))


def _ends_with(leaf: Leaf) -> ValueTest:
    part = str(leaf.value)
    return lambda value, _moment: bool(value.endswith(part))


def _substring(leaf: Leaf) -> ValueTest:
    part = str(leaf.value)
    return lambda value, _moment: part in value


def _like(leaf: Leaf) -> ValueTest:
    from ...operators.patterns import parse_like

    return _pattern(parse_like(str(leaf.value)).matches)


def _matches(leaf: Leaf) -> ValueTest:
    from ...operators.patterns import parse

    return _pattern(parse(str(leaf.value)).matches)


def _pattern(matches: Callable[[str], bool]) -> ValueTest:
    return lambda value, _moment: matches(value)


def _exists(_leaf: Leaf) -> ValueTest:
    return _always


def _anniversary(leaf: Leaf) -> ValueTest:
    window = leaf.value
    if not isinstance(window, Anniversary):
        raise TypeError(f"{leaf.op} on {leaf.field} has no window")
    return lambda value, moment: value[5:] in moment.clock.month_days(window)


_TESTS: dict[CoreName, Callable[[Leaf], ValueTest]] = {
    "equals": _equals,
    "in": _in,
    "range": _range,
    "contains": _contains,
    "contains_all": _contains_all,
    "contains_phrase": _contains_phrase,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "substring": _substring,
    "like": _like,
    "matches": _matches,
    "exists": _exists,
    "anniversary_within": _anniversary,
}
