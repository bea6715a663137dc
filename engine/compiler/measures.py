"""What metrics, feature views and releases name: events, their fields, profile fields, and each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ..diagnostics import Path, Sink
from ..ir.types import AggregateName, EventType, Field
from ..language.document import Document
from ..language.documents.feature_view import EventWindow, FeatureShape, FeatureViewDocument, ProfileSource
from ..language.documents.metric import Measured, MetricDocument
from ..language.documents.release import ReleaseDocument, RollbackPolicyDocument
from ..operators.wording import with_article
from .conditions import Lowering, aggregate_problem, aggregate_type, event_facts
from .experiments import check_metrics
from .report import Report
from .scope import Scope, suggestion


def check_measures(kinds: Mapping[str, Sequence[Document]], scope: Scope, sink: Sink) -> None:
    """Report what metrics, feature views, releases and rollback policies name and nothing declares."""
    for document in kinds["Metric"]:
        checks = _Checks(scope, _report(document, sink))
        metric = document.read_as(MetricDocument)
        checks.measure(metric, ())
        if metric.denominator is not None:
            checks.measure(metric.denominator, ("denominator",))
    for document in kinds["FeatureView"]:
        checks = _Checks(scope, _report(document, sink))
        for name, feature in document.read_as(FeatureViewDocument).features.items():
            checks.feature(name, feature, ("features", name))
    for document in kinds["Release"]:
        _check_release(document.read_as(ReleaseDocument), scope, _report(document, sink))
    for document in kinds["RollbackPolicy"]:
        watched = document.read_as(RollbackPolicyDocument).metric
        check_metrics([] if watched is None else [(watched, ("metric",))], scope, _report(document, sink))


def _report(document: Document, sink: Sink) -> Report:
    return Report(document.resource, document.yaml.spans, sink)


@dataclass(frozen=True, slots=True)
class _Checks:
    """The names of one document."""

    scope: Scope
    report: Report

    def measure(self, written: MetricDocument | Measured | EventWindow, path: Path) -> Field | None:
        """An aggregate of events: its event type, its field and which events count; the aggregate's type."""
        name = written.event
        if not self.scope.has("EventType", name):
            help_ = self.scope.suggestion("EventType", name)
            self.report.add("L004", (*path, "event"), f"`{name}` is not an event type of this workspace", help=help_)
        event = self.scope.catalogue.event(name)
        if event is None:
            return None
        if written.where is not None:
            lowering = Lowering(self.scope, self.report, lambda _name, _path: None)
            lowering.conditions(written.where, (*path, "where"), event_facts(event))
        if written.field is None:  # `any` and `count`; the others were told to need one
            return Field("value", "integer")
        return self._aggregate(cast("AggregateName", written.aggregate), written.field, path, event)

    def _aggregate(self, aggregate: AggregateName, source: str, path: Path, event: EventType) -> Field | None:
        field = Field("time", "date") if source == "time" else event.field(source)
        if field is None:
            help_ = suggestion(source, [each.name for each in event.fields], "fields")
            message = f"`{source}` is not a field of event type `{event.name}`"
            self.report.add("L001", (*path, "field"), message, help=help_)
            return None
        if problem := aggregate_problem(aggregate, field):
            self.report.add("T004", (*path, "field"), problem)
            return None
        return aggregate_type(aggregate, field)

    def feature(self, name: str, written: FeatureShape, path: Path) -> None:
        """A feature: where it comes from, and whether what comes from there is of its type."""
        source, at = written.source, (*path, "from")
        if isinstance(source, EventWindow):
            found, what = self.measure(source, at), f"`{source.aggregate}` of its events"
        elif isinstance(source, ProfileSource):
            found = self._profile_field(source.profile, (*at, "profile"))
            what = f"profile field `{source.profile}`"
        else:
            return
        if found is not None and (found.many is not written.many or not _holds(written.type, found)):
            message = f"`{name}` is declared {_kind(written.type, many=written.many)}, and {what} is {_kind_of(found)}"
            self.report.add("T005", (*path, "type"), message)

    def _profile_field(self, name: str, path: Path) -> Field | None:
        catalogue = self.scope.catalogue
        field = catalogue.field(name)
        if field is None:
            help_ = suggestion(name, catalogue.paths(), "fields")
            self.report.add("L001", path, f"`{name}` is not a field of the catalogue", help=help_)
        return field


_HOLDS = {"number": ("number", "integer"), "keyword": ("keyword", "text", "day")}


def _holds(declared: str, found: Field) -> bool:
    return found.type in _HOLDS.get(declared, (declared,))


def _kind_of(field: Field) -> str:
    return _kind(field.type, many=field.many)


def _kind(kind: str, *, many: bool) -> str:
    return f"a list of {kind}" if many else kind


def _check_release(release: ReleaseDocument, scope: Scope, report: Report) -> None:
    named: list[tuple[str, str, str, Path]] = [
        ("FeatureView", "feature view", name, ("feature_views", index))
        for index, name in enumerate(release.feature_views)
    ]
    named += [("Model", "model", name, ("models", index)) for index, name in enumerate(release.models)]
    if release.rollback is not None:
        named.append(("RollbackPolicy", "rollback policy", release.rollback, ("rollback",)))
    for kind, noun, name, path in named:
        if not scope.has(kind, name):
            help_ = scope.suggestion(kind, name)
            report.add("L010", path, f"`{name}` is not {with_article(noun)} of this workspace", help=help_)
