"""Predicates as closures: exact, aware of missing values, and quick to build.

They decide what no index can, and only for the segments that remain. The meaning is that of `engine.operators`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from ...ir.predicate import (
    AllOf,
    AnyOf,
    Constant,
    Element,
    Events,
    EventSequence,
    InList,
    Leaf,
    Not,
    Predicate,
)
from .behaviour import aggregate_check, sequence_check
from .moment import Moment
from .value_tests import ValueTest, value_test

Check = Callable[[Mapping[str, Any], Moment], bool]


COSTLY = frozenset({"like", "matches", "within_distance"})  # worth remembering for the rest of a call


@dataclass(slots=True, eq=False, repr=False)
class Checks:
    """Closures of predicates, one per distinct leaf; `lists` are the MemberLists by name, `key` the profile's key.

    `inner` ones are evaluated for elements and events, of which a call sees many, so they remember nothing.
    """

    lists: Mapping[str, Container[str]]
    key: str
    inner: bool = False
    _leaves: dict[Leaf, Check] = field(default_factory=dict)
    _questions: dict[Any, int] = field(default_factory=dict)

    def of(self, predicate: Predicate) -> Check:  # noqa: PLR0911 - one case for each class
        """Whether the predicate holds for a canonical profile (or element, or event data) at a moment."""
        match predicate:
            case AllOf(items):
                return _all([self.of(item) for item in items])
            case AnyOf(items):
                return _any([self.of(item) for item in items])
            case Not(item):
                return _not(self.of(item))
            case Leaf():
                return self._leaf(predicate)
            case Constant(value):
                return lambda _profile, _moment: value
            case Element(of, item):
                return _element(of, self._inside().of(item))
            case InList(name):
                return _in_list(self.key, self.lists[name])
            case Events():
                return self._aggregate(predicate)
            case EventSequence():
                return self._sequence(predicate)
        assert_never(predicate)

    def _leaf(self, leaf: Leaf) -> Check:
        found = self._leaves.get(leaf)
        if found is None:
            found = _leaf(leaf)
            if leaf.op in COSTLY and not self.inner:
                found = _remember(found, self._number(leaf))
            self._leaves[leaf] = found
        return found

    def _inside(self) -> Checks:
        return Checks(self.lists, self.key, inner=True)

    def _sequence(self, predicate: EventSequence) -> Check:
        inside = self._inside()
        wheres = [None if step.where is None else inside.of(step.where) for step in predicate.steps]
        return sequence_check(predicate, wheres, self._number(predicate))

    def _aggregate(self, predicate: Events) -> Check:
        inside = self._inside()
        where = None if predicate.where is None else inside.of(predicate.where)
        asked = (predicate.type, predicate.aggregate, predicate.field, predicate.where, predicate.within)
        return aggregate_check(predicate, where, inside.of(predicate.test), self._number(asked))

    def _number(self, question: Any) -> int:
        return self._questions.setdefault(question, len(self._questions))


def _leaf(leaf: Leaf) -> Check:
    test = value_test(leaf)
    if "." in leaf.field:
        return _on_path(leaf.field, test)
    return _on_list(leaf.field, test) if leaf.many else _on_value(leaf.field, test)


def _on_value(name: str, test: ValueTest) -> Check:
    def check(profile: Mapping[str, Any], moment: Moment) -> bool:
        value = profile.get(name)
        return value is not None and test(value, moment)

    return check


def _on_list(name: str, test: ValueTest) -> Check:
    def check(profile: Mapping[str, Any], moment: Moment) -> bool:
        values = profile.get(name)
        if values is None:
            return False
        for value in values:  # noqa: SIM110 - a generator would cost more than the loop
            if value is not None and test(value, moment):
                return True
        return False

    return check


def _on_path(path: str, test: ValueTest) -> Check:
    from ...operators.evaluate import present_values

    return lambda profile, moment: any(test(value, moment) for value in present_values(profile, path))


def _remember(check: Check, question: int) -> Check:
    def check_once(profile: Mapping[str, Any], moment: Moment) -> bool:
        found = moment.answers.get(question)
        if found is None:
            found = moment.answers[question] = check(profile, moment)
        return bool(found)

    return check_once


def _element(of: str, item: Check) -> Check:
    from ...operators.evaluate import present_values

    return lambda profile, moment: any(item(element, moment) for element in present_values(profile, of))


def _in_list(key: str, members: Container[str]) -> Check:
    return lambda profile, _moment: profile.get(key) in members


def _not(item: Check) -> Check:
    return lambda profile, moment: not item(profile, moment)


def _all(items: list[Check]) -> Check:
    if len(items) == 1:
        return items[0]

    def check(profile: Mapping[str, Any], moment: Moment) -> bool:
        for item in items:  # noqa: SIM110 - as in `_on_list`
            if not item(profile, moment):
                return False
        return True

    return check


def _any(items: list[Check]) -> Check:
    if len(items) == 1:
        return items[0]

    def check(profile: Mapping[str, Any], moment: Moment) -> bool:
        for item in items:  # noqa: SIM110 - as in `_on_list`
            if item(profile, moment):
                return True
        return False

    return check
