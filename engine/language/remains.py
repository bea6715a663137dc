"""What of a document reads well though the whole does not, so that one run of the check tells of the rest as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_origin

from pydantic import ValidationError

from ..diagnostics import Path, Span
from ..shapes.base import Shape
from ..shapes.forms import Form
from .decode import Kinds
from .document import Document
from .documents.envelope import Envelope
from .documents.kinds import KINDS
from .shape_walk import Location, expected_at, path_of
from .yaml.reader import YamlDocument
from .yaml.spans import Spans, at

ROUNDS = 8  # of taking out what is wrong; a part that is gone may make its surroundings wrong
MOST_FAULTS = 1_000
LOST = "lost"

Origins = Mapping[Path, tuple[int, ...]]
"""For the path of each list, as it remains, where its entries stood before."""


@dataclass(frozen=True, slots=True)
class Remains:
    """A document without the parts that do not read well; its spans lead into the file as it is.

    `lost` are all texts within those parts, for what names them is not to blame.
    """

    document: Document
    lost: frozenset[str]


def remains(document: YamlDocument, kinds: Kinds = KINDS) -> Remains | None:
    """What is left of a document that does not read well; None where too little is left to look at.

    A missing name is filled in with one that is among the lost, so that its neighbours are still checked.
    """
    whole: dict[str, Any] = document.value
    shape = kinds[whole["kind"]]
    repairs = _Repairs(set(), {})
    for _round in range(ROUNDS):
        origins: dict[Path, tuple[int, ...]] = {}
        value = _repair(whole, repairs, (), (), origins)
        try:
            model = shape.model_validate(value)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            if len(faults) > MOST_FAULTS:
                return None
            for fault in faults:
                repairs.repair(shape, value, fault["type"], fault["loc"], origins)
        else:
            problems = tuple(model.problems())
            if not problems:
                return _remains(document, model, value, origins, repairs)
            for problem in problems:
                repairs.take_out(_entry(shape, value, problem.path), origins)
        if () in repairs.removed:
            return None
    return None


def _remains(document: YamlDocument, model: Envelope, value: Any, origins: Origins, repairs: _Repairs) -> Remains:
    yaml = replace(document, value=value, spans=_MovedSpans(document.spans, origins))
    lost = {text for path in repairs.removed for text in texts_of([path[-1], at(document.value, path)])}
    lost |= {LOST} if repairs.filled else set()
    return Remains(Document(model.kind_name, model.name, model, yaml), frozenset(lost))


@dataclass(frozen=True, slots=True)
class _Repairs:
    """By their paths in the whole document: parts that are taken out, and mappings that names are filled into."""

    removed: set[Path]
    filled: dict[Path, dict[str, str]]

    def repair(self, shape: type[Shape], value: Any, kind: str, location: Location, origins: Origins) -> None:
        """Fill in what is missing where that is a name, otherwise take out the part that the error lies in."""
        expected = expected_at(shape, location) if kind == "missing" else None
        form = None if expected is None else expected.mark(Form)
        outer = tuple(path_of(value, location[:-1]))
        if form is not None and form.code == "S004" and outer:
            self.filled.setdefault(_original(outer, origins), {})[str(location[-1])] = LOST
        else:
            self.take_out(_wrong(shape, value, location), origins)

    def take_out(self, path: Path, origins: Origins) -> None:
        """Take out a part, by its path in what remains so far."""
        self.removed.add(_original(path, origins))


def _repair(value: Any, repairs: _Repairs, path: Path, now: Path, origins: dict[Path, tuple[int, ...]]) -> Any:
    """A copy with all repairs; `now` is the path within the copy."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if (*path, key) not in repairs.removed}
        copied = {key: _repair(item, repairs, (*path, key), (*now, key), origins) for key, item in kept.items()}
        return {**repairs.filled.get(path, {}), **copied}
    if isinstance(value, list):
        places = [index for index in range(len(value)) if (*path, index) not in repairs.removed]
        origins[now] = tuple(places)
        return [
            _repair(value[index], repairs, (*path, index), (*now, place), origins) for place, index in enumerate(places)
        ]
    return value


def _original(path: Path, origins: Origins) -> Path:
    """The path in the whole document of a path in what remains."""
    found: list[str | int] = []
    for length, step in enumerate(path):
        kept = origins.get(path[:length])
        found.append(kept[step] if kept is not None and isinstance(step, int) and step < len(kept) else step)
    return tuple(found)


def _wrong(shape: type[Shape], value: Any, location: Location) -> Path:
    """The path of the part to take out for an error: the entry of a list or of named things that it lies in."""
    while location and not _leads_somewhere(value, location):
        location = location[:-1]
    return _entry(shape, value, location)


def _leads_somewhere(value: Any, location: Location) -> bool:
    """Whether there is something at a location; the location of a key that is missing leads to nothing."""
    try:
        at(value, tuple(path_of(value, location)))
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _entry(shape: type[Shape], value: Any, location: Location) -> Path:
    for length in range(len(location), 0, -1):
        outer = expected_at(shape, location[: length - 1])
        if isinstance(location[length - 1], int) or (outer is not None and get_origin(outer.kind) is dict):
            return tuple(path_of(value, location[:length]))
    return tuple(path_of(value, location))[:1]


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a value, keys included."""
    parts: list[Any] = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            parts += [*part, *part.values()]
        elif isinstance(part, list):
            parts += part


class _MovedSpans(Spans):
    """The places of a document, asked for by paths in what remains of it."""

    __slots__ = ("_origins", "_whole")

    def __init__(self, whole: Spans, origins: Origins) -> None:
        self.source = whole.source
        self._whole = whole
        self._origins = origins

    def has(self, path: Path, name: str) -> bool:
        return self._whole.has(_original(path, self._origins), name)

    def value(self, path: Path) -> Span:
        return self._whole.value(_original(path, self._origins))

    def key(self, path: Path) -> Span:
        return self._whole.key(_original(path, self._origins))

    def inside(self, path: Path, start: int, end: int) -> Span:
        return self._whole.inside(_original(path, self._origins), start, end)


def unread(declared: Mapping[str, Mapping[str, YamlDocument]], sound: Iterable[Document]) -> Iterator[YamlDocument]:
    """The declared documents that are not among the sound ones."""
    known = {(document.kind, document.name) for document in sound}
    for kind, named in declared.items():
        for name, document in named.items():
            if (kind, name) not in known:
                yield document
