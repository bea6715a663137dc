"""Expressions as Python source, to stand inside a generated function.

Source is built of our own words, and of constants as `repr` of text, numbers and booleans: IR that comes from a
damaged bundle is refused (DecodeError), so that nothing in a bundle becomes code of its own. A missing value is None;
what `emit_truth` gives is True or False.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...ir.codec import DecodeError
from ...ir.expression import (
    ROOTS,
    Arithmetic,
    ArrayOf,
    Call,
    Clock,
    Coalesce,
    Collect,
    Compare,
    Conditional,
    Contains,
    Expression,
    InSegment,
    IsMissing,
    ItemOf,
    Local,
    Logic,
    Matches,
    Member,
    Minus,
    Name,
    Negation,
    SliceOf,
    ToFloat,
    Value,
)
from ..codegen.source import Source
from . import instants, numbers, texts
from .evaluate import END
from .facts import Facts
from .functions import SPANS, function_of, number_operation

CHAINED = ("+", "-", "*")
INLINE_CONSTANTS = 4  # a longer list of constants becomes a set


@dataclass(slots=True, eq=False, repr=False)
class Env:
    """How generated source reaches the facts, and what must be in its globals.

    Each member up to `member` is the name of a local: dicts for the roots, the canonical instant `now`, perhaps the
    same in milliseconds, and the function that answers whether the customer is in a segment. `known` gives locals that
    hold what stands below a root, by root and first name, as (`vars`, `basket`); `elements` those that hold an element
    while its list is gone through. `source` fills up while emitting. Names that begin with `_` belong to the emitter.
    """

    profile: str = "p"
    context: str = "c"
    event: str = "e"
    features: str = "f"
    vars: str = "v"
    now: str = "now"
    now_ms: str | None = None
    member: str = "member"
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)
    source: Source = field(default_factory=Source)
    temporaries: int = 0

    def bind(self, value: Any, name: str) -> str:
        """The global that holds the value."""
        return self.source.bind(value, name)

    def temporary(self) -> str:
        """A fresh local."""
        self.temporaries += 1
        return f"_t{self.temporaries}"


def emit(expression: Expression, env: Env) -> str:
    """Source of one Python expression that yields the value, None when it is missing."""
    return _RULES[type(expression)](expression, env)


def emit_truth(expression: Expression, env: Env) -> str:
    """Source of one Python expression that yields True or False: whether a boolean holds; missing is False."""
    return emit(expression, env) if certain(expression) else f"({emit(expression, env)} is True)"


def compile_expression(expression: Expression) -> Callable[[Facts], Any]:
    """A function from facts to the value."""
    env = Env(
        profile="facts.profile",
        context="facts.context",
        event="facts.event",
        features="facts.features",
        vars="facts.vars",
        now="facts.now",
        member="facts.member",
        source=Source({"__builtins__": {}}),
    )
    body = [f"return {emit(expression, env)}"]
    run: Callable[[Facts], Any] = env.source.function("run", "facts", body, "expression")
    return run


def certain(expression: Expression) -> bool:
    """Whether it never is missing."""
    if isinstance(expression, Value):
        return expression.value is not None
    if isinstance(expression, Conditional):
        return certain(expression.then) and certain(expression.otherwise)
    if isinstance(expression, Coalesce):
        return certain(expression.left) or certain(expression.right)
    if isinstance(expression, ArrayOf):
        return any(certain(item) for item in expression.items)
    return isinstance(expression, _CERTAIN)


def _value(expression: Value, _env: Env) -> str:
    return _constant(expression.value)


def _constant(value: object) -> str:
    if value is not None and type(value) not in {str, int, float, bool}:
        raise DecodeError("a constant of an expression is neither text nor number")
    return repr(value)


def _name_of(name: object) -> str:
    """The text of a name, as a constant."""
    if type(name) is not str:
        raise DecodeError("a name in an expression is not text")
    return repr(name)


def _name(expression: Name, env: Env) -> str:
    if expression.root not in ROOTS:
        raise DecodeError(f"`{expression.root}` is no root of an expression")
    steps = expression.path
    source = env.known.get((expression.root, steps[0])) if steps and isinstance(steps[0], str) else None
    if source is None:
        root: str = getattr(env, expression.root)
        source = _get(root, steps[0]) if steps else root
    for step in steps[1:]:
        source = _get(f"({source} or {env.bind(_NOTHING, 'nothing')})", step)
    return source


def _get(source: str, key: str) -> str:
    return f"{source}.get({_name_of(key)})"


def _local(expression: Local, env: Env) -> str:
    if expression.name not in env.elements:
        raise DecodeError("an element is named outside of its list")
    return env.elements[expression.name]


def _member(expression: Member, env: Env) -> str:
    source = emit(expression.object, env)
    return _get(
        source if certain(expression.object) else f"({source} or {env.bind(_NOTHING, 'nothing')})", expression.name
    )


def _value_and_guards(expression: Expression, env: Env) -> tuple[list[str], str]:
    """Tests that must hold for the value to be there, and source of the value once they do."""
    if certain(expression):
        return [], emit(expression, env)
    name = env.temporary()
    return [f"({name} := {emit(expression, env)}) is not None"], name


def _compare(expression: Compare, env: Env) -> str:
    left, right = expression.left, expression.right
    if expression.op == "==" and (certain(left) or certain(right)):
        return f"({emit(left, env)} == {emit(right, env)})"
    if expression.op not in _COMPARE:
        raise DecodeError("a comparison has no operator of ours")
    left_tests, left_source = _value_and_guards(left, env)
    right_tests, right_source = _value_and_guards(right, env)
    return _all([*left_tests, *right_tests, f"{left_source} {expression.op} {right_source}"])


def _all(tests: list[str]) -> str:
    return f"({' and '.join(tests)})"


def _is_missing(expression: IsMissing, env: Env) -> str:
    if certain(expression.item):
        return "False"
    return f"({emit(expression.item, env)} is None)"


def _logic(expression: Logic, env: Env) -> str:
    word = " and " if expression.op == "and" else " or "
    return "(" + word.join(emit_truth(item, env) for item in expression.items) + ")"


def _negation(expression: Negation, env: Env) -> str:
    if isinstance(expression.item, IsMissing) and not certain(expression.item.item):
        return f"({emit(expression.item.item, env)} is not None)"
    return f"(not {emit_truth(expression.item, env)})"


def _arithmetic(expression: Arithmetic, env: Env) -> str:
    kind = expression.type.kind
    if kind == "string":
        return _call_source(texts.join, [expression.left, expression.right], env)
    if kind == "float" and expression.op in CHAINED:
        return _float_chain(expression, env)
    if kind == "float" and expression.op == "/":
        return _quotient(expression, env)
    if kind == "integer" and expression.op in CHAINED:
        return _whole(expression, env)
    if kind in {"integer", "float"}:
        return _call_source(number_operation(expression), [expression.left, expression.right], env)
    function = SPANS[expression.op]
    sides = ", ".join(_milliseconds(side, env) for side in (expression.left, expression.right))
    span = f"{env.bind(function, function.__name__)}({sides})"
    return f"{env.bind(instants.instant_of, 'instant_of')}({span})" if kind == "datetime" else span


def _float_chain(expression: Arithmetic, env: Env) -> str:
    """Sums, differences and products in one expression: an overflow on the way stays infinite or NaN to the end."""
    tests: list[str] = []
    body, result = _link(expression, env, tests), env.temporary()
    return f"({result} + 0.0 if {' and '.join([*tests, _finite(result, body)])} else None)"


def _link(side: Expression, env: Env, tests: list[str]) -> str:
    if isinstance(side, Arithmetic) and side.type.kind == "float" and side.op in CHAINED:
        return f"({_link(side.left, env, tests)} {side.op} {_link(side.right, env, tests)})"
    found, source = _value_and_guards(side.item if isinstance(side, ToFloat) else side, env)
    tests.extend(found)
    return f"({source} + 0.0)" if isinstance(side, ToFloat) else source


def _finite(result: str, body: str) -> str:
    """A test that assigns: only a finite number is 0 away from itself."""
    return f"({result} := {body}) - {result} == 0.0"


def _quotient(expression: Arithmetic, env: Env) -> str:
    tests, left = _value_and_guards(expression.left, env)
    more, right = _value_and_guards(expression.right, env)
    if not (isinstance(expression.right, Value) and expression.right.value):
        name = env.temporary()
        more, right = [*more, f"({name} := {right}) != 0"], name
    result = env.temporary()
    return f"({result} + 0.0 if {' and '.join([*tests, *more, _finite(result, f'{left} / {right}')])} else None)"


def _whole(expression: Arithmetic, env: Env) -> str:
    tests, left = _value_and_guards(expression.left, env)
    more, right = _value_and_guards(expression.right, env)
    result = env.temporary()
    bounds = f"{numbers.INTEGER_MIN} <= ({result} := {left} {expression.op} {right}) <= {numbers.INTEGER_MAX}"
    return f"({result} if {' and '.join([*tests, *more, bounds])} else None)"


def _milliseconds(side: Expression, env: Env) -> str:
    if side.type.kind != "datetime":
        return emit(side, env)
    if isinstance(side, Clock) and env.now_ms is not None:
        return env.now_ms
    if isinstance(side, Value):
        return repr(instants.milliseconds(str(side.value)))
    return f"{env.bind(instants.milliseconds, 'milliseconds')}({emit(side, env)})"


def _call_source(function: Callable[..., Any], arguments: list[Expression], env: Env) -> str:
    sources = ", ".join(emit(argument, env) for argument in arguments)
    return f"{env.bind(function, function.__name__)}({sources})"


def _minus(expression: Minus, env: Env) -> str:
    function = instants.negate_span if expression.type.kind == "timedelta" else numbers.negate_number
    return _call_source(function, [expression.item], env)


def _to_float(expression: ToFloat, env: Env) -> str:
    return _call_source(numbers.to_float, [expression.item], env)


def _conditional(expression: Conditional, env: Env) -> str:
    then, otherwise = emit(expression.then, env), emit(expression.otherwise, env)
    return f"({then} if {emit_truth(expression.condition, env)} else {otherwise})"


def _coalesce(expression: Coalesce, env: Env) -> str:
    tests, source = _value_and_guards(expression.left, env)
    return f"({source} if {tests[0]} else {emit(expression.right, env)})" if tests else source


def _array_of(expression: ArrayOf, env: Env) -> str:
    if all(certain(item) for item in expression.items):
        return f"[{', '.join(emit(item, env) for item in expression.items)}]"
    return _call_source(texts.array_of, list(expression.items), env)


def _contains(expression: Contains, env: Env) -> str:
    container = expression.container
    if isinstance(container, ArrayOf) and all(isinstance(item, Value) for item in container.items):
        return f"({emit(expression.item, env)} in {_constants(container, env)})"
    container_tests, container_source = _value_and_guards(container, env)
    item_tests, item_source = _value_and_guards(expression.item, env)
    return _all([*container_tests, *item_tests, f"{item_source} in {container_source}"])


def _constants(container: ArrayOf, env: Env) -> str:
    values = [item.value for item in container.items if isinstance(item, Value)]
    if len(values) <= INLINE_CONSTANTS:
        return f"({', '.join(map(_constant, values))},)"
    return env.bind(frozenset(values), "constants")


def _matches(expression: Matches, env: Env) -> str:
    match = env.bind(texts.matcher(expression.pattern), "matches")
    tests, source = _value_and_guards(expression.item, env)
    return _all([*tests, f"{match}({source})"])


def _item_of(expression: ItemOf, env: Env) -> str:
    return _call_source(texts.item_of, [expression.container, expression.index], env)


def _slice_of(expression: SliceOf, env: Env) -> str:
    start = "0" if expression.start is None else emit(expression.start, env)
    stop = repr(END) if expression.stop is None else emit(expression.stop, env)
    return f"{env.bind(texts.slice_of, 'slice_of')}({emit(expression.container, env)}, {start}, {stop})"


def _call(expression: Call, env: Env) -> str:
    return _call_source(function_of(expression), list(expression.arguments), env)


def _collect(expression: Collect, env: Env) -> str:
    source, element = env.temporary(), env.temporary()
    gone_through = emit(expression.source, env)
    around = dict(env.elements)
    env.elements[expression.local.name] = element
    tests = [] if expression.condition is None else [emit_truth(expression.condition, env)]
    body_tests, body = _value_and_guards(expression.body, env)
    env.elements = around
    tests.extend(body_tests)
    condition = f" if {' and '.join(tests)}" if tests else ""
    listed = f"[{body} for {element} in {source}{condition}] or None"
    return f"(({listed}) if ({source} := {gone_through}) is not None else None)"


def _in_segment(expression: InSegment, env: Env) -> str:
    return f"{env.member}({_name_of(expression.segment)})"


def _clock(_expression: Clock, env: Env) -> str:
    return env.now


_COMPARE = {"==", "!=", "<", "<=", ">", ">="}
_CERTAIN = (Compare, IsMissing, Logic, Negation, Contains, Matches, InSegment, Clock, Local)  # lists hold no nulls
_NOTHING: dict[str, Any] = {}
_RULES: dict[type, Callable[..., str]] = {
    Value: _value,
    Name: _name,
    Local: _local,
    Member: _member,
    Compare: _compare,
    IsMissing: _is_missing,
    Logic: _logic,
    Negation: _negation,
    Arithmetic: _arithmetic,
    Minus: _minus,
    ToFloat: _to_float,
    Conditional: _conditional,
    Coalesce: _coalesce,
    ArrayOf: _array_of,
    Contains: _contains,
    Matches: _matches,
    ItemOf: _item_of,
    SliceOf: _slice_of,
    Call: _call,
    Collect: _collect,
    InSegment: _in_segment,
    Clock: _clock,
}
