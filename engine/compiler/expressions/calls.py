"""Functions and attributes: a fixed, small set, each with the types it takes."""

from __future__ import annotations

from dataclasses import dataclass

from ...diagnostics import nearest
from ...ir.expression import (
    BOOLEAN,
    DATETIME,
    FLOAT,
    INTEGER,
    STRING,
    Call,
    Clock,
    Expression,
    FunctionName,
    InSegment,
    IsMissing,
    Value,
    ValueType,
)
from ..scope import suggestion
from .agreement import beside
from .place import Stretch
from .tree import Node
from .walk import Walk, type_words

PROPERTIES: dict[str, dict[FunctionName, ValueType]] = {
    "string": {"length": INTEGER, "is_empty": BOOLEAN, "as_lower": STRING, "as_upper": STRING},
    "array": {"length": INTEGER, "is_empty": BOOLEAN},
    "float": {"floor": INTEGER, "ceiling": INTEGER},
    "integer": {"floor": INTEGER, "ceiling": INTEGER},
    "datetime": {
        "date": DATETIME,
        "year": INTEGER,
        "month": INTEGER,
        "day": INTEGER,
        "hour": INTEGER,
        "minute": INTEGER,
        "second": INTEGER,
        "millisecond": INTEGER,
        "weekday": STRING,
        "to_epoch": FLOAT,
    },
    "timedelta": {"days": INTEGER, "total_seconds": FLOAT},
}
METHODS: dict[str, tuple[FunctionName, ...]] = {"string": ("starts_with", "ends_with")}
BUILTINS: tuple[FunctionName, ...] = ("abs", "all", "any", "max", "min", "sum")
_LOWERCASE = ValueType("string", normalize="lowercase")
_WEEKDAYS = ("Friday", "Monday", "Saturday", "Sunday", "Thursday", "Tuesday", "Wednesday")


def property_of(walk: Walk, node: Node, target: Expression) -> Expression | None:
    """An attribute of a value that is not an object, such as `.length`."""
    name: str = node.arguments[1]
    if _is_sealed(walk, node.arguments[0], target):
        return None
    result = next((kind for key, kind in PROPERTIES.get(target.type.kind, {}).items() if key == name), None)
    if result is None:
        _unknown_attribute(walk, node, target, name)
        return None
    if name == "is_empty" and target.type.kind == "array":
        return IsMissing(target)  # a list without elements is missing
    if name in {"floor", "ceiling"} and target.type.kind == "integer":
        return target
    if name == "weekday":
        result = ValueType("string", values=_WEEKDAYS)
    return walk.fold(Call(_function(name), (target,), result), node)


def _function(name: str) -> FunctionName:
    return next(each for each in _ALL if each == name)


_ALL: tuple[FunctionName, ...] = (
    *(name for kind in PROPERTIES.values() for name in kind),
    *(name for names in METHODS.values() for name in names),
    *BUILTINS,
)


def _is_sealed(walk: Walk, node: Node, target: Expression) -> bool:
    return target.type.sealed is not None and walk.refuse_sealed(node, target)


def _unknown_attribute(walk: Walk, node: Node, target: Expression, name: str) -> None:
    kind = target.type.kind
    stretch = Stretch(node.last, node.end)
    if name in METHODS.get(kind, ()):
        walk.note("T103", stretch, "is a function and must be called", help=(f"write `.{name}('…')`",))
        return
    if kind == "array" and target.type.of is not None and target.type.of.member(name) is not None:
        source = walk.source(node.arguments[0])
        help_ = (f"write `[item.{name} for item in {source}]`, or `{source}[0].{name}`",)
        walk.note("T103", stretch, f"is a name of the elements of `{source}`, not of the list", help=help_)
        return
    names: list[str] = [*PROPERTIES.get(kind, {}), *METHODS.get(kind, ())]
    near = nearest(name, names)
    fix = None if near is None else (f"Rename to `{near}`", near)
    message = f"is not an attribute of {type_words(target.type)}"
    walk.note("T103", stretch, message, help=suggestion(name, names, "attributes") if names else (), replace=fix)


def call(walk: Walk, node: Node) -> Expression | None:
    """A call of one of the functions."""
    function: Node = node.arguments[0]
    arguments: tuple[Node, ...] = node.arguments[1]
    if function.kind == "SymbolExpression":
        name: str = function.arguments[0]
        if function.is_builtin and name in BUILTINS:
            return _builtin(walk, node, name, arguments)
        if not function.is_builtin and name == "now":
            return _clock(walk, arguments)
        if not function.is_builtin and name == "in_segment":
            return _in_segment(walk, node, arguments)
        _unknown_function(walk, function, name)
        return None
    if function.kind == "GetAttributeExpression":
        return _method(walk, node, function, arguments)
    walk.note("T103", function, "is not a function")
    return None


def _unknown_function(walk: Walk, function: Node, name: str) -> None:
    if function.is_builtin:
        walk.lower(function)  # says why
        return
    help_: tuple[str, ...] = suggestion(name, ["in_segment", "now", *(f"${each}" for each in BUILTINS)], "functions")
    replace = None
    if name in BUILTINS:
        help_, replace = (f"write `${name}`",), (f"Write `${name}`", f"${name}")
    elif near := nearest(name, ["in_segment", "now"]):
        replace = (f"Rename to `{near}`", near)
    walk.note("T103", function, "is not a function", help=help_, replace=replace)


def _clock(walk: Walk, arguments: tuple[Node, ...]) -> Expression | None:
    if arguments:
        walk.note("T103", arguments[0], "is one argument too many; `now()` takes none")
        return None
    return Clock()


def _in_segment(walk: Walk, node: Node, arguments: tuple[Node, ...]) -> Expression | None:
    if len(arguments) != 1 or arguments[0].kind != "StringExpression":
        wrong = arguments[0] if len(arguments) == 1 else node
        walk.note("T103", wrong, "does not name one segment as a text", help=("write `in_segment('name')`",))
        return None
    name: str = arguments[0].arguments[0]
    if name not in walk.scope.segments:
        names = sorted(walk.scope.segments)
        near = nearest(name, names)
        inside = Stretch(arguments[0].start + 1, arguments[0].end - 1)
        fix = None if near is None else (f"Rename to `{near}`", near)
        message = "is not a segment of this workspace"
        walk.note(
            "T108", inside, message, label="unknown segment", help=suggestion(name, names, "segments"), replace=fix
        )
        return None
    return InSegment(name)


def _method(walk: Walk, node: Node, function: Node, arguments: tuple[Node, ...]) -> Expression | None:
    target = walk.lower(function.arguments[0])
    if target is None:
        return None
    name: str = function.arguments[1]
    stretch = Stretch(function.last, function.end)
    if name in METHODS.get(target.type.kind, ()):
        if _is_sealed(walk, function.arguments[0], target):
            return None
        return _text_test(walk, node, name, target, arguments)
    if name in PROPERTIES.get(target.type.kind, {}):
        help_ = (f"write `.{name}` without parentheses",)
        walk.note("T103", stretch, "is an attribute and is not called", help=help_)
    else:
        _unknown_attribute(walk, function, target, name)
    return None


def _text_test(walk: Walk, node: Node, name: str, target: Expression, arguments: tuple[Node, ...]) -> Expression | None:
    if len(arguments) != 1:
        walk.note("T103", node, "takes one text", help=(f"write `.{name}('…')`",))
        return None
    part = walk.value(arguments[0])
    if part is None:
        return None
    if part.type.kind != "string":
        walk.note("T104", arguments[0], f"is {type_words(part.type)}; `{name}` takes text")
        return None
    return walk.fold(Call(_function(name), (target, beside(part, target.type)), BOOLEAN), node)


@dataclass(frozen=True, slots=True)
class _Signature:
    takes: str
    element: tuple[str, ...]


_NUMBERS = _Signature("an array of numbers", ("integer", "float"))
_FLAGS = _Signature("an array of booleans", ("boolean",))
_SIGNATURES = {"all": _FLAGS, "any": _FLAGS, "max": _NUMBERS, "min": _NUMBERS, "sum": _NUMBERS}


def _builtin(walk: Walk, node: Node, name: str, arguments: tuple[Node, ...]) -> Expression | None:
    if len(arguments) != 1:
        takes = "a number" if name == "abs" else _SIGNATURES[name].takes
        help_ = (f"write `${name}([…, …])`",) if name != "abs" and arguments else ()
        walk.note("T103", node, f"has {len(arguments)} arguments; `${name}` takes {takes}", help=help_)
        return None
    argument = walk.value(arguments[0])
    if argument is None:
        return None
    if name == "abs":
        if not argument.type.is_number:
            walk.note("T104", arguments[0], f"is {type_words(argument.type)}; `$abs` takes a number")
            return None
        return walk.fold(Call("abs", (argument,), argument.type), node)
    signature, element = _SIGNATURES[name], argument.type.of
    if element is None or element.kind not in signature.element:
        walk.note("T104", arguments[0], f"is {type_words(argument.type)}; `${name}` takes {signature.takes}")
        return None
    result = BOOLEAN if signature is _FLAGS else ValueType(element.kind)
    return walk.fold(Call(_function(name), (argument,), result), node)


def constant_text(expression: Expression) -> str | None:
    """The text of a constant, or None."""
    if isinstance(expression, Value) and isinstance(expression.value, str) and expression.type.kind == "string":
        return expression.value
    return None
