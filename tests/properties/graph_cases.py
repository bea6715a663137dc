"""Generated rulesets, facts and answers from outside, small but of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from engine.experiments import hash53
from engine.ir.cells import AnyValue, CellTest, Equals, Missing, Negated, OneOf, Range
from engine.ir.expression import (
    DATETIME,
    FLOAT,
    INTEGER,
    STRING,
    Arithmetic,
    Clock,
    Coalesce,
    Compare,
    CompareName,
    Contains,
    Expression,
    InSegment,
    IsMissing,
    Logic,
    Name,
    Negation,
    Value,
    ValueType,
)
from engine.ir.graph import Arm, CellValue, Experiment, FeatureView, GraphNode, Layer, Model, Phase, Ruleset, SetItem
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field
from engine.nodes.bandit.node import BanditArm, BanditNode
from engine.nodes.cap.node import CapNode
from engine.nodes.experiment.node import ExperimentNode
from engine.nodes.features.node import FeatureRead, FeaturesNode
from engine.nodes.model.node import ModelNode
from engine.nodes.output.node import OutputNode
from engine.nodes.ruleset.node import RulesetNode
from engine.nodes.set.node import SetNode
from engine.nodes.switch.node import SwitchCase, SwitchNode
from engine.nodes.table.node import Collect, HitPolicy, TableInput, TableNode, TableRow
from engine.runtime.needs import Choose, CountUses, Got, Need, Predict, ReadFeatures, Recall, fallback_of

STRINGS = ValueType("array", of=STRING)
CATALOGUE = Catalogue(
    "customer",
    "customer_id",
    (
        Field("country", "keyword"),
        Field("spend", "number"),
        Field("orders", "integer"),
        Field("joined", "date"),
        Field("tags", "keyword", many=True),
        Field("email", "keyword", personal=True),
    ),
)
COUNTRIES = ("US", "CA", "DE", "Zürich 🎵")
INSTANTS = ("2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "2026-06-30T12:00:00.000Z")
SEGMENTS = ("vip", "lost", "new")
OUTPUT = (Field("label", "keyword"), Field("count", "integer"), Field("score", "number"))

TEXTS: tuple[Expression, ...] = (
    Name("profile", ("country",), STRING),
    Name("profile", ("email",), STRING),
    Name("context", ("channel",), STRING),
    Name("vars", ("text",), STRING),
    Name("vars", ("table", "label"), STRING),
    Name("vars", ("pick", "arm"), STRING),
    Value("US", STRING),
)
NUMBERS: tuple[Expression, ...] = (
    Name("profile", ("spend",), FLOAT),
    Name("vars", ("number",), FLOAT),
    Name("vars", ("model", "score"), FLOAT),
    Value(2.5, FLOAT),
)
COUNTS: tuple[Expression, ...] = (
    Name("profile", ("orders",), INTEGER),
    Name("features", ("activity", "visits"), INTEGER),
    Name("vars", ("count",), INTEGER),
    Value(3, INTEGER),
)
DATES: tuple[Expression, ...] = (Name("profile", ("joined",), DATETIME), Clock())
TAGS = Name("profile", ("tags",), STRINGS)
EQUALITY: tuple[CompareName, ...] = ("==", "!=")
ORDER: tuple[CompareName, ...] = ("<", "<=", ">", ">=", "==")
HITS: tuple[HitPolicy, ...] = ("unique", "first", "priority", "any", "collect", "rule_order")
FOLDS: tuple[Collect, ...] = ("list", "sum", "min", "max", "count")
UNIT = Name("profile", ("customer_id",), STRING)


COLUMNS: tuple[tuple[Expression, Sequence[Any]], ...] = (
    (TEXTS[0], COUNTRIES[:3]),
    (NUMBERS[0], (0.0, 2.5, 10.0, 99.5)),
    (COUNTS[0], (0, 1, 3, 2**53 + 1)),
    (DATES[0], INSTANTS),
    (TAGS, ("a", "b", "c")),
    (InSegment("vip"), (True, False)),
    (NUMBERS[1], (0.0, 2.5)),
    (COUNTS[1], (0, 3)),
)


VIEW = FeatureView("activity", "customer_id", (Field("visits", "integer"),), (("visits", 1),))
MODEL = Model("churn", "7", (Field("spend", "number"),), (Field("score", "number"),), (("score", 0.25),))
EXPERIMENTS = {
    "plain": Experiment(
        "plain", "customer_id", "control", (Phase(1, (Arm("control", 500_000), Arm("other", 500_000)), salt="plain"),)
    ),
    "partial": Experiment(
        "partial",
        "customer_id",
        "control",
        (Phase(1, (Arm("control", 300_000), Arm("other", 700_000)), 600_000, "partial"),),
        Layer("home", "home", 100_000),
        ((0, 700_000),),
        sticky=True,
    ),
}
ARMS = ("blue", "green", "red")


@dataclass(frozen=True, slots=True)
class World:
    """A program and the facts of one decision."""

    program: Program
    profile: dict[str, Any]
    context: dict[str, Any]
    segments: frozenset[str]
    seed: str
    now: str


Later = Callable[[], str]


class Cases:
    """Draws rulesets and facts from one source of chance."""

    def __init__(self, source: Random) -> None:
        self.source = source

    def condition(self, depth: int = 2) -> Expression:
        """A boolean expression over anything."""
        pick = self.source.choice
        match self.source.randrange(9 if depth else 6):
            case 0:
                return InSegment(pick(SEGMENTS))
            case 1:
                return Compare(pick(EQUALITY), pick(TEXTS), pick(TEXTS))
            case 2:
                pool = pick((NUMBERS, COUNTS, DATES))
                return Compare(pick(ORDER), pick(pool), pick(pool))
            case 3:
                return Contains(TAGS, Value(pick("abc"), STRING))
            case 4 | 5:
                return IsMissing(pick((*TEXTS, *NUMBERS, *COUNTS)))
            case 6:
                return Negation(self.condition(depth - 1))
        items = tuple(self.condition(depth - 1) for _ in range(self.source.randint(2, 3)))
        return Logic("and" if self.source.random() < 0.5 else "or", items)

    def value(self, name: str) -> Expression:
        """A text, a number or a whole number."""
        pick = self.source.choice
        if name == "text":
            return pick(TEXTS)
        if name == "count":
            return pick(COUNTS)
        match self.source.randrange(3):
            case 0:
                return Arithmetic("+", pick(NUMBERS), pick(NUMBERS), FLOAT)
            case 1:
                return Coalesce(pick(NUMBERS), Value(0.0, FLOAT), FLOAT)
        return pick(NUMBERS)

    def cell(self, constants: Sequence[Any]) -> CellTest:
        """A test of one column, constants among those given."""
        pick = self.source.choice
        kind = self.source.randrange(8)
        if kind <= 1:
            return AnyValue()
        if kind == 2:
            return Equals(pick(constants))
        if kind == 3:
            return OneOf(tuple(sorted({pick(constants) for _ in range(self.source.randint(1, 5))})))
        if kind == 4:
            return Missing()
        if kind == 7:
            return Negated(self.cell(constants))
        if isinstance(constants[0], bool):
            return Equals(pick(constants))
        low, high = sorted([pick(constants), pick(constants)])
        bounds = pick([(low, high), (low, None), (None, high)])
        return Range(*bounds, pick((True, False)), pick((True, False)))

    def table(self, name: str, then: str | None, otherwise: str | None) -> TableNode:
        """A decision table over some of the columns, with any hit policy."""
        pick = self.source.choice
        columns = [pick(COLUMNS) for _ in range(self.source.randint(1, 3))]
        hit = pick(HITS)
        collect = pick(FOLDS) if hit == "collect" else "list"
        outputs = OUTPUT[1:] if collect in {"sum", "min", "max"} else OUTPUT
        rows = []
        for index in range(self.source.choice((1, 2, 3, 5, 9, 30))):
            values: dict[str, CellValue] = {"label": f"row_{index}", "count": index, "score": index / 4}
            said = tuple(None if self.source.random() < 0.2 else values[field.name] for field in outputs)
            tests = tuple(self.cell(constants) for _, constants in columns)
            rows.append(TableRow(tests, said, self.source.randint(0, 2) if hit == "priority" else 0))
        inputs = tuple(TableInput(expression, f"column {place}") for place, (expression, _) in enumerate(columns))
        bind = "rows" if hit == "rule_order" or (hit == "collect" and collect in {"list", "count"}) else "table"
        return TableNode(name, hit, inputs, outputs, tuple(rows), collect, bind if then else None, then, otherwise)

    def node(self, place: int, names: Sequence[str], inner: str | None) -> GraphNode:
        """A node of any kind that leads to later ones."""
        name = names[place]

        def later() -> str:
            return names[self.source.randrange(place + 1, len(names))]

        kinds = [self.switch, self.decision, self.decision, self.named, self.features, self.model]
        kinds += [self.experiment, self.bandit, self.cap]
        if inner and self.source.random() < 0.2:
            context = (SetItem("channel", self.value("text")),) if self.source.random() < 0.5 else ()
            return RulesetNode(name, inner, context, "table", later())
        return self.source.choice(kinds)(name, later)

    def perhaps(self, later: Later) -> str | None:
        """Somewhere or nowhere."""
        return later() if self.source.random() < 0.5 else None

    def switch(self, name: str, later: Later) -> GraphNode:
        """A short or a long one."""
        cases = [SwitchCase(self.condition(), later()) for _ in range(self.source.choice((1, 2, 3, 40)))]
        return SwitchNode(name, tuple(cases), later())

    def decision(self, name: str, later: Later) -> GraphNode:
        """A table that goes on, or ends."""
        return self.table(name, self.perhaps(later), self.perhaps(later))

    def named(self, name: str, later: Later) -> GraphNode:
        """Up to three vars."""
        bound = self.source.sample(("text", "number", "count"), self.source.randint(1, 3))
        return SetNode(name, tuple(SetItem(each, self.value(each)) for each in bound), later())

    def features(self, name: str, later: Later) -> GraphNode:
        """Features of an entity that may be missing."""
        return FeaturesNode(name, (FeatureRead(VIEW, self.source.choice((UNIT, *TEXTS[2:4]))),), later())

    def model(self, name: str, later: Later) -> GraphNode:
        """A call whose input may be missing."""
        return ModelNode(name, MODEL, (SetItem("spend", self.value("number")),), "model", later())

    def experiment(self, name: str, later: Later) -> GraphNode:
        """An experiment, sticky or not, of a unit that may be missing."""
        pick = self.source.choice
        arms = (("control", later()), ("other", later()))
        unit = pick((UNIT, TEXTS[2]))
        return ExperimentNode(name, pick(sorted(EXPERIMENTS)), unit, arms, later(), pick((None, "text")))

    def cap(self, name: str, later: Later) -> GraphNode:
        """A cap whose key may be missing."""
        key = self.source.choice((Value("hero", STRING), *TEXTS[2:6]))
        return CapNode(name, key, UNIT, self.source.randint(1, 3), 86_400_000, later(), later())

    def bandit(self, name: str, later: Later) -> GraphNode:
        """A pick among arms of which some may not be eligible."""
        choices = tuple(BanditArm(arm, self.condition() if self.source.random() < 0.5 else None) for arm in ARMS)
        ways: dict[str, Any] = {"then": later()}
        if self.source.random() < 0.5:
            ways = {"arms": tuple((arm, later()) for arm in ARMS)}
        features = (SetItem("orders", self.value("count")),)
        unit = self.source.choice((UNIT, TEXTS[2]))
        return BanditNode(
            name, "hero", "id", unit, choices, "green", features, "pick", otherwise=self.perhaps(later), **ways
        )

    def ruleset(self, name: str, inner: str | None = None) -> Ruleset:
        """A ruleset whose nodes lead only forward; some may not be reached."""
        count = self.source.choice((0, 1, 3, 6, 25))
        names = [f"n{place}" for place in range(count + 2)]
        nodes: list[GraphNode] = [self.node(place, names, inner) for place in range(count)]
        for last in names[count:]:
            items = (SetItem("label", self.value("text")), SetItem("count", self.value("count")))
            nodes.append(OutputNode(last, (*items, SetItem("score", self.value("number")))))
        return Ruleset(name, (Field("channel", "keyword"),), OUTPUT, tuple(nodes))

    def ruleset_world(self) -> World:
        """Two rulesets, the outer one perhaps calling the inner one, and facts with anything missing."""
        pick = self.source.choice
        rulesets = {"inner": self.ruleset("inner"), "outer": self.ruleset("outer", "inner")}
        tags = [pick("abz") for _ in range(self.source.randint(1, 3))]
        facts: dict[str, Any] = {
            "country": pick((None, *COUNTRIES)),
            "spend": pick((None, 0.0, 2.5, 9.99, 10.0, 1e9)),
            "orders": pick((None, 0, 1, 2, 3, 2**53 + 1, 2**53 + 2)),
            "joined": pick((None, *INSTANTS)),
            "tags": pick((None, tags)),
            "email": pick((None, "someone@example.org")),
        }
        profile = {"customer_id": pick(("c-1", "c-2", "ü"))}
        profile |= {name: value for name, value in facts.items() if value is not None}
        return World(
            Program("w", "UTC", CATALOGUE, experiments=EXPERIMENTS, rulesets=rulesets),
            profile,
            pick(({}, {"channel": "web"}, {"channel": "US"})),
            frozenset(name for name in SEGMENTS if self.source.random() < 0.5),
            f"s{self.source.randrange(1_000)}",
            pick(INSTANTS),
        )


@dataclass(frozen=True, slots=True)
class Oracle:
    """Answers every need from a hash of it, now and then with a failure or nonsense; equal needs, equal answers."""

    seed: str

    blocks: ClassVar[bool] = False

    def __call__(self, need: Need) -> Got:
        """The answer."""
        dice = hash53(f"{self.seed}{need!r}".encode())
        if dice % 7 == 0:
            return fallback_of(need, ("timeout", "error", "unavailable", "fallback")[dice // 7 % 4])
        if dice % 11 == 0:
            return Got({"score": "high", "arm": "none of them"}, "ok", "broken")
        return Got(self._value(need, dice), "ok", f"v{dice % 3}")

    def _value(self, need: Need, dice: int) -> Any:
        match need:
            case ReadFeatures():
                return {"visits": dice % 5} if dice % 3 else {}
            case Predict():
                return {"score": dice % 100 / 8}
            case Choose():
                arm = need.arms[dice % len(need.arms)]
                share = 1 / len(need.arms)
                return {"arm": arm, "probability": share, "distribution": dict.fromkeys(need.arms, share)}
            case Recall():
                return {"arm": ("control", "other", "gone")[dice % 3], "phase": 1} if dice % 2 else None
            case CountUses():
                return dice % 4
        return None

    def answer(self, needs: Sequence[Need], _deadline: float) -> list[Got]:
        """Every port is the same."""
        return [self(need) for need in needs]
