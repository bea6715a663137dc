"""What a node's `lower.py` works with: the ruleset around it, the workspace, and the way into the expression compiler.

The compiler implements `Lowering`; nodes know only this much of it, so that they stay below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ..diagnostics import Path, Related
from ..ir.cells import CellTest
from ..ir.expression import STRING, Expression, ValueType
from ..ir.graph import Experiment, GraphNode, Ruleset
from ..ir.types import Catalogue, Field
from ..shapes.base import DeclaredValue
from .named import BanditModel, FeatureViewModel, ModelModel

Model_co = TypeVar("Model_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A node's meaning (None with findings), and what it makes known: vars, and features by view, with their types."""

    node: GraphNode | None
    vars: Mapping[str, ValueType] = field(default_factory=dict)
    features: Mapping[str, ValueType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target(Generic[Model_co]):
    """A document that a node names: its model, and its resource for findings about it."""

    model: Model_co
    resource: str


class Lowering(Protocol):
    """One node on its way from document to meaning; paths begin at the node."""

    @property
    def name(self) -> str:
        """The node's name."""

    @property
    def catalogue(self) -> Catalogue:
        """The profile's."""

    @property
    def context(self) -> tuple[Field, ...]:
        """The ruleset's context."""

    @property
    def output(self) -> tuple[Field, ...]:
        """The ruleset's output."""

    @property
    def event(self) -> str | None:
        """The event type that the ruleset's decisions may be about."""

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
        """A finding at a value of the node."""

    def at_key(self, code: str, path: Path, message: str, *, help: Iterable[str] = ()) -> None:  # noqa: A002 - as above
        """A finding at a key of the node."""

    def expression(self, text: str, path: Path, expected: ValueType | None = None) -> Expression | None:
        """The meaning of an expression; None with findings."""

    def literal_or_expression(self, value: Any, path: Path, expected: ValueType | None = None) -> Expression | None:
        """As `expression`, where a number, true or false stands for itself."""

    def foreign(self, target: Target[object], text: str, path: Path, expected: ValueType) -> Expression | None:
        """As `expression`, for one that another document holds, but that is evaluated here; its path is there."""

    def cell(self, value: Any, column: ValueType, path: Path) -> CellTest | None:
        """The meaning of a table's cell; None with findings."""

    def constant(self, value: Any, wanted: Field, path: Path, code: str) -> Any:
        """A constant in the canonical form of a field; None with a finding of that code."""

    def bandit(self, name: str, path: Path) -> Target[BanditModel] | None:
        """The bandit that a node names; None with a finding, or silently for one that does not read well."""

    def model(self, name: str, path: Path) -> Target[ModelModel] | None:
        """The model that a node names; as `bandit`."""

    def feature_view(self, name: str, path: Path) -> Target[FeatureViewModel] | None:
        """The feature view that a node names; as `bandit`."""

    def experiment(self, name: str, path: Path) -> Experiment | None:
        """The meaning of an experiment; None with a finding, or silently for one with findings of its own."""

    def ruleset(self, name: str, path: Path) -> Ruleset | None:
        """The meaning of another ruleset; as `experiment`."""

    def certain(self, expression: Expression) -> bool:
        """Whether the value is never missing."""

    def fits(self, value: Expression, declared: Field, path: Path) -> bool:
        """Whether the value surely is one of the field's `values`; False with a finding."""

    def know(self, name: str, kind: ValueType) -> None:
        """From here on expressions of this node may read `vars.<name>`."""

    def elsewhere(self, target: Target[object]) -> Lowering:
        """The same for findings about another document; paths begin there."""

    def relate(self, message: str, path: Path) -> Related:
        """A second place of the node that matters to a finding."""

    def type_of(self, declared: Field) -> ValueType:
        """The type of a declared field's value."""

    def object_of(self, fields: Iterable[Field]) -> ValueType:
        """The type of an object with these fields."""

    def suggestion(self, name: str, names: Iterable[str], what: str) -> tuple[str, ...]:
        """Help for an unknown name: the nearest one, or what there is."""


def field_of(name: str, shape: DeclaredValue) -> Field:
    """The declared field of a shape."""
    members = shape.members or {}
    return Field(
        name,
        shape.type,  # type: ignore[arg-type] # one of the words of `FIELD_TYPES`
        many=shape.many,
        fields=tuple(field_of(each, member) for each, member in members.items()),
        values=tuple(shape.values or ()),
    )


def milliseconds(timeout: str) -> int:
    """Milliseconds of `50ms` or `2s`."""
    return int(timeout[:-2]) if timeout.endswith("ms") else int(timeout[:-1]) * 1_000


def unit_expression(lowering: Lowering, written: str | None, unit: str, path: Path) -> Expression | None:
    """Who is meant, as text: what is written, else the profile's key or the context's field of the unit's name."""
    if written is not None:
        return lowering.expression(written, (*path, "unit"), STRING)
    if unit == lowering.catalogue.key:
        return lowering.expression(f"profile.{unit}", path, STRING)
    if any(each.name == unit for each in lowering.context):
        return lowering.expression(f"context.{unit}", path, STRING)
    lowering.add(
        "X005",
        path,
        f"`{unit}` is neither the profile's key nor in the context; it is the unit here",
        help=(f"declare `{unit}` in the ruleset's `context`, or say with `unit:` what yields it",),
    )
    return None
