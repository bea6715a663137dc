"""Names: what stands below a root, and what to say about a name that is not there."""

from __future__ import annotations

from ...diagnostics import nearest
from ...ir.expression import ROOTS, Expression, Member, Name, ToFloat
from ..scope import suggestion
from .calls import BUILTINS, property_of
from .place import Stretch
from .scope import FUNCTIONS
from .tree import Node
from .walk import Walk

_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null", "TRUE": "true", "FALSE": "false"}


def symbol(walk: Walk, node: Node) -> Expression | None:
    """A root, the element of a comprehension; or a note about an unknown name."""
    name: str = node.arguments[0]
    if node.is_builtin:
        _refuse_builtin(walk, node)
        return None
    if name in walk.locals:
        return walk.locals[name]
    for root in ROOTS:
        if root == name and root in walk.scope.types:
            return Name(root, (), walk.scope.types[root])
    _unknown(walk, node, name)
    return None


def _unknown(walk: Walk, node: Node, name: str) -> None:
    if name in FUNCTIONS:
        call = "now()" if name == "now" else "in_segment('name')"
        written = ("Write `now()`", "now()") if name == "now" else None
        walk.note("T103", node, "is a function and must be called", help=(f"write `{call}`",), replace=written)
        return
    if name in _WORDS:
        word = _WORDS[name]
        walk.note("T102", node, "is not a name", help=(f"write `{word}`",), replace=(f"Write `{word}`", word))
        return
    if name in ROOTS:
        walk.note("T102", node, "has nothing in it here", help=suggestion(name, walk.scope.names(), "names"))
        return
    for root, declared in walk.scope.types.items():
        if declared.member(name) is not None:
            full = f"{root}.{name}"
            fix = (f"Write `{full}`", full)
            walk.note("T102", node, f"is a name below `{root}`", help=(f"write `{full}`",), replace=fix)
            return
    names = [*walk.scope.names(), *walk.locals]
    help_ = (*suggestion(name, names, "names"), f"if text is meant, write `'{name}'`")
    walk.note("T102", node, "is not a name here", help=help_, replace=_renaming(name, names))


def _renaming(name: str, names: list[str]) -> tuple[str, str] | None:
    near = nearest(name, names)
    return None if near is None else (f"Rename to `{near}`", near)


def _refuse_builtin(walk: Walk, node: Node) -> None:
    name = node.arguments[0]
    if name == "now":
        walk.note(
            "T105",
            node,
            "reads the machine's clock; a decision has one `now()` for all of it",
            help=("write `now()`",),
            replace=("Write `now()`", "now()"),
        )
    elif name == "today":
        walk.note(
            "T105",
            node,
            "reads the machine's clock and zone",
            help=("write `now().date` for the start of the day in UTC",),
        )
    else:
        help_ = suggestion(f"${name}", [f"${each}" for each in BUILTINS], "functions")
        walk.note("T105", node, "is not offered", help=help_)


def attribute(walk: Walk, node: Node) -> Expression | None:
    """A member of an object, or an attribute of another value."""
    target = walk.lower(node.arguments[0])
    if target is None:
        return None
    name: str = node.arguments[1]
    if target.type.kind != "object":
        return property_of(walk, node, target)
    declared = target.type.member(name)
    if declared is None:
        _unknown_member(walk, node, target, name)
        return None
    if declared.kind == "any":
        return None  # what is behind the name has findings of its own
    if isinstance(target, Name):
        found = Name(target.root, (*target.path, name), declared)
        return ToFloat(found) if f"{target.root}.{name}" in walk.scope.widened else found
    return Member(target, name, declared)


def _unknown_member(walk: Walk, node: Node, target: Expression, name: str) -> None:
    names = [key for key, _ in target.type.members]
    owner = walk.source(node.arguments[0])
    walk.note(
        "T102",
        Stretch(node.last, node.end),
        f"is not a name below `{owner}`",
        label="unknown name",
        help=suggestion(name, names, f"names below `{owner}`"),
        replace=_renaming(name, names),
    )
