"""Rulesets as Python functions: generated when a bundle is loaded, never per request.

A ruleset without effects is one plain function, one with effects one generator function; both take
`(p, c, e, now, member, path, trace, log)`: canonical profile, context and event, the instant, the membership test, two
lists that record what was done, and the decision's `Log`. A second function of the same kind also traces; it is
generated on the first request for a trace.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, TypeAlias

from ...ir.checked import check_experiment, check_ruleset
from ...ir.codec import DecodeError
from ...ir.expression import Expression, Name
from ...ir.expression_reads import parts, reads
from ...ir.graph import Experiment, GraphNode, Ruleset
from ...ir.types import Catalogue
from ...nodes.kind import NodeKind, NodeKinds
from ..expressions import Env
from ..needs import NEEDS, Need
from ..privacy import Privacy
from .read_plan import write_plan
from .source import Source
from .writer import RulesetWriter

_ROOTS = {"profile": "p", "context": "c", "event": "e"}
_FEATURES = re.compile(r"\bf\b")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
PARAMETERS = "p, c, e, now, member, path, trace, log"

Run: TypeAlias = Callable[..., Any]
Plan: TypeAlias = Callable[..., list[Need | None]]


def present(items: dict[str, Any]) -> dict[str, Any]:
    """The items that are not missing."""
    return {key: value for key, value in items.items() if value is not None}


def own(value: Any) -> Any:
    """The same JSON data, sharing no list and no object with what it was made of."""
    if isinstance(value, dict):
        return {key: own(item) for key, item in value.items()}
    return [own(item) for item in value] if isinstance(value, list | tuple) else value


def _tells_all(_expression: Expression) -> bool:
    """Nothing is private where there is no trace to hide it from."""
    return False


_GLOBALS: Mapping[str, Any] = {
    "__builtins__": {},
    **{need.__name__: need for need in NEEDS},
    "own": own,
    "present": present,
    "tuple": tuple,
}


@dataclass(slots=True, eq=False, repr=False)
class Function:
    """One ruleset, ready to run.

    `asks`: it is a generator. `logs`: it needs a `Log`. `segments`: those that it may ask for.
    """

    ruleset: Ruleset
    asks: bool
    logs: bool
    segments: frozenset[str]
    functions: Functions = field(repr=False)
    _run: dict[bool, Run] = field(default_factory=dict)

    def run(self, *, tracing: bool = False) -> Run:
        """The function, generated on first use."""
        found = self._run.get(tracing)
        if found is None:
            with self.functions.lock:
                found = self._run.get(tracing) or self.functions.compile(self, tracing=tracing)
                self._run[tracing] = found
        return found


class Functions:
    """The functions of all rulesets of a program; `lock` is held while one is made."""

    __slots__ = ("_catalogue", "_experiments", "_functions", "_kinds", "_open", "_private", "_rulesets", "lock")

    def __init__(
        self,
        rulesets: Mapping[str, Ruleset],
        experiments: Mapping[str, Experiment],
        catalogue: Catalogue,
        kinds: NodeKinds,
    ) -> None:
        self._rulesets = rulesets
        self._experiments = experiments
        self._catalogue = catalogue
        self._kinds = kinds
        self._functions: dict[str, Function] = {}
        self._open: set[str] = set()
        self._private: Privacy | None = None
        self.lock = RLock()

    def of(self, name: str) -> Function:
        """The function of a ruleset; raises KeyError for an unknown one."""
        found = self._functions.get(name)
        if found is None:
            with self.lock:
                found = self._functions.get(name) or self._new_function(name)
                self._functions[name] = found
        return found

    def _new_function(self, name: str) -> Function:
        ruleset = check_ruleset(self._rulesets[name])
        if ruleset.name != name:
            raise DecodeError(f"ruleset `{name}` is damaged: it has another name inside")
        if name in self._open:
            raise DecodeError(f"ruleset `{name}` is damaged: it calls itself")
        self._open.add(name)
        try:
            return self._describe(ruleset)
        finally:
            self._open.discard(name)

    def _describe(self, ruleset: Ruleset) -> Function:
        nodes, experiments = ruleset.nodes, self._experiments
        for node in nodes:
            self._check_names(node)
        kinds = [self._kind_of(node) for node in nodes]
        called = [self.of(call.ruleset) for node in nodes if (call := node.call()) is not None]
        asks = any(kind.asks(node, experiments) for kind, node in zip(kinds, nodes, strict=True))
        logs = any(kind.logs for kind in kinds)
        segments = {name for node in nodes for item in node.expressions() for name in reads(item).segments}
        return Function(
            ruleset,
            asks or any(each.asks for each in called),
            logs or any(each.logs for each in called),
            frozenset(segments).union(*(each.segments for each in called)),
            self,
        )

    def _kind_of(self, node: GraphNode) -> NodeKind[Any]:
        try:
            return self._kinds.of(node)
        except KeyError:
            raise DecodeError(f"`{node.name}` is a node of a kind that is not known here, `{node.kind}`") from None

    def _check_names(self, node: GraphNode) -> None:
        """Check that the documents that a node names exist and are sound. Raises DecodeError."""
        for kind, name in node.references():
            if kind == "Ruleset" and name not in self._rulesets:
                raise DecodeError(f"ruleset `{name}` is called, but does not exist")
            if kind == "Experiment":
                if name not in self._experiments:
                    raise DecodeError(f"experiment `{name}` is used, but does not exist")
                check_experiment(self._experiments[name])

    def compile(self, function: Function, *, tracing: bool) -> Run:
        """The compiled Python function of a ruleset."""
        names = var_names(function.ruleset)
        early = early_reads(function.ruleset)
        env = Env(known={("vars", name): f"v{number}" for number, name in enumerate(names)}, source=Source(_GLOBALS))
        env.known.update({name: f"x{number}" for number, name in enumerate(early)})

        def callee(name: str) -> tuple[str, bool]:
            other = self.of(name)
            return env.bind(other.run(tracing=tracing), "run"), other.asks

        body = self._writer(function.ruleset, env, callee, tracing=tracing).write()
        head = []
        if function.asks:
            head.append("if False: yield")  # a generator, even where the nodes that ask are not reached
        head += [f"v{number} = None" for number in range(len(names))]
        head += [f"x{number} = {_ROOTS[root]}.get({name!r})" for number, (root, name) in enumerate(early)]
        if any(_FEATURES.search(line) for line in body):
            head.append("f = {}")
        run: Run = env.source.function("run", PARAMETERS, [*head, *body], f"ruleset {function.ruleset.name}")
        return run

    def _writer(
        self, ruleset: Ruleset, env: Env, callee: Callable[[str], tuple[str, bool]], *, tracing: bool
    ) -> RulesetWriter:
        private = self._privacy().test(ruleset) if tracing else _tells_all
        return RulesetWriter(ruleset, env, self._kinds, self._experiments, callee, private, tracing)

    def _privacy(self) -> Privacy:
        """What is personal in each ruleset. That depends on its callers, so all must be sound. Raises DecodeError."""
        if self._private is None:
            rulesets = {name: self.of(name).ruleset for name in self._rulesets}
            self._private = Privacy(rulesets, self._catalogue)
        return self._private

    def plan(self, function: Function) -> Plan | None:
        """A function from profile, context, event and now to the needs that they determine; None when none is."""
        env = Env(source=Source(_GLOBALS))

        def callee(name: str) -> str | None:
            inner = self.plan(self.of(name))
            return None if inner is None else env.bind(inner, "plan")

        writer = self._writer(function.ruleset, env, lambda name: (name, False), tracing=False)
        body = write_plan(writer, callee)
        if not body:
            return None
        found: Plan = env.source.function("run", "p, c, e, now", body, f"read plan {function.ruleset.name}")
        return found


def early_reads(ruleset: Ruleset) -> list[tuple[str, str]]:
    """Facts (root, name) that every decision reads and that more than one place reads: worth a local."""
    counts: Counter[tuple[str, str]] = Counter()
    always: dict[tuple[str, str], None] = {}
    at: str | None = ruleset.start
    for node in ruleset.nodes:
        expressions, certain_ones = list(node.expressions()), list(node.surely())
        for expression in expressions:
            found = [(part.root, part.path[0]) for part in parts(expression) if isinstance(part, Name) and part.path]
            counts.update(found)
            if node.name == at and expression in certain_ones:
                always.update(dict.fromkeys(found))
        ways = list(node.ways())
        if node.name == at:
            at = ways[0] if len(ways) == 1 else None
    return [name for name in always if counts[name] > 1 and name[0] in _ROOTS]


def var_names(ruleset: Ruleset) -> list[str]:
    """Every var that the nodes set or read, sorted. Raises DecodeError for one that is not a proper name."""
    found: set[str] = set()
    for node in ruleset.nodes:
        found.update(node.binds())
        for expression in node.expressions():
            found.update(path.partition(".")[0] for path in reads(expression).vars)
    strange = [name for name in found if not _NAME.fullmatch(name)]
    if strange:
        raise DecodeError(f"ruleset `{ruleset.name}` is damaged: a var has no proper name")
    return sorted(found)
