"""Lowering one text: from syntax to the expression IR. Every problem is a note; None stands for what failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ...ir.expression import Expression, Local, Value, ValueType
from ...ir.expression_reads import children
from ...runtime.expressions import Facts, evaluate_expression
from .literals import ConstantRefusedError
from .place import Notes, Stretch
from .scope import Scope
from .syntax import shorten
from .tree import Node

Rule: TypeAlias = "Callable[[Walk, Node], Expression | None]"


class Walk:
    """Lowers one text in one scope."""

    def __init__(self, text: str, scope: Scope, notes: Notes, rules: dict[str, Rule]) -> None:
        self.text = text
        self.scope = scope
        self.notes = notes
        self.locals: dict[str, Local] = {}
        self._rules = rules

    def lower(self, node: Node) -> Expression | None:
        """The expression of a node, or None with a note."""
        return self._rules[node.kind](self, node)

    def value(self, node: Node) -> Expression | None:
        """As `lower`, for a place that computes with the value: refuses encrypted fields."""
        found = self.lower(node)
        return None if found is None or self.refuse_sealed(node, found) else found

    def refuse_sealed(self, node: Node, found: Expression) -> bool:
        """Whether it is an encrypted field, with which no one computes; then with a note."""
        if found.type.sealed is None:
            return False
        allowed = "`== null` and `!= null`" if found.type.sealed == "none" else "`==`, `!=`, `in` and `== null`"
        self.note("T112", node, "is encrypted; it is only compared", help=(f"it takes {allowed}",))
        return True

    def refuse_unsearchable(self, node: Node, found: Expression) -> bool:
        """Whether it is an encrypted field that is not searched at all; then with a note."""
        return found.type.sealed == "none" and self.refuse_sealed(node, found)

    def constant(self, node: Node, read: Callable[[], Value]) -> Value | None:
        """A constant, or a note about why it cannot be kept."""
        try:
            return read()
        except ConstantRefusedError as problem:
            self.note("T111", node, str(problem), help=problem.help)
            return None

    def condition(self, node: Node) -> Expression | None:
        """As `value`, of type boolean."""
        found = self.value(node)
        if found is None or found.type.kind == "boolean":
            return found
        help_ = "compare it, for instance with `!= null`" if found.type.kind != "null" else ""
        self.note("T104", node, f"is {type_words(found.type)}; expected true or false", help=(help_,) if help_ else ())
        return None

    def source(self, node: Node | Stretch) -> str:
        """What is written there, on one line."""
        return shorten(self.text[node.start : node.end])

    def note(
        self,
        code: str,
        node: Node | Stretch,
        message: str,
        *,
        label: str = "",
        help: tuple[str, ...] = (),  # noqa: A002 - the finding's own word
        replace: tuple[str, str] | None = None,
    ) -> None:
        """A note whose message begins with what is written at the node."""
        self.notes.add(code, node, f"`{self.source(node)}` {message}", label=label, help=help, replace=replace)

    def fold(self, expression: Expression, node: Node) -> Expression | None:
        """A constant where all parts are constants; a note where it has no value."""
        parts = list(children(expression))
        if not parts or not all(isinstance(part, Value) for part in parts):
            return expression
        value = evaluate_expression(expression, Facts())
        if value is None and not any(isinstance(part, Value) and part.value is None for part in parts):
            self.note("T111", node, "has no value: it divides by zero or leaves the range of its type")
            return None
        return Value(value, expression.type)


def type_words(declared: ValueType) -> str:
    """A type with its article."""
    word = str(declared)
    if word in {"text", "null", "true or false", "any type"}:
        return word
    return f"an {word}" if word[0] in "aio" else f"a {word}"
