"""Changes of a profile's fields and of event types, and what they require of the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...compiler.mapping import index_mapping
from ...ir.instant import format_duration
from ...ir.program import Program
from ...ir.types import Catalogue, EventType, Field
from .change import Change, Detail

GROWS = "the index accepts the new fields without a rebuild; profiles get them as they are written"
REBUILD = "the index must be rebuilt"
FOLD = "values computed from events must be recomputed for"


def catalogue_changes(before: Program, after: Program) -> Iterator[Change]:
    """The changes of the profile and of each event type that differs."""
    details = [*_settings(before, after), *field_differences(before.catalogue.fields, after.catalogue.fields)]
    if details:
        warnings = tuple(_warnings(before.catalogue, after.catalogue))
        grows = not warnings and index_mapping(before.catalogue) != index_mapping(after.catalogue)
        refolds = tuple(_refolds(before.catalogue, after.catalogue))
        remarks = (*((GROWS,) if grows else ()), *refolds)
        resource = f"profile/{after.catalogue.name}"
        yield Change("catalogue", "changed", resource, tuple(details), remarks=remarks, warnings=warnings)
    old = {event.name: event for event in before.catalogue.events}
    new = {event.name: event for event in after.catalogue.events}
    for name in sorted(old.keys() | new.keys()):
        yield from _event_type(name, old.get(name), new.get(name))


def _settings(before: Program, after: Program) -> Iterator[Detail]:
    settings = (
        ("workspace", before.workspace, after.workspace),
        ("time zone", before.timezone, after.timezone),
        ("name", before.catalogue.name, after.catalogue.name),
        ("key", before.catalogue.key, after.catalogue.key),
    )
    for what, old, new in settings:
        if old != new:
            yield Detail("~", f"{what}: {old} → {new}")


def field_differences(before: tuple[Field, ...], after: tuple[Field, ...]) -> Iterator[Detail]:
    """The differences between declared fields, members of objects by their path; order does not matter."""
    old, new = dict(field_lines("", before)), dict(field_lines("", after))
    for path in sorted(old.keys() | new.keys()):
        if path not in old:
            yield Detail("+", f"{path}: {new[path]}")
        elif path not in new:
            yield Detail("-", f"{path}: {old[path]}")
        elif old[path] != new[path]:
            yield Detail("~", f"{path}: {old[path]} → {new[path]}")


def field_lines(prefix: str, fields: tuple[Field, ...]) -> Iterator[tuple[str, str]]:
    """Each field's path and its declaration on one line, members of objects after their object."""
    for field in fields:
        yield prefix + field.name, describe(field)
        yield from field_lines(f"{prefix}{field.name}.", field.fields)


def describe(field: Field) -> str:
    """A field's declaration on one line, such as `list of keyword, personal`."""
    parts = [f"list of {field.type}" if field.many else field.type]
    parts += ["personal"] if field.personal else []
    parts += [f"encrypted with search {field.encrypted}"] if field.encrypted else []
    parts += [f"normalised to {field.normalize}"] if field.normalize else []
    parts += [f"one of {', '.join(field.values)}"] if field.values else []
    if field.source is not None:
        of = f" of {field.source.field}" if field.source.field else ""
        window = f" within {format_duration(field.source.within)}" if field.source.within else ""
        parts.append(f"{field.source.aggregate}{of} of {field.source.event} events{window}")
    return ", ".join(parts)


def _warnings(before: Catalogue, after: Catalogue) -> Iterator[str]:
    old, new = index_mapping(before), index_mapping(after)
    unlike = sorted({*_unlike(old["mappings"], new["mappings"], ""), *_other_normalisation(before, after)})
    if unlike:
        shown = ", ".join(f"`{path}`" for path in unlike[:5])
        rest = f" and {len(unlike) - 5:,} more" if len(unlike) > 5 else ""
        yield f"{REBUILD}: {shown}{rest} has another mapping than before"


def _refolds(before: Catalogue, after: Catalogue) -> Iterator[str]:
    names = [field.name for field in after.fields if field.source is not None and _source_differs(before, field)]
    if names:
        yield f"{FOLD} {', '.join(f'`{name}`' for name in sorted(names))}"


def _source_differs(before: Catalogue, field: Field) -> bool:
    old = before.field(field.name)
    return old is None or old.source != field.source


def _unlike(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    """The fields whose mapping an existing index cannot adopt: removed, or with another type or setting."""
    here = {key: value for key, value in old.items() if key != "properties"}
    if here != {key: value for key, value in new.items() if key != "properties"}:
        yield path
        return
    members = new.get("properties", {})
    for name, mapping in old.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        if name in members:
            yield from _unlike(mapping, members[name], inner)
        else:
            yield inner


def _other_normalisation(before: Catalogue, after: Catalogue) -> Iterator[str]:
    for path in before.paths():
        old, new = before.field(path), after.field(path)
        if old is not None and new is not None and old.normalize != new.normalize:
            yield path


def _event_type(name: str, old: EventType | None, new: EventType | None) -> Iterator[Change]:
    resource = f"event_type/{name}"
    if old is None and new is not None:
        yield Change("catalogue", "added", resource, tuple(field_differences((), new.fields)))
    elif new is None and old is not None:
        yield Change("catalogue", "removed", resource, tuple(field_differences(old.fields, ())))
    elif old is not None and new is not None:
        details = [*field_differences(old.fields, new.fields), *_sets(dict(old.sets), dict(new.sets))]
        if details:
            yield Change("catalogue", "changed", resource, tuple(details))


def _sets(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Detail]:
    for target in sorted(old.keys() | new.keys()):
        if target not in old:
            yield Detail("+", f"sets {target} to {new[target]}")
        elif target not in new:
            yield Detail("-", f"sets {target} to {old[target]}")
        elif old[target] != new[target]:
            yield Detail("~", f"sets {target} to {old[target]} → {new[target]}")
