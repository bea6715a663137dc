"""Assembles the plan of two sides: all differences, what else they affect, and what changed only in text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ...compiler.uses import Uses, reach, users_of
from ...nodes.kind import NodeKinds
from ...nodes.kinds import NODE_KINDS
from .catalogue import catalogue_changes
from .change import Change, Plan
from .documents import document_changes, list_changes
from .experiments import Deal, experiment_changes
from .routes import ruleset_changes
from .sameness import with_names
from .segments import segment_changes
from .sides import Side


def plan_of(before: Side, after: Side, now: str, deal: Deal, kinds: NodeKinds = NODE_KINDS) -> Plan:
    """What changes from one side to the other; `now` (a canonical instant) says which experiments are running."""
    old, new = before.program, after.program
    lists = list(list_changes(old.lists, new.lists))
    in_lists = {name: with_names(predicate, {"list": _renames(lists)}) for name, predicate in old.segments.items()}
    segments = list(segment_changes(in_lists, new.segments))
    experiments = list(experiment_changes(old.experiments, new.experiments, now, deal))
    names = {"segment": _renames(segments), "experiment": _renames(experiments)}
    rulesets = {name: with_names(ruleset, names) for name, ruleset in old.rulesets.items()}
    found = [
        *catalogue_changes(old, new),
        *lists,
        *segments,
        *ruleset_changes(rulesets, new.rulesets, kinds),
        *experiments,
        *document_changes(old, new),
    ]
    uses = after.uses or before.uses
    users = users_of(uses)
    changed = {change.resource for change in found}
    moved = changed | {field for change in found if change.resource.startswith("profile/") for field in _fields(change)}
    changes = [
        replace(change, used_by=_used_by(change, users), through=_through(change, moved, before, after))
        for change in found
    ]
    changes.sort(key=lambda change: change.order)
    gone = {f"{change.resource.partition('/')[0]}/{change.was}" for change in changes if change.was}
    return Plan(before.label, after.label, tuple(changes), tuple(_quiet(before, after, changed | gone)))


def _renames(changes: Iterable[Change]) -> dict[str, str]:
    """New names by old ones."""
    return {change.was: change.name for change in changes if change.was}


def _used_by(change: Change, users: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    resources = _fields(change) if change.resource.startswith("profile/") else [change.resource]
    found = {user for resource in resources for user in reach(resource, users)}
    return tuple(sorted(user for user in found if user.partition("/")[0] not in {"profile", "event_type", "test"}))


def _fields(change: Change) -> Iterator[str]:
    """The top-level fields that a change of the catalogue names."""
    for detail in change.details:
        yield f"field/{detail.text.partition(':')[0].partition('.')[0]}"


def _through(change: Change, changed: set[str], before: Side, after: Side) -> tuple[str, ...]:
    """The changed resources through which this one changes, if its own document is unchanged."""
    resource = change.resource
    own = before.values.get(resource)
    if change.action != "changed" or own is None or own != after.values.get(resource):
        return ()
    below = reach(resource, _both(resource, before.uses, after.uses))
    return tuple(sorted(set(below) & changed))


def _both(resource: str, before: Uses, after: Uses) -> Uses:
    """What a resource uses on either side, directly or not."""
    found: dict[str, frozenset[str]] = {}
    for each in (resource, *reach(resource, before), *reach(resource, after)):
        found[each] = before.get(each, frozenset()) | after.get(each, frozenset())
    return found


def _quiet(before: Side, after: Side, changed: set[str]) -> Iterator[str]:
    """Documents whose text changed but not their meaning, and changed tests."""
    if before.texts is None or after.texts is None:
        return
    for resource in sorted(before.texts.keys() | after.texts.keys()):
        if resource not in changed and before.texts.get(resource) != after.texts.get(resource):
            yield resource
