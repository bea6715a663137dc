"""The border: turns JSON into canonical facts, or refuses it with the place and the reason.

A canonical profile is a plain dict. Missing fields are absent (`null`, `[]`, a list of only nulls and an object without
a present field are missing), text is normalised, dates are instants with milliseconds, numbers are doubles, and a list
field always holds a list. Messages never repeat a value, since it may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..ir.frozen import Frozen, frozen
from ..ir.instant import InstantError, canonical_instant
from ..ir.types import KEY_LIMIT, LIST_LIMIT, Aggregate, Catalogue, Field
from ..operators.values import ValueRefusedError, canonical, kind_of

UNDECLARED = "is not declared in the catalogue"
NOT_A_PART = "is not a part of an event; its fields go below `data`"
UNNAMED = "(another member)"
PROBLEM_LIMIT = 20  # problems reported for one profile or event; more would not help
EVENT_ID_LIMIT = 512  # UTF-8 bytes
EXACT = 2**53  # every whole number up to here is a double
SET = "$set"  # the type of an event whose data are profile fields; no declared event type can have this name
_NAME = re.compile(r"[\w.$-]{1,80}")
_NAMING = re.compile(f"`[^`]*`(?= (?:{re.escape(UNDECLARED)}|{re.escape(NOT_A_PART)}))")


@frozen
class Refusal(Frozen):
    """A refused value: its dotted path (such as `orders[3].amount`) and what was expected.

    `nameless` is the path without the name of an undeclared member, which may itself be personal; empty if it has none.
    """

    path: str
    message: str
    nameless: str = ""


def problems_text(problems: Iterable[Refusal], *, names: bool = True) -> str:
    """The problems on one line, each with its place; without `names` those of undeclared members are left out."""
    placed = ((each.path if names else each.nameless or each.path, each.message) for each in problems)
    return "; ".join(dict.fromkeys(f"`{path}` {message}" if path else message for path, message in placed))


def without_names(text: str) -> str:
    """A text of `problems_text` without the paths of undeclared members."""
    return _NAMING.sub(f"`{UNNAMED}`", text)


Reader = Callable[[Any, str, list[Refusal]], Any]


def read_object(readers: Mapping[str, Reader], raw: Mapping[str, Any], prefix: str, problems: list[Refusal]) -> Any:
    """The canonical members of an object, or None when none is present; unknown members are problems."""
    found: dict[str, Any] = {}
    for name, value in raw.items():
        reader = readers.get(name)
        if reader is None:
            problems.append(Refusal(prefix + shown_name(name), UNDECLARED, prefix + UNNAMED))
        elif value is not None and not (isinstance(value, list) and all(item is None for item in value)):
            kept = reader(value, prefix + name, problems)
            if kept is not None:
                found[name] = kept
    return found or None


def shown_name(name: Any) -> str:
    """A member's name as a message may repeat it; text that is not a name is hidden, as it may be a value."""
    text = str(name)
    return text if _NAME.fullmatch(text) else UNNAMED


def readers_of(fields: tuple[Field, ...]) -> dict[str, Reader]:
    """One reader per declared field: (raw value, path, problems) -> canonical value or None when missing."""
    return {field.name: _reader(field) for field in fields}


def admitting(field: Field) -> Callable[[Any], Any]:
    """A function from a value that is canonical elsewhere to its canonical form in this field, or None.

    Every value that reaches a profile other than as JSON passes here: values that events set, and aggregates. A whole
    number becomes the equal double; without an equal double, the value is refused.
    """
    read, widened = _reader(field), field.type == "number"

    def admit(value: Any) -> Any:
        if widened and not _is_double(value):
            return None
        problems: list[Refusal] = []
        kept = read(value, "", problems)
        return None if problems else kept

    return admit


def _is_double(value: Any) -> bool:
    """Whether a number, or each of a list, equals some double."""
    if isinstance(value, list):
        return all(map(_is_double, value))
    return not isinstance(value, int) or abs(value) <= EXACT or int(float(value)) == value


def _reader(field: Field) -> Reader:
    one = _object_reader(field) if field.type == "object" else _value_reader(field)
    return _list_reader(one) if field.many else one


def _value_reader(field: Field) -> Reader:
    closed = frozenset(field.values)

    def read(value: Any, path: str, problems: list[Refusal]) -> Any:
        try:
            kept = canonical(field, value)
        except ValueRefusedError as problem:
            problems.append(Refusal(path, str(problem)))
            return None
        if closed and kept not in closed:
            problems.append(Refusal(path, f"expected one of {', '.join(sorted(closed))}"))
            return None
        return kept

    return read


def _object_reader(field: Field) -> Reader:
    readers = readers_of(field.fields)

    def read(value: Any, path: str, problems: list[Refusal]) -> Any:
        if not isinstance(value, dict):
            problems.append(Refusal(path, f"expected an object, found {kind_of(value)}"))
            return None
        return read_object(readers, value, f"{path}.", problems)

    return read


def _list_reader(one: Reader) -> Reader:
    def read(value: Any, path: str, problems: list[Refusal]) -> Any:
        items = value if isinstance(value, list) else [value]
        if len(items) > LIST_LIMIT:
            problems.append(Refusal(path, f"expected at most {LIST_LIMIT:,} elements, found {len(items):,}"))
            return None
        kept = []
        for index, item in enumerate(items):
            if item is not None:
                element = one(item, f"{path}[{index}]", problems)
                if element is not None:
                    kept.append(element)
            if len(problems) > PROBLEM_LIMIT:
                break
        return kept or None

    return read


class Border:
    """The border of one catalogue."""

    __slots__ = ("_catalogue", "_computed", "_events", "_readers", "_set", "_with_events_readers")

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._readers = readers_of(catalogue.fields)
        self._readers[catalogue.key] = _read_key
        self._events = {event.name: readers_of(event.fields) for event in catalogue.events}
        self._set = readers_of(tuple(field for field in catalogue.fields if field.source is None))
        self._computed = frozenset(field.name for field in catalogue.fields if field.source is not None)
        self._with_events_readers = self._readers | {
            field.name: _refusing_reader(field.source) for field in catalogue.fields if field.source is not None
        }

    @property
    def catalogue(self) -> Catalogue:
        """What the border admits."""
        return self._catalogue

    @property
    def key(self) -> str:
        """The profile field that names the customer."""
        return self._catalogue.key

    def profile(self, raw: Any) -> tuple[dict[str, Any] | None, list[Refusal]]:
        """The canonical profile and no problems, or None and its problems."""
        return self._profile(self._readers, raw)

    def profile_with_events(self, raw: Any) -> tuple[dict[str, Any] | None, list[Refusal]]:
        """Like `profile`, for a profile whose events are given: a field that is computed from events is refused."""
        return self._profile(self._with_events_readers, raw)

    def _profile(self, readers: Mapping[str, Reader], raw: Any) -> tuple[dict[str, Any] | None, list[Refusal]]:
        problems: list[Refusal] = []
        if not isinstance(raw, dict):
            return None, [Refusal("", f"expected an object, found {kind_of(raw)}")]
        found = read_object(readers, raw, "", problems)
        if raw.get(self._catalogue.key) is None:
            problems.append(Refusal(self._catalogue.key, "is missing; every profile needs its key"))
        return (None, problems[:PROBLEM_LIMIT]) if problems else (found, problems)

    @staticmethod
    def decision_id(raw: Any) -> tuple[str | None, list[Refusal]]:
        """The given id of a decision, or None and its problems."""
        problems: list[Refusal] = []
        return _read_text(raw, "decision_id", EVENT_ID_LIMIT, problems), problems

    def event(self, raw: Any) -> tuple[dict[str, Any] | None, list[Refusal]]:
        """The canonical event `{id, type, <key>, time, data}` and no problems, or None and its problems."""
        if not isinstance(raw, dict):
            return None, [Refusal("", f"expected an object, found {kind_of(raw)}")]
        unknown = sorted(set(raw) - {"id", "type", "time", "data", self._catalogue.key})
        problems = [Refusal(shown_name(name), NOT_A_PART, UNNAMED) for name in unknown]
        kept: dict[str, Any] = {}
        kept["id"] = _read_text(raw.get("id"), "id", EVENT_ID_LIMIT, problems)
        key = self._catalogue.key
        kept[key] = _read_text(raw.get(key), key, KEY_LIMIT, problems)
        kept["time"] = _read_time(raw.get("time"), problems)
        kind = raw.get("type")
        readers = self._events.get(kind) if isinstance(kind, str) else None
        if kind == SET:
            kept["type"] = kind
            kept["data"] = self._fields(raw.get("data"), problems)
        elif readers is None:
            problems.append(Refusal("type", f"expected one of {', '.join((*sorted(self._events), SET))}"))
        else:
            kept["type"] = kind
            kept["data"] = self._data(readers, raw.get("data"), problems)
        return (None, problems[:PROBLEM_LIMIT]) if problems else (kept, problems)

    def _fields(self, raw: Any, problems: list[Refusal]) -> dict[str, Any]:
        """Profile fields that are set directly; null, or a list of nulls, is stored as None, which clears the field."""
        found = self._data(self._set, raw, problems)
        if isinstance(raw, dict):
            for name in self._computed & raw.keys():
                problems[:] = [each for each in problems if each.path != f"data.{name}"]
                problems.append(Refusal(f"data.{name}", "follows from events and cannot be set"))
            found.update({name: None for name in raw if name in self._set and name not in found})
        return found

    @staticmethod
    def _data(readers: Mapping[str, Reader], raw: Any, problems: list[Refusal]) -> dict[str, Any]:
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            problems.append(Refusal("data", f"expected an object, found {kind_of(raw)}"))
            return {}
        return read_object(readers, raw, "data.", problems) or {}


def _refusing_reader(source: Aggregate) -> Reader:
    """A reader that refuses a value of an aggregate whose events are given."""
    message = (
        f"is computed from `{source.event}` events and cannot be stated together with events;"
        " leave it out, or give the profile without events"
    )

    def read(_value: Any, path: str, problems: list[Refusal]) -> None:
        problems.append(Refusal(path, message))

    return read


def _read_key(value: Any, path: str, problems: list[Refusal]) -> str | None:
    return _read_text(value, path, KEY_LIMIT, problems)


def _read_text(value: Any, path: str, limit: int, problems: list[Refusal]) -> str | None:
    if not isinstance(value, str) or not value:
        found = "empty text" if value == "" else kind_of(value)
        problems.append(Refusal(path, f"expected text that is not empty, found {found}"))
        return None
    try:
        kept: str = canonical(_KEY, value)
    except ValueRefusedError as problem:
        problems.append(Refusal(path, str(problem)))
        return None
    if len(kept.encode()) > limit:
        problems.append(Refusal(path, f"expected at most {limit} bytes of UTF-8"))
        return None
    return kept


def _read_time(value: Any, problems: list[Refusal]) -> str | None:
    if not isinstance(value, str):
        problems.append(Refusal("time", f"expected an instant with a zone, found {kind_of(value)}"))
        return None
    try:
        return canonical_instant(value)
    except InstantError as problem:
        problems.append(Refusal("time", f"expected {problem}"))
        return None


_KEY = Field("key", "keyword")
