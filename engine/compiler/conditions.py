"""Conditions as authors write them, lowered to predicates; every problem is reported where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..diagnostics import Path
from ..ir.instant import InstantError, parse_duration
from ..ir.predicate import AllOf, AnyOf, Bounds, Element, Events, EventSequence, InList, Leaf, Not, Now, Predicate, Step
from ..ir.types import AggregateName, EventType, Field
from ..operators.registry import lower
from ..operators.surface import ABSENT, Operand, Refused
from .report import Report
from .scope import Scope, suggestion

AGGREGATES: tuple[AggregateName, ...] = ("count", "sum", "min", "max", "avg", "first", "last", "distinct")
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

    def conditions(self, value: Any, path: Path, facts: Facts) -> Predicate | None:
        """The predicate of a list of conditions (all must hold) or of one; None when something was reported."""
        if isinstance(value, list):
            return self._group(value, path, facts, AllOf)
        return self.condition(value, path, facts)

    def condition(self, value: Mapping[str, Any], path: Path, facts: Facts) -> Predicate | None:
        """The predicate of one condition; None when something was reported."""
        if "field" in value:
            return self._leaf(value, path, facts)
        for key, lower_form in _FORMS.items():
            if key in value:
                return lower_form(self, value[key], (*path, key), facts)
        raise AssertionError(f"the shape of a condition was not checked: {sorted(value)}")

    def _group(self, items: list[Any], path: Path, facts: Facts, group: type[AllOf | AnyOf]) -> Predicate | None:
        lowered = [self.condition(item, (*path, index), facts) for index, item in enumerate(items)]
        kept: list[Predicate] = []
        for item in lowered:
            if item is None:
                return None
            kept.extend(item.items if isinstance(item, group) else (item,))  # nested groups of a kind are one
        return kept[0] if len(kept) == 1 else group(tuple(kept))

    def _all(self, value: Any, path: Path, facts: Facts) -> Predicate | None:
        return self._group(value, path, facts, AllOf)

    def _any(self, value: Any, path: Path, facts: Facts) -> Predicate | None:
        return self._group(value, path, facts, AnyOf)

    def _not(self, value: Any, path: Path, facts: Facts) -> Predicate | None:
        item = self.conditions(value, path, facts)
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
            self.report.add("L003", path, f"`{value}` is no member list of this workspace", help=help_)
        return InList(value) if value in self.scope.lists else None

    def _on_profile(self, form: str, path: Path, facts: Facts) -> bool:
        if not facts.profile:
            self.report.add("L006", path, f"`{form}` is about profiles, and this condition is about {facts.what}")
        return facts.profile

    def _leaf(self, value: Mapping[str, Any], path: Path, facts: Facts) -> Predicate | None:
        name = value["field"]
        field = facts.field(name)
        if field is None:
            help_ = suggestion(name, _near(name, facts.names()), "fields")
            self.report.add(
                "L001", (*path, "field"), f"`{name}` is no field of {facts.what}", label="unknown field", help=help_
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
        return self._apply(name, field, value, path)

    def _apply(self, name: str, field: Field, value: Mapping[str, Any], path: Path) -> Predicate | None:
        options = {key: item for key, item in value.items() if key not in {"field", "operator", "value"}}
        operand = Operand(name, field, self.scope.timezone, options)
        lowered = lower(operand, value["operator"], value.get("value", ABSENT))
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

    def _element(self, written: Mapping[str, Any], path: Path, facts: Facts) -> Predicate | None:
        value = given(written)
        name = value["of"]
        field = facts.field(name)
        if field is None:
            help_ = suggestion(name, facts.names(), "fields")
            self.report.add("L001", (*path, "of"), f"`{name}` is no field of {facts.what}", help=help_)
            return None
        if field.type != "object" or not field.many:
            self.report.add("T003", (*path, "of"), f"`{name}` is no list of objects; `element` needs one")
            return None
        inner = Facts(*_members(field), f"`{name}`", profile=False)
        form = next(key for key in ("all", "any", "not") if key in value)
        item = _FORMS[form](self, value[form], (*path, form), inner)
        return None if item is None else Element(name, item)

    def _events(self, written: Mapping[str, Any], path: Path, facts: Facts) -> Predicate | None:
        value = given(written)
        if not self._on_profile("events", path, facts):
            return None
        window = _window(value)
        if "sequence" in value:
            steps = [self._step(step, (*path, "sequence", at)) for at, step in enumerate(value["sequence"])]
            kept = tuple(step for step in steps if step is not None)
            return EventSequence(kept, window) if len(kept) == len(steps) else None
        event = self._event_type(value["type"], (*path, "type"))
        if event is None:
            return None
        where, sound = self._where(value, path, event)
        if not sound:
            return None
        if value.get("did_not"):
            return Not(Events(event.name, "count", _at_least_one(), None, where, window))
        return self._aggregate(value, path, event, Events(event.name, "count", _at_least_one(), None, where, window))

    def _aggregate(self, value: Mapping[str, Any], path: Path, event: EventType, base: Events) -> Predicate | None:
        name = next((each for each in AGGREGATES if each in value), None)
        if name is None:
            return base
        spec, at = value[name], (*path, name)
        field = self._aggregated_field(name, spec, at, event)
        if field is None:
            return None
        test = self._apply("value", field, {key: item for key, item in spec.items() if key != "field"}, at)
        return None if test is None else replace(base, aggregate=name, test=test, field=spec.get("field"))

    def _aggregated_field(
        self, name: AggregateName, spec: Mapping[str, Any], path: Path, event: EventType
    ) -> Field | None:
        if name == "count":
            return Field("value", "integer")
        source = spec["field"]
        field = Field("time", "date") if source == "time" else event.field(source)
        if field is None:
            help_ = suggestion(source, [each.name for each in event.fields], "fields")
            self.report.add(
                "L001", (*path, "field"), f"`{source}` is no field of event type `{event.name}`", help=help_
            )
            return None
        if problem := aggregate_problem(name, field):
            self.report.add("T004", (*path, "field"), problem)
            return None
        return aggregate_type(name, field)

    def _where(self, value: Mapping[str, Any], path: Path, event: EventType) -> tuple[Predicate | None, bool]:
        if "where" not in value:
            return None, True
        where = self.conditions(value["where"], (*path, "where"), event_facts(event))
        return where, where is not None

    def _step(self, written: Mapping[str, Any], path: Path) -> Step | None:
        value = given(written)
        event = self._event_type(value["type"], (*path, "type"))
        if event is None:
            return None
        where, sound = self._where(value, path, event)
        return Step(event.name, where, _duration(value.get("within"))) if sound else None

    def _event_type(self, name: str, path: Path) -> EventType | None:
        if not self.scope.has("EventType", name):
            help_ = self.scope.suggestion("EventType", name)
            self.report.add("L004", path, f"`{name}` is no event type of this workspace", help=help_)
        return self.scope.catalogue.event(name)


_FORMS: dict[str, Callable[[Lowering, Any, Path, Facts], Predicate | None]] = {
    "all": Lowering._all,  # noqa: SLF001 - the table stands beside its class
    "any": Lowering._any,  # noqa: SLF001 - as above
    "not": Lowering._not,  # noqa: SLF001 - as above
    "segment": Lowering._reference,  # noqa: SLF001 - as above
    "list": Lowering._list,  # noqa: SLF001 - as above
    "element": Lowering._element,  # noqa: SLF001 - as above
    "events": Lowering._events,  # noqa: SLF001 - as above
}


def given(value: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping without the keys that were written with no value."""
    return {key: item for key, item in value.items() if item is not None}


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
        return f"`{name}` needs one plain value an event, and `{field.name}` is {_described(field)}"
    if name in {"sum", "avg"} and field.type not in NUMERIC:
        return f"`{name}` needs numbers, and `{field.name}` is {_described(field)}"
    if name in {"min", "max"} and field.type not in {*NUMERIC, "date"}:
        return f"`{name}` needs numbers or dates, and `{field.name}` is {_described(field)}"
    return None


def _described(field: Field) -> str:
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
    """The fields beside the one that was meant: those of the object it would lie in, where there is such an object."""
    outer = name.rpartition(".")[0]
    return [each for each in names if each.startswith(f"{outer}.")] or names if outer else names


def _duration(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except InstantError as problem:
        raise AssertionError(f"the shape of a duration was not checked: {problem}") from None


def _window(value: Mapping[str, Any]) -> Now | None:
    within = _duration(value.get("within"))
    return None if within is None else Now(-within)


def _at_least_one() -> Predicate:
    return Leaf("value", "range", Bounds(lower=1), "integer")
