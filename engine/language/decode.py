"""From a YAML document to a model: every difference from its shape is a finding with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from ..diagnostics import Edit, Finding, Fix, Path, Sink, nearest
from ..shapes.base import Shape
from .document import Document, resource_of
from .documents.envelope import Envelope
from .documents.kinds import KINDS
from .phrases import kind_of
from .shape_findings import Author, Fault
from .shape_walk import Location
from .yaml.findings import clip
from .yaml.reader import YamlDocument

Kinds: TypeAlias = Mapping[str, type[Envelope]]

MOST_TOLD = 1_000  # a sink keeps fewer of one file

Model = TypeVar("Model", bound=Shape)


def decode(document: YamlDocument, sink: Sink, kinds: Kinds = KINDS) -> Document | None:
    """The document that the YAML says, or None with all that is wrong with it told to the sink; of one of the kinds."""
    value = document.value
    if not isinstance(value, dict):
        found = f"`{clip(value)}`" if isinstance(value, str) else f"`{document.file}`"
        what = "is a document of one text" if isinstance(value, str) else f"has {kind_of(value)} as a document"
        message = f"{found} {what}; expected a mapping with `apiVersion`, `kind` and `name`"
        sink.add(Finding("S001", message, document.spans.value(())))
        return None
    kind = value.get("kind")
    shape = kinds.get(kind) if isinstance(kind, str) else None
    if shape is None:
        sink.add(_unknown_kind(document, value))
        return None
    name = value.get("name")
    resource = resource_of(shape.kind_name, name) if isinstance(name, str) else ""
    model = read_shape(document, shape, shape.kind_name, sink, resource)
    return None if model is None else Document(shape.kind_name, model.name, model, document)


def read_shape(document: YamlDocument, shape: type[Model], what: str, sink: Sink, resource: str = "") -> Model | None:
    """The model of a mapping, or None with all that is wrong with it told to the sink; `what` names it in messages."""
    try:
        model = shape.model_validate(document.value)
    except ValidationError as error:
        sink.extend(_findings_of(Author(document, shape, what, resource), error))
        return None
    problems = tuple(model.problems())
    if not problems:
        return model
    author = Author(document, shape, what, resource)
    sink.extend(author.problem(problem) for problem in problems)
    return None


def _findings_of(author: Author, error: ValidationError) -> Iterable[Finding]:
    errors = error.errors(include_url=False, include_input=False)
    faults = [_fault(each["type"], each["loc"], each["msg"], each.get("ctx", {})) for each in errors]
    faults = [fault for fault in faults if not author.is_echo(fault)]
    told = list(author.findings(faults[:MOST_TOLD]))
    return [*told, *told[-1:] * (len(faults) - MOST_TOLD)]  # beyond, a sink only counts


def _fault(kind: str, location: Location, expected: str, context: dict[str, Any]) -> Fault:
    """The fault of an error; a key that a shape as a whole misses is put at its place."""
    if kind == "missing" and "key" in context:
        location = (*location, context["key"])
    return Fault(kind, location, expected, context)


def _no_kind(document: YamlDocument, value: dict[str, Any]) -> Finding:
    near = nearest("kind", value)
    if near is None:
        help_ = (f"kinds: {', '.join(f'`{each}`' for each in KINDS)}",)
        message = "`kind` is missing; every document has one"
        return Finding("S011", message, document.spans.value(()), "`kind`?", help_)
    span = document.spans.key((near,))
    fix = Fix("write `kind`", (Edit(span, "kind"),))
    message = f"`{near}` is not a key of a document; expected `kind`"
    return Finding("S010", message, span, "unknown key", (), fix, path=(near,))


def _unknown_kind(document: YamlDocument, value: dict[str, Any]) -> Finding:
    path: Path = ("kind",)
    if "kind" not in value:
        return _no_kind(document, value)
    kind, span = value["kind"], document.spans.value(path)
    if not isinstance(kind, str):
        found = "empty" if kind is None else kind_of(kind)
        return Finding("S012", f"`kind` is {found}; expected a kind such as `Segment`", span, path=path)
    near = nearest(kind, KINDS)
    expected = f"`{near}`" if near else f"one of {', '.join(f'`{each}`' for each in KINDS)}"
    fix = Fix(f"write `{near}`", (Edit(span, near),)) if near else None
    message = f"`{clip(kind)}` is not a kind of document; expected {expected}"
    return Finding("S002", message, span, "", (), fix, path=path)
