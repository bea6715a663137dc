"""Rule graphs: what a ruleset means once names are resolved, expressions are typed and constants are canonical.

Nodes stand in topological order from the start, so that evaluation only ever moves forward. A name that a node binds
lives in `vars`. Expressions are IR of their own (`engine.ir.expression`), table cells too (`engine.ir.cells`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from .frozen import Frozen, frozen
from .types import Field

if TYPE_CHECKING:
    from .cells import CellTest
    from .expression import Expression

HitPolicy: TypeAlias = Literal["unique", "first", "priority", "any", "collect", "rule_order"]
Collect: TypeAlias = Literal["list", "sum", "min", "max", "count"]
CellValue: TypeAlias = "str | int | float | bool | tuple[str | int | float | bool, ...] | None"

PPM = 1_000_000  # weights, coverage, holdouts and layer slots are in parts per million


@frozen
class SwitchCase(Frozen):
    """One way out of a switch; `text` is the condition as written, for traces."""

    when: Expression
    then: str
    text: str = ""


@frozen
class SwitchNode(Frozen):
    """The first case that holds says where to go, else `otherwise`."""

    name: str
    cases: tuple[SwitchCase, ...]
    otherwise: str


@frozen
class TableInput(Frozen):
    """An input column: what is looked at, and how it was written."""

    value: Expression
    text: str = ""


@frozen
class TableRow(Frozen):
    """One cell per input and one value per output (None: the row says nothing of it)."""

    cells: tuple[CellTest, ...]
    values: tuple[CellValue, ...]
    priority: int = 0


@frozen
class TableNode(Frozen):
    """A decision table; rows as written, from 1 on in traces.

    Without `then` its outputs are the decision; with it they are bound as `bind` and evaluation goes on. When no row
    is hit, evaluation goes to `otherwise`, or the outputs are missing (an empty list, 0 for sum and count).
    """

    name: str
    hit: HitPolicy
    inputs: tuple[TableInput, ...]
    outputs: tuple[Field, ...]
    rows: tuple[TableRow, ...]
    collect: Collect = "list"
    bind: str | None = None
    then: str | None = None
    otherwise: str | None = None


@frozen
class SetItem(Frozen):
    """A named expression."""

    name: str
    value: Expression
    text: str = ""


@frozen
class SetNode(Frozen):
    """Binds names one after the other; a later one may use an earlier one."""

    name: str
    items: tuple[SetItem, ...]
    then: str


@frozen
class FeatureView(Frozen):
    """What the interpreter must know of a feature view: its entity, its features and their defaults."""

    name: str
    entity: str
    features: tuple[Field, ...]
    defaults: tuple[tuple[str, CellValue], ...] = ()
    timeout: int = 20  # ms


@frozen
class FeatureRead(Frozen):
    """One view, and the expression that yields the id of whom or what to read it of."""

    view: FeatureView
    entity: Expression


@frozen
class FeaturesNode(Frozen):
    """Reads feature views; their features are then found below `features.<view>`."""

    name: str
    reads: tuple[FeatureRead, ...]
    then: str


@frozen
class Model(Frozen):
    """What the interpreter must know of a model: its signature and what holds when it fails."""

    name: str
    version: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    fallback: tuple[tuple[str, CellValue], ...] = ()


@frozen
class ModelNode(Frozen):
    """Calls a model with named inputs; its outputs are bound as one object, the fallback's after `timeout` ms."""

    name: str
    model: Model
    inputs: tuple[SetItem, ...]
    bind: str
    then: str
    timeout: int = 50


@frozen
class ExperimentNode(Frozen):
    """Assigns an arm and goes where the arm says; a unit outside the experiment goes to `otherwise`.

    `unit` yields the unit's id; `arms` are pairs of (arm, node).
    """

    name: str
    experiment: str
    unit: Expression
    arms: tuple[tuple[str, str], ...]
    otherwise: str
    bind: str | None = None


@frozen
class BanditArm(Frozen):
    """An arm, and when it may be picked (None: always)."""

    name: str
    when: Expression | None = None


@frozen
class BanditNode(Frozen):
    """Picks one of the eligible arms and binds `{arm, probability}`; goes to `then`, or where the arm says.

    When nobody can choose it is the fallback arm with probability 1 (where that may not be picked, the first that may
    be), or, where `otherwise` is given, no arm at all.
    """

    name: str
    bandit: str
    unit_type: str
    unit: Expression
    choices: tuple[BanditArm, ...]
    fallback: str
    features: tuple[SetItem, ...] = ()
    bind: str | None = None
    then: str | None = None
    arms: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None
    timeout: int = 20


@frozen
class RulesetNode(Frozen):
    """Calls another ruleset with a context; without `then` its output is the decision, with it the output is bound."""

    name: str
    ruleset: str
    context: tuple[SetItem, ...] = ()
    bind: str | None = None
    then: str | None = None


@frozen
class CapNode(Frozen):
    """Goes to `then` while the unit has had fewer than `limit` of `key` within `within` ms, else to `otherwise`.

    Going to `then` counts as one.
    """

    name: str
    key: Expression
    unit: Expression
    limit: int
    within: int
    then: str
    otherwise: str


@frozen
class OutputNode(Frozen):
    """The decision, one item per declared output that is given."""

    name: str
    items: tuple[SetItem, ...]


GraphNode: TypeAlias = (
    SwitchNode
    | TableNode
    | SetNode
    | FeaturesNode
    | ModelNode
    | ExperimentNode
    | BanditNode
    | RulesetNode
    | CapNode
    | OutputNode
)


@frozen
class Ruleset(Frozen):
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
class Arm(Frozen):
    """One arm of an experiment; the weight in parts per million."""

    name: str
    weight: int


@frozen
class Phase(Frozen):
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
class Layer(Frozen):
    """Experiments of one layer exclude each other: a unit has one slot of a million, experiments own ranges of them.

    `holdout` parts per million of the units are kept out of every experiment of the layer.
    """

    name: str
    salt: str
    holdout: int = 0


@frozen
class Experiment(Frozen):
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
