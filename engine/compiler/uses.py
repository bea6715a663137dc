"""What each document names: other documents, and fields of the profile. Who uses what is the same, read backwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..ir.expression_reads import reads
from ..ir.graph import Ruleset
from ..ir.program import Program
from ..language.document import Document, resource_of

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
            named = _NAMED.get(document.kind, _nothing)(document.yaml.value)
        found[document.resource] = frozenset(named)
    return found


def users_of(uses: Uses) -> Mapping[str, tuple[str, ...]]:
    """Who names each resource, sorted."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for user, named in uses.items():
        for resource in named:
            found[resource].append(user)
    return {resource: tuple(sorted(users)) for resource, users in found.items()}


def reached(resource: str, steps: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """All that is reached from a resource step by step, itself not among it, the nearest first."""
    seen = {resource: None}
    for each in (waiting := [resource]):
        for following in sorted(steps.get(each, ())):
            if following not in seen:
                seen[following] = None
                waiting.append(following)
    return tuple(seen)[1:]


def _nothing(_value: Any) -> Iterator[str]:
    return iter(())


def _in_segment(value: Any) -> Iterator[str]:
    yield from _in_conditions(value["conditions"], profile=True)


def _in_conditions(part: Any, *, profile: bool) -> Iterator[str]:
    """What conditions name; fields count where they are the profile's, not an element's or an event's."""
    waiting = [(part, profile)]
    while waiting:
        each, own = waiting.pop()
        if isinstance(each, list):
            waiting.extend((item, own) for item in each)
        elif isinstance(each, dict):
            yield from _in_condition(each, own=own)
            waiting.extend(_inside(each, own=own))


def _in_condition(value: Mapping[str, Any], *, own: bool) -> Iterator[str]:
    if own and isinstance(value.get("field"), str):
        yield f"field/{value['field'].partition('.')[0]}"
    if isinstance(value.get("segment"), str):
        yield resource_of("Segment", value["segment"])
    if isinstance(value.get("list"), str):
        yield resource_of("MemberList", value["list"])
    element, events = value.get("element"), value.get("events")
    if own and isinstance(element, dict):
        yield f"field/{element['of'].partition('.')[0]}"
    if isinstance(events, dict):
        for step in (events, *(events.get("sequence") or ())):
            if step.get("type"):
                yield resource_of("EventType", step["type"])


def _inside(value: Mapping[str, Any], *, own: bool) -> Iterator[tuple[Any, bool]]:
    yield from ((value[key], own) for key in ("all", "any", "not") if key in value)
    if isinstance(value.get("element"), dict):
        yield value["element"], False


def _in_ruleset(ruleset: Ruleset) -> Iterator[str]:
    if ruleset.event is not None:
        yield resource_of("EventType", ruleset.event)
    for node in ruleset.nodes:
        yield from (resource_of(kind, name) for kind, name in node.references())
        for expression in node.expressions():
            found = reads(expression)
            yield from (f"field/{path.partition('.')[0]}" for path in found.profile)
            yield from (resource_of("Segment", name) for name in found.segments)


def _in_experiment(value: Any) -> Iterator[str]:
    if value.get("layer"):
        yield resource_of("Layer", value["layer"])
    names = [value.get("primary"), *(value.get("secondary") or ()), *(value.get("guardrails") or ())]
    yield from (resource_of("Metric", name) for name in names if name)


def _in_bandit(value: Any) -> Iterator[str]:
    reward, rails = value.get("reward") or {}, value.get("guardrails") or {}
    names = [reward.get("metric"), *(rails.get("metrics") or ())]
    yield from (resource_of("Metric", name) for name in names if name)


def _in_metric(value: Any) -> Iterator[str]:
    for measured in (value, value.get("denominator") or {}):
        if measured.get("event"):
            yield resource_of("EventType", measured["event"])


def _in_feature_view(value: Any) -> Iterator[str]:
    for feature in value["features"].values():
        source = feature.get("from") or {}
        if source.get("event"):
            yield resource_of("EventType", source["event"])
        if source.get("profile"):
            yield f"field/{source['profile'].partition('.')[0]}"


def _in_profile(value: Any) -> Iterator[str]:
    for field in value["fields"].values():
        source = field.get("from") or {}
        if source.get("event"):
            yield resource_of("EventType", source["event"])


def _in_event_type(value: Any) -> Iterator[str]:
    yield from (f"field/{name}" for name in value.get("sets") or ())


def _in_release(value: Any) -> Iterator[str]:
    yield from (resource_of("FeatureView", name) for name in value.get("feature_views") or ())
    yield from (resource_of("Model", name) for name in value.get("models") or ())
    if value.get("rollback"):
        yield resource_of("RollbackPolicy", value["rollback"])


def _in_rollback_policy(value: Any) -> Iterator[str]:
    if value.get("metric"):
        yield resource_of("Metric", value["metric"])


_NAMED = {
    "Segment": _in_segment,
    "Experiment": _in_experiment,
    "Bandit": _in_bandit,
    "Metric": _in_metric,
    "FeatureView": _in_feature_view,
    "Profile": _in_profile,
    "EventType": _in_event_type,
    "Release": _in_release,
    "RollbackPolicy": _in_rollback_policy,
}
