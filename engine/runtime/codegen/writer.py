"""Writing a rule graph as one Python function: the statements, the constants they use, and the way between nodes.

Every node kind writes its own piece (`run.py`) and says where evaluation goes on. A node that one edge alone leads to
is written where that edge ends; any other node gets a number, `at` is set to it, and the node stands further down under
`if at == number`. Nodes come in topological order, so control only ever moves forward. What a node did is noted in
`path`; the notes are held back and written together before evaluation leaves the place.

What a function may use: its parameters `p c e now member path trace log`, its dict `f` for features, a numbered local
for each var, and the globals of `functions.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ...ir.expression import Expression, InSegment, Name
from ...ir.expression_reads import parts
from ...ir.graph import Experiment, GraphNode, Ruleset
from ...ir.types import Field
from ...nodes.kind import NodeKinds
from ..border import readers_of
from ..expressions import Env, certain, emit, emit_truth
from ..trace import REDACTED

INLINE_DEPTH = 12  # nodes written inside each other; Python allows 100 levels of indentation
BLOCK = 16  # numbered nodes that one test skips together

Pending = tuple[tuple[str, str], ...]
"""Notes that are not written yet: source of a path entry, source of a trace entry (empty without tracing)."""


@dataclass(slots=True, eq=False, repr=False)
class RulesetWriter:
    """The source of one ruleset as it grows; see `engine.nodes.writing.Writer` for what nodes use of it."""

    ruleset: Ruleset
    env: Env
    kinds: NodeKinds
    experiments: Mapping[str, Experiment]
    function_of: Callable[[str], tuple[str, bool]]
    privacy: Callable[[Expression], bool]
    tracing: bool = False
    lines: list[str] = field(default_factory=list)
    _indent: int = 0
    _depth: int = 0
    _pending: Pending = ()
    _names: int = 0
    _nodes: dict[str, GraphNode] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def write(self) -> list[str]:
        """The statements of the function's body."""
        nodes = self.ruleset.nodes
        self._nodes = {node.name: node for node in nodes}
        order = {node.name: index for index, node in enumerate(nodes)}
        edges = Counter(target for node in nodes for target in node.ways())
        self._numbers = {name: order[name] for name, count in edges.items() if count > 1}
        self._node(nodes[0])
        self._blocks()
        return self.lines

    def line(self, text: str) -> None:
        """One statement, or the head of one."""
        self.lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Statements under a head; notes made inside stay inside."""
        self.line(head)
        pending = self._pending
        self._indent += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self._indent -= 1
        self._pending = pending

    def name(self, what: str) -> str:
        """A fresh local."""
        self._names += 1
        return f"{what}{self._names}"

    def value(self, expression: Expression) -> str:
        """Source of the value, None when it is missing."""
        return emit(expression, self.env)

    def frozen_value(self, expression: Expression) -> str:
        """Like `value`, for a part of a need: a list becomes a tuple, so that the need can be hashed."""
        source = self.value(expression)
        if expression.type.kind != "array":
            return source
        held = self.name("held")
        return f"(None if ({held} := {source}) is None else tuple({held}))"

    def truth(self, expression: Expression) -> str:
        """Source of True or False."""
        return emit_truth(expression, self.env)

    def certain(self, expression: Expression) -> bool:
        """Whether it is never missing."""
        return certain(expression)

    def bind(self, value: Any, name: str) -> str:
        """The name of a global that holds the object."""
        return self.env.bind(value, name)

    def readers(self, fields: tuple[Field, ...]) -> str:
        """The name of a global that reads the members of an object with these fields."""
        return self.bind(readers_of(fields), "readers")

    def is_private(self, expression: Expression) -> bool:
        """Whether it reveals something personal, so that traces leave its value out."""
        return self.privacy(expression)

    def traced_value(self, source: str, *expressions: Expression) -> str:
        """Source of a traced value that depends on these expressions; a personal one is replaced by `REDACTED`."""
        return repr(REDACTED) if any(map(self.is_private, expressions)) else source

    def callee(self, ruleset: str) -> tuple[str, bool]:
        """The name of another ruleset's function, and whether it is a generator."""
        return self.function_of(ruleset)

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name."""
        return self.experiments[name]

    def note(self, node: GraphNode, outcome: str, extra: str = "", seen: str = "", **details: str) -> None:
        """What the node did: source of the outcome, more of the path entry, and the members that only a trace has.

        The values that were `seen` stand among the other members of a trace entry, by their texts, which have a point
        or a bracket: an object of their own would cost as much again, and the garbage collector's attention.
        """
        entry = f"{{'node': {node.name!r}, 'outcome': {outcome}{extra}}}"
        trace = ""
        if self.tracing:
            told = "".join(f", {key!r}: {source}" for key, source in details.items())
            trace = f"{{'node': {node.name!r}, 'kind': {node.kind!r}, 'outcome': {outcome}{told}{seen}}}"
        self._pending = (*self._pending, (entry, trace))

    def var(self, name: str) -> str:
        """The local that holds `vars.<name>`."""
        return self.env.known["vars", name]

    def ask(self, needs: str) -> None:
        """Source of a tuple of needs: those not answered yet go to the driver."""
        self.line(f"asked = log.unanswered_needs({needs})")
        with self.block("if asked:"):
            self.line("log.store_answers(asked, (yield asked))")

    def object(self, items: Iterable[tuple[str, Expression]]) -> str:
        """Source of an object with those items that are not missing."""
        pairs = list(items)
        source = "{" + ", ".join(f"{key!r}: {self._own(item)}" for key, item in pairs) + "}"
        if all(self.certain(item) for _, item in pairs):
            return source
        made = self.name("made")
        return f"({made} if None not in ({made} := {source}).values() else present({made}))"

    def _own(self, item: Expression) -> str:
        """Lists and objects are copied, so that what is handed out shares nothing with what came in."""
        return f"own({self.value(item)})" if item.type.kind in {"array", "object", "any"} else self.value(item)

    def traced_members(self, expressions: Mapping[str, Expression]) -> str:
        """Source of members with the value of each expression, those of personal fields left out."""
        shown = [
            f"{text!r}: {REDACTED!r}" if self.is_private(item) else f"{text!r}: {self._read_source(item)}"
            for text, item in expressions.items()
        ]
        return "".join(f", {each}" for each in shown)

    def _read_source(self, item: Expression) -> str:
        """Source of a value that the node has read; None for a segment that it did not need, which stays unread."""
        return f"member.__self__.get({item.segment!r})" if isinstance(item, InSegment) else self.value(item)

    def traced_sources(self, sources: Mapping[str, str], expressions: Sequence[Expression]) -> str:
        """As `seen`, for values that stand in locals already."""
        pairs = zip(sources.items(), expressions, strict=True)
        shown = [f"{text!r}: {self.traced_value(source, item)}" for (text, source), item in pairs]
        return "".join(f", {each}" for each in shown)

    def names_of(self, *expressions: Expression) -> dict[str, Expression]:
        """Every name that the expressions read and every segment that they ask for, by its text."""
        found: dict[str, Expression] = {}
        for expression in expressions:
            for part in parts(expression):
                if isinstance(part, Name):
                    found.setdefault(".".join((part.root, *part.path)), part)
                elif isinstance(part, InSegment):
                    found.setdefault(f"in_segment({part.segment!r})", part)
        return found

    def go(self, target: str) -> None:
        """Evaluation goes on at another node."""
        if target not in self._numbers and self._depth < INLINE_DEPTH:
            self._depth += 1
            self._node(self._nodes[target])
            self._depth -= 1
            return
        if target not in self._numbers:
            self._numbers[target] = next(i for i, node in enumerate(self.ruleset.nodes) if node.name == target)
        self._write_notes()
        self.line(f"at = {self._numbers[target]}")

    def finish(self, output: str) -> None:
        """The decision: source of the output object."""
        self._write_notes()
        self.line(f"return {output}")

    def _node(self, node: GraphNode) -> None:
        self.kinds.of(node).write(node, self)

    def _write_notes(self) -> None:
        if self._pending:
            self.line(_extension("path", [entry for entry, _ in self._pending]))
        if self._pending and self.tracing:
            self.line(_extension("trace", [entry for _, entry in self._pending]))
        self._pending = ()

    def _blocks(self) -> None:
        """Numbered nodes, in their order; writing one may number later ones."""
        nodes, position = self.ruleset.nodes, 0
        while position < len(nodes):
            end = position + BLOCK
            if any(position <= number < end for number in self._numbers.values()):
                with self.block(f"if at < {end}:"):
                    for number in range(position, min(end, len(nodes))):
                        self._enter_numbered(nodes[number], number)
            position = end

    def _enter_numbered(self, node: GraphNode, number: int) -> None:
        if self._numbers.get(node.name) == number:
            self._pending = ()
            with self.block(f"if at == {number}:"):
                self._node(node)


def _extension(to: str, entries: Sequence[str]) -> str:
    """The statement that adds the entries to a list, in the quickest way."""
    return f"{to}.append({entries[0]})" if len(entries) == 1 else f"{to} += ({', '.join(entries)})"
