"""One node on its way to its meaning: what `engine.nodes.lowering.Lowering` promises, kept by the compiler."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..diagnostics import Finding, Path, Related, Sink
from ..ir.cells import CellTest
from ..ir.expression import ArrayOf, Conditional, Expression, Name, Value, ValueType
from ..ir.expression_reads import parts
from ..ir.graph import Experiment, Ruleset
from ..ir.types import Catalogue, Field
from ..ir.value_types import object_type, type_of_field
from ..language.document import Document
from ..language.documents.bandit import BanditDocument
from ..language.documents.envelope import Envelope
from ..language.documents.feature_view import FeatureViewDocument
from ..language.documents.model import ModelDocument
from ..nodes.kind import NodeKinds
from ..nodes.lowering import Target
from ..operators.wording import with_article
from ..runtime.expressions import certain
from .expressions import DocumentValue, lower_cell, lower_expression
from .expressions import Scope as Names
from .graph_flow import Known
from .graph_order import Order, way_without
from .node_values import constant_of, given_value
from .report import Report
from .scope import Scope, suggestion

Model = TypeVar("Model", bound=Envelope)

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_VAR = re.compile(r"\bvars\.([a-z][a-z0-9_]*)")
NOUNS = {
    "Experiment": "experiment",
    "Bandit": "bandit",
    "Model": "model",
    "FeatureView": "feature view",
    "Ruleset": "ruleset",
}


@dataclass(frozen=True, slots=True)
class Around:
    """The workspace as rulesets see it: sound documents by kind and name, and what was lowered of them so far."""

    scope: Scope
    documents: Mapping[str, Mapping[str, Document]]
    segments: frozenset[str]
    nodes: NodeKinds
    experiments: Mapping[str, Experiment]
    rulesets: Mapping[str, Ruleset]
    told: set[Finding] = field(default_factory=set)
    """Findings about expressions of other documents, each told once however many nodes evaluate it."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """What a ruleset declares around its nodes."""

    context: tuple[Field, ...]
    output: tuple[Field, ...]
    event: str | None


class Surroundings:
    """One ruleset around its nodes."""

    __slots__ = ("around", "document", "names", "order", "report", "shapes", "sink", "wider")

    def __init__(self, document: Document, around: Around, shapes: Shapes, order: Order, sink: Sink) -> None:
        self.document, self.around, self.shapes, self.order, self.sink = document, around, shapes, order, sink
        self.report = Report(document.resource, document.yaml.spans, sink)
        catalogue = around.scope.catalogue
        about = catalogue.event(shapes.event) if shapes.event is not None else None
        self.names = Names.of(catalogue, context=shapes.context, event=about, segments=around.segments)
        self.wider: dict[Any, Names] = {}

    def names_with(self, known: Known, views: Known) -> Names:
        """The scope with these vars and features; nodes that know the same share it."""
        key = (frozenset(known.some.items()), frozenset(views.some.items()), known.widened)
        if key not in self.wider:
            widened = frozenset(f"vars.{name}" for name in known.widened)
            self.wider[key] = self.names.having(vars=known.some, features=views.some, widened=widened)
        return self.wider[key]


class NodeLowering:
    """The compiler's side of a node; see `engine.nodes.lowering.Lowering` for what each method gives."""

    def __init__(
        self,
        surroundings: Surroundings,
        name: str,
        known: Known,
        views: Known,
        setters: Mapping[str, set[str]],
    ) -> None:
        self.name = name
        self.failed = False
        self._in = surroundings
        self._known = known
        self._views = views
        self._setters = setters
        self._report = surroundings.report
        self._spans = surroundings.document.yaml.spans
        self._prefix: Path = ("nodes", name)

    @property
    def catalogue(self) -> Catalogue:
        """The profile's."""
        return self._in.around.scope.catalogue

    @property
    def context(self) -> tuple[Field, ...]:
        """The ruleset's context."""
        return self._in.shapes.context

    @property
    def output(self) -> tuple[Field, ...]:
        """The ruleset's output."""
        return self._in.shapes.output

    @property
    def event(self) -> str | None:
        """The event type that decisions may be about."""
        return self._in.shapes.event

    def add(
        self,
        code: str,
        path: Path,
        message: str,
        *,
        label: str = "",
        help: Iterable[str] = (),  # noqa: A002 - the finding's own word
        related: Iterable[Related] = (),
    ) -> None:
        """A finding at a value."""
        self._report.add(code, (*self._prefix, *path), message, label=label, help=help, related=related)
        self._note()

    def at_key(self, code: str, path: Path, message: str, *, help: Iterable[str] = ()) -> None:  # noqa: A002 - as in `add`
        """A finding at a key."""
        self._report.at_key(code, (*self._prefix, *path), message, help=help)
        self._note()

    def _note(self) -> None:
        """Take over whether the finding was an error; the report is the whole ruleset's."""
        self.failed = self.failed or self._report.failed
        self._report.failed = False

    def relate(self, message: str, path: Path) -> Related:
        """A second place of the node."""
        return Related(message, self._spans.value((*self._prefix, *path)))

    def know(self, name: str, kind: ValueType) -> None:
        """From here on the node's expressions may read this var."""
        self._known = self._known.having({name: kind})

    def elsewhere(self, target: Target[object]) -> NodeLowering:
        """The same for findings about another document."""
        other = NodeLowering(self._in, self.name, self._known, self._views, self._setters)
        document = self._document(target)
        other._report = Report(target.resource, document.yaml.spans, self._in.sink)
        other._spans = document.yaml.spans
        other._prefix = ()
        return other

    def _document(self, target: Target[object]) -> Document:
        kinds = self._in.around.documents.values()
        return next(each for kind in kinds for each in kind.values() if each.resource == target.resource)

    def expression(self, text: str, path: Path, expected: ValueType | None = None) -> Expression | None:
        """The meaning of an expression of this node."""
        for name in _vars_in(text) & self._known.clashing:
            self._not_set(f"vars.{name}", text, path)
            return None
        place = DocumentValue(self._spans, (*self._prefix, *path), self._report.resource)
        found = lower_expression(text, self._scope(), place, self._in.sink, expected=expected)
        if found is None:
            self.failed = True
        return found if found is None or self._is_set(found, text, path) else None

    def literal_or_expression(self, value: Any, path: Path, expected: ValueType | None = None) -> Expression | None:
        """As `expression`; numbers, true and false stand for themselves."""
        if isinstance(value, str):
            return self.expression(value, path, expected)
        found, problem = given_value(value, expected)
        if problem:
            self.add("T113", path, problem)
        return found

    def foreign(self, target: Target[object], text: str, path: Path, expected: ValueType) -> Expression | None:
        """The meaning of another document's expression, evaluated at this node."""
        spans = self._document(target).yaml.spans
        inner = Sink()
        found = lower_expression(
            text, self._scope(), DocumentValue(spans, path, target.resource), inner, expected=expected
        )
        fresh = [each for each in inner.findings() if each not in self._in.around.told]
        self._in.around.told.update(fresh)
        self._in.sink.extend(fresh)
        if found is None:
            self.failed = True
        return found if found is None or self._is_set(found, text, ()) else None

    def _scope(self) -> Names:
        return self._in.names_with(self._known, self._views)

    def _is_set(self, expression: Expression, text: str, path: Path) -> bool:
        """Whether every var and view that is read was set on every way here; a finding tells of one that was not."""
        for part in parts(expression):
            if isinstance(part, Name) and part.root in {"vars", "features"} and part.path:
                known = self._known if part.root == "vars" else self._views
                if part.path[0] not in known.sure:
                    self._not_set(f"{part.root}.{part.path[0]}", text, path)
                    return False
        return True

    def _not_set(self, name: str, text: str, path: Path) -> None:
        way = way_without(self.name, self._in.order, frozenset(self._setters.get(name, ())))
        if way is None or name.removeprefix("vars.") in self._known.clashing:
            why = "has different types on different ways here"
            help_ = ("give them different names",)
        else:
            shown = way if len(way) < 10 else [*way[:4], "…", *way[-4:]]
            what = "set" if name.startswith("vars.") else "read"
            why = f"is not {what} on the way {' → '.join(f'`{each}`' for each in shown)}"
            help_ = ("set it on every way that leads here",)
        full = (*self._prefix, *path)
        start = text.find(name)
        span = self._spans.inside(full, start, start + len(name)) if path and start >= 0 else self._spans.value(full)
        self._report.add("G005", full, f"`{name}` {why}", help=help_, span=span)
        self._note()

    def cell(self, value: Any, column: ValueType, path: Path) -> CellTest | None:
        """The meaning of a cell."""
        place = DocumentValue(self._spans, (*self._prefix, *path), self._report.resource)
        found = lower_cell(value, column, place, self._in.sink)
        self.failed = self.failed or found is None
        return found

    def constant(self, value: Any, wanted: Field, path: Path, code: str) -> Any:
        """A constant in the form of a field."""
        found, problem = constant_of(value, wanted)
        if problem:
            self.add(code, path, problem)
        return found

    def bandit(self, name: str, path: Path) -> Target[BanditDocument] | None:
        """The bandit that is named."""
        return self._target(BanditDocument, name, path)

    def model(self, name: str, path: Path) -> Target[ModelDocument] | None:
        """The model that is named."""
        return self._target(ModelDocument, name, path)

    def feature_view(self, name: str, path: Path) -> Target[FeatureViewDocument] | None:
        """The feature view that is named."""
        return self._target(FeatureViewDocument, name, path)

    def _target(self, model: type[Model], name: str, path: Path) -> Target[Model] | None:
        found = self._in.around.documents.get(model.kind_name, {}).get(name)
        if found is not None:
            return Target(found.read_as(model), found.resource)
        self._unknown(model.kind_name, name, path)
        return None

    def experiment(self, name: str, path: Path) -> Experiment | None:
        """The experiment that is named."""
        found = self._in.around.experiments.get(name)
        if found is None:
            self._unknown("Experiment", name, path)
        return found

    def ruleset(self, name: str, path: Path) -> Ruleset | None:
        """The ruleset that is named."""
        found = self._in.around.rulesets.get(name)
        if found is None:
            self._unknown("Ruleset", name, path)
        return found

    def _unknown(self, kind: str, name: str, path: Path) -> None:
        """A finding for a name that nothing declares; what is declared but unsound has findings of its own."""
        self.failed = True
        scope = self._in.around.scope
        if not scope.has(kind, name):
            message = f"`{name}` is not {with_article(NOUNS[kind])} of this workspace"
            self.add("G004", path, message, help=scope.suggestion(kind, name))

    def certain(self, expression: Expression) -> bool:
        """Whether the value is never missing."""
        is_key = isinstance(expression, Name) and (expression.root, expression.path) == (
            "profile",
            (self.catalogue.key,),
        )
        return is_key or certain(expression)

    def fits(self, value: Expression, declared: Field, path: Path) -> bool:
        """Whether the value surely is one of the declared ones."""
        if not declared.values or _only(value, frozenset(declared.values)):
            return True
        shown = ", ".join(f"`{each}`" for each in declared.values[:8])
        message = f"`{declared.name}` may get another value than those declared: {shown}"
        self.add("T113", path, message, help=("map it with a table or a conditional",))
        return False

    def type_of(self, declared: Field) -> ValueType:
        """The type of a declared field's value."""
        return type_of_field(declared)

    def object_of(self, fields: Iterable[Field]) -> ValueType:
        """The type of an object with these fields."""
        return object_type(fields)

    def suggestion(self, name: str, names: Iterable[str], what: str) -> tuple[str, ...]:
        """Help for an unknown name."""
        return suggestion(name, list(names), what)


def _vars_in(text: str) -> set[str]:
    """The vars that a text seems to name, quoted texts aside."""
    return set(_VAR.findall(_QUOTED.sub("", text)))


def _only(value: Expression, allowed: frozenset[str]) -> bool:
    """Whether an expression surely yields one of the allowed texts (or a list of them), or nothing."""
    if isinstance(value, Value):
        return value.value is None or value.value in allowed
    if isinstance(value, Conditional):
        return _only(value.then, allowed) and _only(value.otherwise, allowed)
    if isinstance(value, ArrayOf):
        return all(_only(item, allowed) for item in value.items)
    kind = value.type.of or value.type
    return bool(kind.values) and set(kind.values) <= allowed
