"""A kind of node that decisor does not have: it asks how a person is greeted, and binds the answer.

It is all that a kind consists of: what is asked, the class, its source, its shape, its meaning, how it is told, and
the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from engine.ir.expression import STRING, Expression, Name
from engine.ir.frozen import frozen
from engine.ir.graph import Experiments, GraphNode, Personal, Secrets
from engine.nodes.authoring import Authoring
from engine.nodes.kind import LookUp, NodeKind, always
from engine.nodes.kinds import NODE_KINDS
from engine.nodes.lowering import Lowered, Lowering
from engine.nodes.shape import NodeShape
from engine.nodes.telling import DrawnWay, Look, Steps
from engine.nodes.writing import Writer
from engine.operators.phrases import expression_text
from engine.runtime.needs import Got, Need
from engine.shapes.forms import Expression as Written
from engine.shapes.forms import Name as WrittenName


@dataclass(frozen=True, slots=True)
class Greeting(Need):
    """How a person is greeted."""

    kind = "greeting"

    person: str
    timeout: int = 20

    @property
    def name(self) -> str:
        return "greeting"

    def fallback_value(self) -> str:
        return "Hello"

    def accept(self, got: Got) -> Got | None:
        return got if isinstance(got.value, str) else None


class Greeter:
    """Greets everybody by name, and remembers the calls."""

    blocks = False

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def answer(self, needs: Sequence[Greeting], _deadline: float) -> list[Got]:
        self.calls.append([need.person for need in needs])
        return [Got(f"Dear {need.person}", "ok") for need in needs]


@frozen
class GreetNode(GraphNode):
    """Binds the greeting and goes to `then`; without a person to `otherwise`."""

    kind: ClassVar[str] = "greet"
    name: str
    person: Expression
    bind: str
    then: str
    otherwise: str

    def expressions(self) -> Iterable[Expression]:
        return (self.person,)

    def ways(self) -> Iterable[str]:
        return (self.then, self.otherwise)

    def binds(self) -> Iterable[str]:
        return (self.bind,)

    def personal(self, secrets: Secrets) -> Personal:
        return Personal((self.bind,) if secrets.is_revealed_by(self.expressions()) else ())


def write_greet(node: GreetNode, writer: Writer) -> None:
    need, got = writer.name("need"), writer.name("got")
    writer.line(f"{need} = {greeting(node, writer)}")
    writer.ask(f"({need},)")
    with writer.block(f"if {need} is None:"):
        writer.note(node, "'nobody'", status="'none'")
        writer.go(node.otherwise)
    with writer.block("else:"):
        writer.line(f"{got} = log.take({node.name!r}, {need})")
        writer.line(f"{writer.var(node.bind)} = {got}[0]")
        seen = writer.traced_members({"person": node.person, f"vars.{node.bind}": Name("vars", (node.bind,), STRING)})
        writer.note(node, "'greeted'", status=f"{got}[1]", seen=seen)
        writer.go(node.then)


def greeting(node: GreetNode, writer: Writer) -> str:
    person = writer.name("person")
    known = f"({person} := {writer.value(node.person)}) is not None"
    return f"{writer.bind(Greeting, 'Greeting')}({person}) if {known} else None"


def look_ups(node: GreetNode, _experiments: Experiments) -> Iterable[LookUp]:
    return (LookUp("greeting", node.name, (node.person,), lambda writer: greeting(node, writer)),)


class GreetShape(NodeShape):
    """Asks how somebody is greeted, and binds the answer."""

    greet: Written = Field(description="Who is greeted.")
    bind: WrittenName = Field(alias="as", description="The name below `vars` that the greeting gets.")
    then: WrittenName = Field(description="The node to go to with the greeting.")
    otherwise: WrittenName = Field(description="The node to go to where nobody is there to greet.")


def lower_greet(shape: GreetShape, lowering: Lowering) -> Lowered:
    person = lowering.expression(shape.greet, ("greet",), STRING)
    known = {shape.bind: STRING}
    if person is None:
        return Lowered(None, known)
    return Lowered(GreetNode(lowering.name, person, shape.bind, shape.then, shape.otherwise), known)


def box_lines(node: GreetNode) -> Iterator[str]:
    yield f"greets {expression_text(node.person)}"


def arrows(node: GreetNode, _experiments: Experiments) -> Iterator[DrawnWay]:
    yield DrawnWay(node.then, "greeted")
    yield DrawnWay(node.otherwise, "nobody", last=True)


def steps(node: GreetNode, around: Steps, _experiments: Experiments) -> Iterator[str]:
    yield f"greet {expression_text(node.person)} as vars.{node.bind}, {around.next_step(node.then)}"
    yield f"nobody {around.to(node.otherwise)}"


def outcomes(_node: GreetNode) -> Iterator[str]:
    yield from ("greeted", "nobody")


def outcomes_seen(entry: Mapping[str, Any]) -> Iterator[str]:
    yield entry["outcome"]


def outcome_text(entry: Mapping[str, Any]) -> str:
    return f"{entry['outcome']}, {entry['status']}"


GREET = NodeKind(
    node=GreetNode,
    write=write_greet,
    traced=("status",),
    asks=always,
    logs=True,
    look_ups=look_ups,
    authoring=lambda: Authoring(
        shape=GreetShape,
        lower=lower_greet,
        look=Look("round", "#ffffff", "#000000"),
        box_lines=box_lines,
        arrows=arrows,
        steps=steps,
        outcomes=outcomes,
        outcomes_seen=outcomes_seen,
        outcome_text=outcome_text,
    ),
)
KINDS = NODE_KINDS.having(GREET)
