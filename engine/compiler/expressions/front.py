"""The front end: a text in a YAML file becomes a typed expression, or findings that point into it."""

from __future__ import annotations

from dataclasses import replace

from ...diagnostics import Sink
from ...ir.expression import ArrayOf, Expression, Name, Value, ValueType
from ...ir.expression_reads import cost
from ...ir.graph_cost import EXPRESSION_COST_LIMIT
from ..scope import suggestion
from .agreement import as_float, beside
from .place import DocumentValue, Notes, Stretch
from .rules import RULES
from .scope import Scope
from .syntax import explain, shorten
from .tree import Node, Unreadable, check_types, read
from .walk import Walk, type_words

TEXT_LIMIT = 4_096  # characters


def lower_expression(
    text: str, scope: Scope, at: DocumentValue, sink: Sink, *, expected: ValueType | None = None
) -> Expression | None:
    """The typed expression of a text, or None with findings at `at`.

    With `expected` the value must have that type (an integer becomes a double where a double is asked for), and
    constants take the form of that declaration. Equal texts of one scope are lowered once.
    """
    found, notes = scope.lower_once((text, expected), lambda: _lower(text, scope, expected))
    notes.give(sink, at)
    lowered: Expression | None = found
    return lowered


def _lower(text: str, scope: Scope, expected: ValueType | None) -> tuple[Expression | None, Notes]:
    notes = Notes()
    if len(text) > TEXT_LIMIT:
        help_ = ("give parts a name in a `set` node, or use a segment or a table",)
        message = f"`{shorten(text)}` has {len(text):,} characters; an expression has at most {TEXT_LIMIT:,}"
        notes.add("T110", Stretch(0, len(text)), message, help=help_)
        return None, notes
    try:
        node = read(text)
    except Unreadable as problem:
        explain(problem, text, notes)
        return None, notes
    walk = Walk(text, scope, notes, RULES)
    found = walk.value(node)
    if found is not None and _is_kept(walk, node, found):
        found = found if expected is None else _fit(walk, node, found, expected)
        refused = None if notes.failed else check_types(node, scope.library_types())
        if refused is not None:
            walk.note("T104", refused.node, f"is refused by the expression library: {refused.message}")
    return (None if notes.failed else found), notes


def _is_kept(walk: Walk, node: Node, found: Expression) -> bool:
    if isinstance(found, Name) and not found.path:
        names = [name for name, _ in found.type.members]
        help_ = (f"names below it: {', '.join(f'`{name}`' for name in names[:8])}",) if names else ()
        walk.note("T104", node, "has no value of its own; name what you need of it", help=help_)
        return False
    if (work := cost(found)) > EXPRESSION_COST_LIMIT:
        help_ = ("ask about a list once, and outside of another list's `for`",)
        message = f"may take {work:,} steps; an expression takes at most {EXPRESSION_COST_LIMIT:,}"
        walk.note("T110", node, message, help=help_)
        return False
    if isinstance(found, Value) and found.type.kind == "boolean" and node.kind != "BooleanExpression":
        walk.note("T109", node, f"is always {'true' if found.value else 'false'}")
    return True


def _fit(walk: Walk, node: Node, found: Expression, expected: ValueType) -> Expression | None:
    """The expression in the expected type, or None with a note."""
    kind = found.type.kind
    if kind == "null" or expected.kind == "any":
        return found
    if kind == "array" and expected.kind == "array" and expected.of is not None:
        return _fitted_array(walk, node, found, expected.of)
    if kind == "integer" and expected.kind == "float":
        return as_float(found)
    if kind != expected.kind:
        wanted = "true or false" if expected.kind == "boolean" else type_words(expected)
        help_ = ("compare it, for instance with `!= null`",) if expected.kind == "boolean" else ()
        if kind == "float" and expected.kind == "integer":
            help_ = ("`.floor` and `.ceiling` give integers, `//` of integers too",)
        walk.note("T113", node, f"is {type_words(found.type)}; expected {wanted}", help=help_)
        return None
    return _one_of(walk, node, beside(found, expected), expected)


def _fitted_array(walk: Walk, node: Node, found: Expression, element: ValueType) -> Expression | None:
    held = found.type.of
    if isinstance(found, ArrayOf) and held is not None and (held.kind == element.kind or held.is_number):
        items = tuple(_fit(walk, node, item, element) for item in found.items)
        kept = tuple(item for item in items if item is not None)
        return ArrayOf(kept, replace(found.type, of=element)) if len(kept) == len(items) else None
    if held is None or held.kind != element.kind:
        walk.note("T113", node, f"is {type_words(found.type)}; expected an array of {element}")
        return None
    return found


def _one_of(walk: Walk, node: Node, found: Expression, expected: ValueType) -> Expression | None:
    if isinstance(found, Value) and expected.values and found.value not in expected.values:
        help_ = suggestion(str(found.value), sorted(expected.values), "values")
        walk.note("T113", node, "is none of the declared values", help=help_)
        return None
    return found
