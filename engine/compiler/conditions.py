"""Conditions as authors write them, lowered to predicates; every problem is reported where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from ..diagnostics import Path
from ..ir.instant import InstantError, parse_duration
from ..ir.predicate import AllOf, AnyOf, Bounds, Element, Events, EventSequence, InList, Leaf, Not, Now, Predicate, Step
from ..ir.types import AggregateName, EventType, Field
from ..language.documents import conditions as shapes
from ..operators.registry import lower
from ..operators.surface import ABSENT, Operand, Refused
from .report import Report
from .scope import Scope, suggestion

NUMERIC = ("number", "integer")

FieldOf = Callable[[str], Field | None]
SegmentOf = Callable[[str, Path], Predicate | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the fields of a condition are looked up in: a profile, an event's data, or one element of a list."""

    field: FieldOf
    names: Callable[[], list[str]]
    what: str  # "the catalogue", "event type `purchase`", "`orders`"
    profile: bool = True


@dataclass(frozen=True, slots=True)
class Lowering:
    """Lowers the conditions of one document. `segment` gives the predicate of a referred segment, once it is known."""

    scope: Scope
    report: Report
    segment: SegmentOf

    def profile_facts(self) -> Facts:
        """The catalogue's fields."""
        catalogue = self.scope.catalogue
        return Facts(catalogue.field, catalogue.paths, "the catalogue")

    def conditions(self, written: shapes.Conditions, path: Path, facts: Facts) -> Predicate | None:
        """The predicate of a list of conditions (all must hold) or of one; None when something was reported."""
        if isinstance(written, tuple):
            return self._group(written, path, facts, AllOf)
        return self.condition(written, path, facts)

    def condition(self, written: shapes.Condition, path: Path, facts: Facts) -> Predicate | None:
        """The predicate of one condition; None when something was reported."""
        match written:
            case shapes.Leaf():
                return self._leaf(written, path, facts)
            case shapes.AllOf():
                return self._group(written.items, (*path, "all"), facts, AllOf)
            case shapes.AnyOf():
                return self._group(written.items, (*path, "any"), facts, AnyOf)
            case shapes.NotOf():
                return self._not(written.item, (*path, "not"), facts)
            case shapes.SegmentReference():
                return self._reference(written.segment, (*path, "segment"), facts)
            case shapes.ListReference():
                return self._list(written.list, (*path, "list"), facts)
            case shapes.ElementCondition():
                return self._element(written.element, (*path, "element"), facts)
            case shapes.EventsCondition():
                return self._events(written.events, (*path, "events"), facts)
            case _:
                assert_never(written)

    def _group(
        self, items: Sequence[shapes.Condition], path: Path, facts: Facts, group: type[AllOf | AnyOf]
    ) -> Predicate | None:
        lowered = [self.condition(item, (*path, index), facts) for index, item in enumerate(items)]
        kept: list[Predicate] = []
        for item in lowered:
            if item is None:
                return None
            kept.extend(item.items if isinstance(item, group) else (item,))  # nested groups of a kind are one
        return kept[0] if len(kept) == 1 else group(tuple(kept))

    def _not(self, written: shapes.Condition, path: Path, facts: Facts) -> Predicate | None:
        item = self.condition(written, path, facts)
        return None if item is None else Not(item)

    def _reference(self, value: str, path: Path, facts: Facts) -> Predicate | None:
        if not self._on_profile("segment", path, facts):
            return None
        return self.segment(value, path)

    def _list(self, value: str, path: Path, facts: Facts) -> Predicate | None:
        if not self._on_profile("list", path, facts):
            return None
        if not self.scope.has("MemberList", value):
            help_ = self.scope.suggestion("MemberList", value)
            self.report.add("L003", path, f"`{value}` is not a member list of this workspace", help=help_)
        return InList(value) if value in self.scope.lists else None

    def _on_profile(self, form: str, path: Path, facts: Facts) -> bool:
        if not facts.profile:
            self.report.add("L006", path, f"`{form}` is about profiles, and this condition is about {facts.what}")
        return facts.profile

    def _leaf(self, written: shapes.Leaf, path: Path, facts: Facts) -> Predicate | None:
        name = written.field
        field = facts.field(name)
        if field is None:
            help_ = suggestion(name, _near(name, facts.names()), "fields")
            self.report.add(
                "L001", (*path, "field"), f"`{name}` is not a field of {facts.what}", label="unknown field", help=help_
            )
            return None
        if (outer := self._list_of_objects(name, facts)) is not None:
            self.report.add(
                "T003",
                (*path, "field"),
                f"`{outer}` is a list of objects; conditions on its fields must say that they mean one element",
                label="which element?",
                help=(f"write `element: {{of: {outer}, all: [{{field: {name[len(outer) + 1 :]}, …}}]}}`",),
            )
            return None
        return self._apply(name, field, written, path)

    def _apply(self, name: str, field: Field, written: shapes.Comparison, path: Path) -> Predicate | None:
        options = {"inclusive": written.inclusive, "timezone": written.timezone}
        given = {key: option for key, option in options.items() if option is not None}
        value = list(written.value) if isinstance(written.value, tuple) else written.value
        lowered = lower(
            Operand(name, field, self.scope.timezone, given), written.operator, ABSENT if value is None else value
        )
        if isinstance(lowered, Refused):
            code = "T001" if lowered.at == ("operator",) else "T002"
            self.report.add(code, (*path, *lowered.at), lowered.message, help=lowered.help)
            return None
        return lowered

    def _list_of_objects(self, name: str, facts: Facts) -> str | None:
        """The list of objects that a dotted name reaches into, if any."""
        parts = name.split(".")
        for count in range(1, len(parts)):
            outer = ".".join(parts[:count])
            field = facts.field(outer)
            if field is not None and field.type == "object" and field.many:
                return outer
        return None

    def _element(self, written: shapes.ElementGroup, path: Path, facts: Facts) -> Predicate | None:
        name = written.of
        field = facts.field(name)
        if field is None:
            help_ = suggestion(name, facts.names(), "fields")
            self.report.add("L001", (*path, "of"), f"`{name}` is not a field of {facts.what}", help=help_)
            return None
        if field.type != "object" or not field.many:
            self.report.add("T003", (*path, "of"), f"`{name}` is not a list of objects; `element` needs one")
            return None
        inner = Facts(*_members(field), f"`{name}`", profile=False)
        item: Predicate | None
        if written.all is not None:
            item = self._group(written.all, (*path, "all"), inner, AllOf)
        elif written.any is not None:
            item = self._group(written.any, (*path, "any"), inner, AnyOf)
        elif written.not_ is not None:
            item = self._not(written.not_, (*path, "not"), inner)
        else:
            raise AssertionError(f"the shape of an element's conditions was not checked: {name}")
        return None if item is None else Element(name, item)

    def _events(self, written: shapes.EventsGroup, path: Path, facts: Facts) -> Predicate | None:
        if not self._on_profile("events", path, facts):
            return None
        within = _duration(written.within)
        window = None if within is None else Now(-within)
        if written.sequence is not None:
            steps = [self._step(step, (*path, "sequence", at)) for at, step in enumerate(written.sequence)]
            kept = tuple(step for step in steps if step is not None)
            return EventSequence(kept, window) if len(kept) == len(steps) else None
        if written.type is None:
            raise AssertionError("the shape of a condition on events was not checked: it has no type")
        event = self._event_type(written.type, (*path, "type"))
        if event is None:
            return None
        where, sound = self._where(written.where, path, event)
        if not sound:
            return None
        base = Events(event.name, "count", _at_least_one(), None, where, window)
        return Not(base) if written.did_not else self._aggregate(written, path, event, base)

    def _aggregate(self, written: shapes.EventsGroup, path: Path, event: EventType, base: Events) -> Predicate | None:
        name, measured = written.aggregate
        if name is None or measured is None:
            return base
        at = (*path, name)
        source = measured.field if isinstance(measured, shapes.FieldComparison) else None
        field = self._aggregated_field(name, source, at, event)
        if field is None:
            return None
        test = self._apply("value", field, measured, at)
        return None if test is None else replace(base, aggregate=name, test=test, field=source)

    def _aggregated_field(self, name: AggregateName, source: str | None, path: Path, event: EventType) -> Field | None:
        if source is None:  # of `count`
            return Field("value", "integer")
        field = Field("time", "date") if source == "time" else event.field(source)
        if field is None:
            help_ = suggestion(source, [each.name for each in event.fields], "fields")
            self.report.add(
                "L001", (*path, "field"), f"`{source}` is not a field of event type `{event.name}`", help=help_
            )
            return None
        if problem := aggregate_problem(name, field):
            self.report.add("T004", (*path, "field"), problem)
            return None
        return aggregate_type(name, field)

    def _where(self, written: shapes.Conditions | None, path: Path, event: EventType) -> tuple[Predicate | None, bool]:
        if written is None:
            return None, True
        where = self.conditions(written, (*path, "where"), event_facts(event))
        return where, where is not None

    def _step(self, written: shapes.SequenceStep, path: Path) -> Step | None:
        event = self._event_type(written.type, (*path, "type"))
        if event is None:
            return None
        where, sound = self._where(written.where, path, event)
        return Step(event.name, where, _duration(written.within)) if sound else None

    def _event_type(self, name: str, path: Path) -> EventType | None:
        if not self.scope.has("EventType", name):
            help_ = self.scope.suggestion("EventType", name)
            self.report.add("L004", path, f"`{name}` is not an event type of this workspace", help=help_)
        return self.scope.catalogue.event(name)


def event_facts(event: EventType) -> Facts:
    """The fields of an event's data, as `where` sees them."""
    whole = Field(event.name, "object", fields=event.fields)
    return Facts(*_members(whole), f"event type `{event.name}`", profile=False)


def aggregate_type(name: AggregateName, field: Field) -> Field:
    """The type of an aggregate of a field, as the pseudo field `value`."""
    if name in {"count", "distinct"}:
        return Field("value", "integer")
    return Field("value", "number" if name == "avg" else field.type, normalize=field.normalize)


def aggregate_problem(name: AggregateName, field: Field) -> str | None:
    """Why the aggregate cannot be taken of the field, or None."""
    if field.many or field.type in {"object", "geo_point", "text"}:
        return f"`{name}` needs one plain value an event, and `{field.name}` is {_describe(field)}"
    if name in {"sum", "avg"} and field.type not in NUMERIC:
        return f"`{name}` needs numbers, and `{field.name}` is {_describe(field)}"
    if name in {"min", "max"} and field.type not in {*NUMERIC, "date"}:
        return f"`{name}` needs numbers or dates, and `{field.name}` is {_describe(field)}"
    return None


def _describe(field: Field) -> str:
    return f"a list of {field.type}" if field.many else f"of type {field.type}"


def _members(field: Field) -> tuple[FieldOf, Callable[[], list[str]]]:
    def find(path: str) -> Field | None:
        found: Field | None = field
        for part in path.split("."):
            found = found.member(part) if found is not None else None
        return found

    def names() -> list[str]:
        return list(_paths("", field.fields))

    return find, names


def _paths(prefix: str, fields: tuple[Field, ...]) -> Iterator[str]:
    for field in fields:
        yield prefix + field.name
        yield from _paths(f"{prefix}{field.name}.", field.fields)


def _near(name: str, names: list[str]) -> list[str]:
    """The neighbours of the field that was meant: those of its object, where there is one."""
    outer = name.rpartition(".")[0]
    return [each for each in names if each.startswith(f"{outer}.")] or names if outer else names


def _duration(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except InstantError as problem:
        raise AssertionError(f"the shape of a duration was not checked: {problem}") from None


def _at_least_one() -> Predicate:
    return Leaf("value", "range", Bounds(lower=1), "integer")
