"""What each document names: other documents, and fields of the profile. Who uses what is the same, read backwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from ..ir.expression_reads import reads
from ..ir.graph import Ruleset
from ..ir.program import Program
from ..language.document import Document, resource_of
from ..language.documents import conditions as shapes
from ..language.documents.bandit import BanditDocument
from ..language.documents.event_type import EventTypeDocument
from ..language.documents.experiment import ExperimentDocument
from ..language.documents.feature_view import EventWindow, FeatureViewDocument, ProfileSource
from ..language.documents.metric import MetricDocument
from ..language.documents.profile import ProfileDocument
from ..language.documents.release import ReleaseDocument, RollbackPolicyDocument
from ..language.documents.segment import SegmentDocument

Uses = Mapping[str, frozenset[str]]
"""For each resource (`segment/vips`) the resources it names; a field of the profile is `field/spend`."""


def uses_of(program: Program, documents: Iterable[Document]) -> Uses:
    """What each document names itself, not through another."""
    found: dict[str, frozenset[str]] = {}
    for document in documents:
        if document.kind == "Ruleset":
            ruleset = program.rulesets.get(document.name)
            named = _in_ruleset(ruleset) if isinstance(ruleset, Ruleset) else ()
        else:
            named = _names_in(document)
        found[document.resource] = frozenset(named)
    return found


def users_of(uses: Uses) -> Mapping[str, tuple[str, ...]]:
    """Who names each resource, sorted."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for user, named in uses.items():
        for resource in named:
            found[resource].append(user)
    return {resource: tuple(sorted(users)) for resource, users in found.items()}


def reach(resource: str, steps: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """All that is reached from a resource step by step, itself not among it, the nearest first."""
    seen = {resource: None}
    for each in (waiting := [resource]):
        for following in sorted(steps.get(each, ())):
            if following not in seen:
                seen[following] = None
                waiting.append(following)
    return tuple(seen)[1:]


def _names_in(document: Document) -> Iterator[str]:  # noqa: C901 - one case for each kind of document
    """What a document names, whose kind is not a ruleset."""
    match document.model:
        case SegmentDocument() as segment:
            yield from _in_conditions(segment.conditions)
        case ExperimentDocument() as experiment:
            yield from _in_experiment(experiment)
        case BanditDocument() as bandit:
            yield from _in_bandit(bandit)
        case MetricDocument() as metric:
            yield resource_of("EventType", metric.event)
            if metric.denominator is not None:
                yield resource_of("EventType", metric.denominator.event)
        case FeatureViewDocument() as view:
            yield from _in_feature_view(view)
        case ProfileDocument() as profile:
            sources = [field.source for field in profile.fields.values()]
            yield from (resource_of("EventType", source.event) for source in sources if source is not None)
        case EventTypeDocument() as event:
            yield from (f"field/{name}" for name in event.sets)
        case ReleaseDocument() as release:
            yield from _in_release(release)
        case RollbackPolicyDocument(metric=str(metric_name)):
            yield resource_of("Metric", metric_name)
        case _:
            pass


def _in_conditions(written: shapes.Conditions) -> Iterator[str]:  # noqa: C901 - one case for each form
    """What conditions name; fields count where they are the profile's, not an element's or an event's."""
    waiting = [(each, True) for each in (written if isinstance(written, tuple) else (written,))]
    while waiting:
        each, own = waiting.pop()
        match each:
            case shapes.Leaf():
                if own:
                    yield _field(each.field)
            case shapes.AllOf() | shapes.AnyOf():
                waiting.extend((item, own) for item in each.items)
            case shapes.NotOf():
                waiting.append((each.item, own))
            case shapes.SegmentReference():
                yield resource_of("Segment", each.segment)
            case shapes.ListReference():
                yield resource_of("MemberList", each.list)
            case shapes.ElementCondition():
                if own:
                    yield _field(each.element.of)
                waiting.extend((item, False) for item in each.element.items)
            case shapes.EventsCondition():
                types = [each.events.type, *(step.type for step in each.events.sequence or ())]
                yield from (resource_of("EventType", name) for name in types if name is not None)
            case _:
                assert_never(each)


def _field(path: str) -> str:
    return f"field/{path.partition('.')[0]}"


def _in_ruleset(ruleset: Ruleset) -> Iterator[str]:
    if ruleset.event is not None:
        yield resource_of("EventType", ruleset.event)
    for node in ruleset.nodes:
        yield from (resource_of(kind, name) for kind, name in node.references())
        for expression in node.expressions():
            found = reads(expression)
            yield from map(_field, found.profile)
            yield from (resource_of("Segment", name) for name in found.segments)


def _in_experiment(experiment: ExperimentDocument) -> Iterator[str]:
    if experiment.layer is not None:
        yield resource_of("Layer", experiment.layer)
    names = [experiment.primary, *experiment.secondary, *experiment.guardrails]
    yield from (resource_of("Metric", name) for name in names if name is not None)


def _in_bandit(bandit: BanditDocument) -> Iterator[str]:
    if bandit.reward is not None:
        yield resource_of("Metric", bandit.reward.metric)
    if bandit.guardrails is not None:
        yield from (resource_of("Metric", name) for name in bandit.guardrails.metrics or ())


def _in_feature_view(view: FeatureViewDocument) -> Iterator[str]:
    for feature in view.features.values():
        if isinstance(feature.source, EventWindow):
            yield resource_of("EventType", feature.source.event)
        elif isinstance(feature.source, ProfileSource):
            yield _field(feature.source.profile)


def _in_release(release: ReleaseDocument) -> Iterator[str]:
    yield from (resource_of("FeatureView", name) for name in release.feature_views)
    yield from (resource_of("Model", name) for name in release.models)
    if release.rollback is not None:
        yield resource_of("RollbackPolicy", release.rollback)
