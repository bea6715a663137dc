"""The catalogue out of the workspace's Profile and EventTypes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TypeAlias, cast

from ..diagnostics import Path, Sink
from ..ir.instant import parse_duration
from ..ir.types import Aggregate, AggregateName, Catalogue, EventType, Field, FieldType
from ..language.documents.event_type import EventField, EventTypeDocument
from ..language.documents.profile import ProfileDocument, ProfileField
from ..language.workspace import Document
from ..operators.values import ValueRefusedError, canonical
from .conditions import aggregate_problem, aggregate_type
from .report import Report
from .scope import suggestion

Declared: TypeAlias = ProfileField | EventField

EQUALITY = ("keyword", "integer", "boolean", "date")
_CARRYING = ("first", "last", "min", "max", "sum")  # aggregates whose result is, or may be as great as, what is carried
_SHOWN = 5  # values that a message lists
RESERVED = frozenset(
    (
        *("id", "type", "time", "data"),  # of events
        *("profile", "context", "event", "events", "membership"),  # of what is asked
        *("decision_id", "ruleset", "output", "path", "segments", "experiments", "bandits", "models", "bundle", "now"),
        *("tape", "writes", "trace"),  # of decisions, as the line above
    )
)


def lower_catalogue(
    profile: Document, events: Sequence[Document], sink: Sink, declared: Collection[str] = ()
) -> Catalogue:
    """The catalogue; what does not fit together is reported and left out.

    `declared` are the names of all event types, those that do not read well included.
    """
    known: dict[str, EventType | None] = dict.fromkeys(declared)
    known |= {document.name: _event_type(document) for document in events}
    written = profile.read_as(ProfileDocument)
    report = Report(profile.resource, profile.yaml.spans, sink)
    fields = []
    if written.key in RESERVED:
        message = f"`{written.key}` is a word of events and decisions themselves; expected another name for the key"
        report.add("L011", ("key",), message, help=("call it `customer_id`",))
    for name, spec in written.fields.items():
        path = ("fields", name)
        _check_spec(spec, path, report, top=True)
        if name == written.key:
            report.at_key("L007", path, f"`{name}` is the key, which needs no declaration among the fields")
            continue
        fields.append(_with_source(lower_field(name, spec), spec, (*path, "from"), known, report))
    sound = tuple(event for event in known.values() if event is not None)
    by_name = attrgetter("name")  # the order of keys means nothing and must not be seen in what is compiled
    catalogue = Catalogue(
        profile.name, written.key, tuple(sorted(fields, key=by_name)), tuple(sorted(sound, key=by_name))
    )
    for document in events:
        _check_sets(document, catalogue, Report(document.resource, document.yaml.spans, sink))
    return catalogue


def _check_spec(spec: ProfileField, path: Path, report: Report, *, top: bool) -> None:
    """What a field's parts say together that they must not."""
    if spec.encrypted is not None and spec.type == "object":
        message = f"`{path[-1]}` is an object; expected `encrypted` on its fields, one by one"
        report.add("P001", (*path, "encrypted"), message)
    elif spec.encrypted is not None and spec.encrypted.search == "equality" and spec.type not in EQUALITY:
        message = f"`{path[-1]}` is {spec.type}, which is not compared by equality; expected `search: none`"
        report.add("P002", (*path, "encrypted", "search"), message)
    if spec.source is not None and not top:
        message = f"`{path[-1]}` is a field of an object; expected `from` on a field of the profile itself"
        report.at_key("L012", (*path, "from"), message)
    for name, member in (spec.fields or {}).items():
        _check_spec(member, (*path, "fields", name), report, top=False)


def lower_field(name: str, spec: Declared) -> Field:
    """The field of a declaration."""
    encrypted = spec.encrypted if isinstance(spec, ProfileField) else None
    return Field(
        name,
        cast("FieldType", spec.type),
        many=spec.many,
        personal=spec.personal,
        encrypted=None if encrypted is None else encrypted.search,
        normalize=spec.normalize,
        fields=lower_fields(spec.fields or {}),
        values=_values(name, spec),
    )


def _values(name: str, spec: Declared) -> tuple[str, ...]:
    """The closed values, normalised as the field is; one that cannot be a value stays as it is written."""
    plain = Field(name, cast("FieldType", spec.type), normalize=spec.normalize)
    return tuple(dict.fromkeys(_canonical(plain, value) for value in spec.values or ()))


def _canonical(field: Field, value: str) -> str:
    try:
        found: str = canonical(field, value)
    except ValueRefusedError:
        return value
    return found


def lower_fields(specs: Mapping[str, Declared]) -> tuple[Field, ...]:
    """The fields of declarations, sorted by name."""
    return tuple(lower_field(name, spec) for name, spec in sorted(specs.items()))


def _event_type(document: Document) -> EventType:
    written = document.read_as(EventTypeDocument)
    return EventType(document.name, lower_fields(written.fields), tuple(sorted(written.sets.items())))


def _with_source(
    field: Field, spec: ProfileField, path: Path, events: Mapping[str, EventType | None], report: Report
) -> Field:
    source = spec.source
    if source is None:
        return field
    event = events.get(source.event)
    if event is None:
        if source.event not in events:
            help_ = suggestion(source.event, sorted(events), "event types")
            report.add("L004", (*path, "event"), f"`{source.event}` is not an event type of this workspace", help=help_)
        return field
    name, of = cast("AggregateName", source.aggregate), source.field
    result, found = Field("value", "integer"), None
    if name != "count":
        found = Field("time", "date") if of == "time" else event.field(of or "")
        if found is None:
            help_ = suggestion(of or "", [each.name for each in event.fields], "fields")
            message = f"`{of}` is not a field of event type `{event.name}`" if of else f"`{name}` needs a `field`"
            report.add("L001", (*path, "field") if of else path, message, help=help_)
            return field
        if problem := aggregate_problem(name, found):
            report.add("T004", (*path, "field"), problem)
            return field
        result = aggregate_type(name, found)
    if not _holds(field, result):
        message = f"`{field.name}` is declared {_kind(field)}, and `{name}` of its events is {result.type}"
        report.add("T005", (*path[:-1], "type"), message)
        return field
    if name in _CARRYING:
        carried = found if found is not None and name != "sum" else replace(result, name=of or "")
        _check_held(field, carried, event.name, (*path, "field"), report)
    within = None if source.within is None else parse_duration(source.within)
    return replace(field, source=Aggregate(event.name, name, of, within))


def _check_held(field: Field, carried: Field, event: str, path: Path, report: Report) -> None:
    """Report what the field may not hold of the values that an event field carries, though their types fit."""
    of = f"`{carried.name}` of `{event}`"
    if field.type == "number" and carried.type == "integer":
        message = f"`{field.name}` is number, and {of} is integer: a whole number that no double equals is missing"
        report.add("T006", path, message, help=("declare the profile field `integer`",))
    if not field.values:
        return
    held = f"`{field.name}` may hold {_list_text(field.values)}"
    if not carried.values:
        help_ = (f"declare `values: [{', '.join(field.values)}]` for {of} too, so that other events are dead letters",)
        report.add("T006", path, f"{held}, while {of} may be any text; another value is missing", help=help_)
        return
    others = [value for value in carried.values if _canonical(field, value) not in field.values]
    if len(others) == len(carried.values):
        report.add("T007", path, f"{held}, while {of} may only be {_list_text(carried.values)}")
    elif others:
        report.add("T006", path, f"{held}, while {of} may be {_list_text(others)} as well, which is missing")


def _list_text(values: Sequence[str]) -> str:
    shown = ", ".join(values[:_SHOWN])
    return shown if len(values) <= _SHOWN else f"{shown} and {len(values) - _SHOWN:,} more"


def _holds(field: Field, value: Field) -> bool:
    """Whether the field can hold such a value; a number holds a whole number too."""
    return not field.many and (field.type == value.type or (field.type == "number" and value.type == "integer"))


def _kind(field: Field) -> str:
    return f"a list of {field.type}" if field.many else field.type


def _check_sets(document: Document, catalogue: Catalogue, report: Report) -> None:
    event = catalogue.event(document.name)
    if event is None:
        return
    for target, source in event.sets:
        path = ("sets", target)
        field = catalogue.field(target)
        if field is None or target == catalogue.key:
            help_ = suggestion(target, [each.name for each in catalogue.fields], "fields")
            what = "the key, which an event cannot set" if field else "not a field of the catalogue"
            report.at_key("L001", path, f"`{target}` is {what}", help=help_)
            continue
        if field.source is not None:
            report.at_key("L007", path, f"`{target}` is an aggregate of events already and cannot be set as well")
            continue
        found = Field("time", "date") if source == "time" else event.field(source)
        if found is None:
            help_ = suggestion(source, [each.name for each in event.fields], "fields")
            report.add("L001", path, f"`{source}` is not a field of event type `{event.name}`", help=help_)
        elif (field.many, field.fields) != (found.many, found.fields) or not _fits(field, found):
            report.add("T005", path, f"`{target}` is {_kind(field)}, and `{source}` is {_kind(found)}")
        else:
            _check_held(field, found, event.name, path, report)


def _fits(target: Field, source: Field) -> bool:
    return target.type == source.type or (target.type == "number" and source.type == "integer")
