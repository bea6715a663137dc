"""What metrics, feature views and releases name: events, their fields, profile fields, and each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..diagnostics import Path, Sink
from ..ir.types import EventType, Field
from ..language.document import Document
from .conditions import Lowering, aggregate_problem, aggregate_type, event_facts, given
from .experiments import check_metrics
from .report import Report
from .scope import Scope, suggestion

_RELEASED = {"feature_views": ("FeatureView", "feature view"), "models": ("Model", "model")}


def check_measures(kinds: Mapping[str, Sequence[Document]], scope: Scope, sink: Sink) -> None:
    """Report what metrics, feature views, releases and rollback policies name and nothing declares."""
    for document in kinds["Metric"]:
        checks = _Checks(scope, _report(document, sink))
        value = given(document.yaml.value)
        checks.measured(value, ())
        if "denominator" in value:
            checks.measured(given(value["denominator"]), ("denominator",))
    for document in kinds["FeatureView"]:
        checks = _Checks(scope, _report(document, sink))
        for name, feature in document.yaml.value["features"].items():
            checks.feature(name, given(feature), ("features", name))
    for document in kinds["Release"]:
        _check_release(given(document.yaml.value), scope, _report(document, sink))
    for document in kinds["RollbackPolicy"]:
        metric = document.yaml.value.get("metric")
        check_metrics([] if metric is None else [(metric, ("metric",))], scope, _report(document, sink))


def _report(document: Document, sink: Sink) -> Report:
    return Report(document.resource, document.yaml.spans, sink)


@dataclass(frozen=True, slots=True)
class _Checks:
    """The names of one document."""

    scope: Scope
    report: Report

    def measured(self, value: Mapping[str, Any], path: Path) -> Field | None:
        """An aggregate of events: its event type, its field and which events count; the aggregate's type."""
        name: str = value["event"]
        if not self.scope.has("EventType", name):
            help_ = self.scope.suggestion("EventType", name)
            self.report.add("L004", (*path, "event"), f"`{name}` is no event type of this workspace", help=help_)
        event = self.scope.catalogue.event(name)
        if event is None:
            return None
        if "where" in value:
            lowering = Lowering(self.scope, self.report, lambda _name, _path: None)
            lowering.conditions(value["where"], (*path, "where"), event_facts(event))
        return self._aggregated(value, path, event)

    def _aggregated(self, value: Mapping[str, Any], path: Path, event: EventType) -> Field | None:
        aggregate, source = value["aggregate"], value.get("field")
        if source is None:  # `any` and `count`; the others were told to need one
            return Field("value", "integer")
        field = Field("time", "date") if source == "time" else event.field(source)
        if field is None:
            help_ = suggestion(source, [each.name for each in event.fields], "fields")
            message = f"`{source}` is no field of event type `{event.name}`"
            self.report.add("L001", (*path, "field"), message, help=help_)
            return None
        if problem := aggregate_problem(aggregate, field):
            self.report.add("T004", (*path, "field"), problem)
            return None
        return aggregate_type(aggregate, field)

    def feature(self, name: str, value: Mapping[str, Any], path: Path) -> None:
        """A feature: where it comes from, and whether what comes from there is of its type."""
        source, at = given(value["from"]), (*path, "from")
        if "event" in source:
            found, what = self.measured(source, at), f"`{source['aggregate']}` of its events"
        elif "profile" in source:
            found, what = (
                self._profile_field(source["profile"], (*at, "profile")),
                f"profile field `{source['profile']}`",
            )
        else:
            return
        many = value.get("list", False)
        if found is not None and (found.many is not many or not _holds(value["type"], found)):
            message = f"`{name}` is declared {_kind(value['type'], many=many)}, and {what} is {_kind_of(found)}"
            self.report.add("T005", (*path, "type"), message)

    def _profile_field(self, name: str, path: Path) -> Field | None:
        catalogue = self.scope.catalogue
        field = catalogue.field(name)
        if field is None:
            help_ = suggestion(name, catalogue.paths(), "fields")
            self.report.add("L001", path, f"`{name}` is no field of the catalogue", help=help_)
        return field


_HOLDS = {"number": ("number", "integer"), "keyword": ("keyword", "text", "day")}


def _holds(declared: str, found: Field) -> bool:
    return found.type in _HOLDS.get(declared, (declared,))


def _kind_of(field: Field) -> str:
    return _kind(field.type, many=field.many)


def _kind(kind: str, *, many: bool) -> str:
    return f"a list of {kind}" if many else kind


def _check_release(value: Mapping[str, Any], scope: Scope, report: Report) -> None:
    named: list[tuple[str, str, str, Path]] = [
        (kind, noun, name, (key, i)) for key, (kind, noun) in _RELEASED.items() for i, name in _each(value, key)
    ]
    if "rollback" in value:
        named.append(("RollbackPolicy", "rollback policy", value["rollback"], ("rollback",)))
    for kind, noun, name, path in named:
        if not scope.has(kind, name):
            help_ = scope.suggestion(kind, name)
            report.add("L010", path, f"`{name}` is no {noun} of this workspace", help=help_)


def _each(value: Mapping[str, Any], key: str) -> list[tuple[int, str]]:
    return list(enumerate(value.get(key) or ()))
