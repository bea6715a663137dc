"""Rule graphs: what a ruleset means once names are resolved, expressions are typed and constants are canonical.

Nodes stand in topological order from the start, so that evaluation only ever moves forward. A name that a node binds
lives in `vars`. Expressions are IR of their own (`engine.ir.expression`), and so is what each kind of node is made of
(`engine/nodes/<kind>/node.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, NamedTuple, Protocol, TypeAlias

from .expression import ANY, Expression, ValueType
from .frozen import Frozen, frozen
from .types import Field

CellValue: TypeAlias = "str | int | float | bool | tuple[str | int | float | bool, ...] | None"

PPM = 1_000_000  # weights, coverage, holdouts and layer slots are in parts per million


class GraphPart(Frozen):
    """What rulesets and experiments are made of. A member `text` is how the author wrote it, no part of the meaning."""

    __slots__ = ()


class Call(NamedTuple):
    """A ruleset that a node calls, and the context that it hands over."""

    ruleset: str
    context: tuple[SetItem, ...]


class Secrets(Protocol):
    """What a node may ask to say what of its own is personal."""

    def is_revealed_by(self, expressions: Iterable[Expression]) -> bool:
        """Whether one of the expressions tells something personal."""

    def is_revealed_by_output(self, ruleset: str) -> bool:
        """Whether the decision of another ruleset does."""


class Personal(NamedTuple):
    """What a node makes of something personal: vars that it binds, views that it reads, the decision that it gives."""

    vars: tuple[str, ...] = ()
    decision: bool = False
    views: tuple[str, ...] = ()


class Makes(NamedTuple):
    """The types of what a node makes: vars that it binds, feature views that it reads, outputs where it decides."""

    vars: Mapping[str, ValueType] = {}
    features: Mapping[str, ValueType] = {}
    decision: Mapping[str, ValueType] | None = None


class GraphNode(GraphPart, ABC):
    """One node of a rule graph; the class of each kind stands in the kind's folder below `engine/nodes`.

    What cannot be left out is abstract. `named` gives the kind of document that a member names. A member `arms` holds
    pairs of (arm, node).
    """

    __slots__ = ()
    kind: ClassVar[str]
    named: ClassVar[Mapping[str, str]] = {}
    name: str

    @abstractmethod
    def expressions(self) -> Iterable[Expression]:
        """Every expression, in the order in which they may be evaluated."""

    @abstractmethod
    def ways(self) -> Iterable[str]:
        """Every node that evaluation may go to next, once per way."""

    @abstractmethod
    def binds(self) -> Iterable[str]:
        """Every name below `vars` that it sets."""

    @abstractmethod
    def personal(self, secrets: Secrets) -> Personal:
        """What it makes of something personal; traces leave the values of such vars out."""

    def makes(self, outputs: Callable[[str], ValueType]) -> Makes:  # noqa: ARG002 - nodes that call a ruleset ask
        """The types of what it makes; `outputs` gives that of another ruleset's output."""
        return Makes(dict.fromkeys(self.binds(), ANY))

    def surely(self) -> Iterable[Expression]:
        """The expressions that are evaluated whenever the node is reached."""
        return self.expressions()

    def references(self) -> Iterable[tuple[str, str]]:
        """The documents that it names, as (kind, name)."""
        return [(kind, getattr(self, member)) for member, kind in self.named.items()]

    def call(self) -> Call | None:
        """The ruleset that it calls, if any."""
        return None

    def work(self) -> int:
        """The most steps that it takes, besides its expressions and a ruleset that it calls."""
        return 0

    def flaw(self) -> str | None:
        """What is wrong with a node that came out of a damaged bundle, members of another type aside."""
        return None


@frozen
class SetItem(GraphPart):
    """A named expression."""

    name: str
    value: Expression
    text: str = ""


@frozen
class FeatureView(GraphPart):
    """What the interpreter must know of a feature view: its entity, its features and their defaults."""

    name: str
    entity: str
    features: tuple[Field, ...]
    defaults: tuple[tuple[str, CellValue], ...] = ()
    timeout: int = 20  # ms


@frozen
class Model(GraphPart):
    """What the interpreter must know of a model: its signature and what holds when it fails."""

    name: str
    version: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    fallback: tuple[tuple[str, CellValue], ...] = ()


@frozen
class Ruleset(GraphPart):
    """A rule graph: the shapes around it and its nodes, the start first, each before those it leads to.

    `cost` bounds the work of one decision: expression operations and table rows on the dearest path, calls included.
    `event` is the event type that a decision may be about.
    """

    name: str
    context: tuple[Field, ...]
    output: tuple[Field, ...]
    nodes: tuple[GraphNode, ...]
    event: str | None = None
    cost: int = 0

    @property
    def start(self) -> str:
        """Where evaluation begins."""
        return self.nodes[0].name


@frozen
class Arm(GraphPart):
    """One arm of an experiment; the weight in parts per million."""

    name: str
    weight: int


@frozen
class Phase(GraphPart):
    """From `starts` (a canonical instant) on: who takes part, and with which weights.

    `number` rises by one with each phase; a new `salt` deals the units out again.
    """

    number: int
    arms: tuple[Arm, ...]
    coverage: int = PPM
    salt: str = ""
    starts: str | None = None
    ends: str | None = None


@frozen
class Layer(GraphPart):
    """Experiments of one layer exclude each other: a unit has one slot of a million, experiments own ranges of them.

    `holdout` parts per million of the units are kept out of every experiment of the layer.
    """

    name: str
    salt: str
    holdout: int = 0


@frozen
class Experiment(GraphPart):
    """An A/B test. `unit` is the unit type; `control` is the arm whose way is taken by those outside.

    `slots` are half-open ranges of the layer's slots; `holdout` is kept out before anything else.
    """

    name: str
    unit: str
    control: str
    phases: tuple[Phase, ...]
    layer: Layer | None = None
    slots: tuple[tuple[int, int], ...] = ((0, PPM),)
    holdout: int = 0
    holdout_salt: str = ""
    sticky: bool = False

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm of any phase, in the order of their first mention."""
        return tuple(dict.fromkeys(arm.name for phase in self.phases for arm in phase.arms))


Experiments: TypeAlias = Mapping[str, Experiment]
"""Experiments by their names."""
