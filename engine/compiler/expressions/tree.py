"""The syntax of an expression as the rule-engine library reads it, each node with its place in the text.

The library is imported when the first expression is read. It parses in two phases, nodes first and types second, and
loses the places of nodes on the way; its second phase also computes whatever is constant, in decimals. So the first
phase is taken from its own parser, with every node wrapped in a `Node` that knows its place, and the second runs only
on trees that our own checks have passed (`check_types`), since by then nothing in them is costly to compute.
"""

from __future__ import annotations

import copy
import decimal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MethodType
from typing import Any

from ...ir.expression import ANY, ValueType

DEPTH_LIMIT = 32  # nodes below each other; chains of `and` or `or` count once
DECIMALS = decimal.Context(prec=28, Emax=400, Emin=-400)  # the library's own precision, and no huge exponents


class Unreadable(Exception):  # noqa: N818 - it says what the text is
    """The text is not an expression: `start` and `end` say where it breaks, `kind` how.

    `after_value` says whether a value stands before that place, so that an operator could follow.
    """

    def __init__(self, kind: str, start: int, end: int, *, after_value: bool = False) -> None:
        super().__init__(kind)
        self.kind = kind
        self.start = start
        self.end = end
        self.after_value = after_value


class Node:
    """A node of the syntax: the library's class by name, its arguments (nodes, texts, tuples of nodes), its place.

    `start` and `end` are offsets in the text; the node's last token begins at `last`.
    """

    __slots__ = ("_deferred", "arguments", "depth", "end", "kind", "last", "start")

    def __init__(self, deferred: Any, start: int, last: int, end: int) -> None:
        self._deferred = deferred
        self.kind: str = deferred.cls.__name__
        self.start = start
        self.last = last
        self.end = end
        arguments = tuple(_wrap(argument, start, last, end) for argument in deferred.args)
        deferred.args = arguments
        self.arguments: tuple[Any, ...] = arguments[1:]  # the first one is the library's context
        if deferred.kwargs.get("condition") is not None:
            self.arguments = (*self.arguments, deferred.kwargs["condition"])
        self.depth = self._depth()
        if self.depth > DEPTH_LIMIT:
            raise Unreadable("deep", start, end)

    @property
    def is_builtin(self) -> bool:
        """Whether it is a name of the library's own, written with `$`."""
        return self._deferred.kwargs.get("scope") is not None

    def _depth(self) -> int:
        depth = 0
        for child in self.children():
            same_chain = self.kind == child.kind == "LogicExpression" and child is self.arguments[1]
            depth = max(depth, child.depth - 1 if same_chain else child.depth)
        return depth + 1

    def children(self) -> Iterator[Node]:
        """The nodes right below, in the order of the text (but for `in`)."""
        for argument in self.arguments:
            if isinstance(argument, Node):
                yield argument
            elif isinstance(argument, tuple):
                yield from (item for item in argument if isinstance(item, Node))

    def build(self) -> Any:
        """The library's own node, its types checked; what it refuses carries our innermost node around it."""
        try:
            if self.kind in _UNCOMPUTED:
                return self._check_uncomputed()
            return self._chain() if self.kind == "LogicExpression" else self._deferred.build()
        except Exception as problem:
            if not hasattr(problem, "node"):
                problem.node = self  # type: ignore[attr-defined] # a note for `check_types`
            raise

    def _check_uncomputed(self) -> Any:
        """Its types checked, and nothing more: the library would go on to compute it where it is constant."""
        context, operator, left, right = self._deferred.args
        right_built = right.build()
        if self.kind == "FuzzyComparisonExpression":
            right_built = _library().text()
        return self._deferred.cls(context, operator, left.build(), right_built)

    def _chain(self) -> Any:
        """As the library builds it, but without a step down for each `or` of a long chain."""
        links = [self]
        while isinstance(left := links[-1].arguments[1], Node) and left.kind == "LogicExpression":
            links.append(left)
        built = links[-1].arguments[1].build()
        for link in reversed(links):
            context, operator, _left, right = link._deferred.args  # noqa: SLF001 - a node of the same class
            built = link._deferred.cls(context, operator, built, right.build()).reduce()  # noqa: SLF001 - as above
        return built


# What the library would compute otherwise than we do: in decimals, and with patterns that backtrack.
_UNCOMPUTED = {"AddExpression", "SubtractExpression", "ArithmeticExpression", "FuzzyComparisonExpression"}


class _Unbuilt:
    """The statement, which the parser builds at once: what it builds is the syntax."""

    __slots__ = ("_node",)

    def __init__(self, deferred: Any, _start: int, _last: int, _end: int) -> None:
        self._node: Node = deferred.args[1]

    def build(self) -> Node:
        """The node of the whole text."""
        return self._node


def _wrap(argument: Any, start: int, last: int, end: int) -> Any:
    library = _library()
    if isinstance(argument, library.deferred):
        return Node(argument, start, last, end)
    if isinstance(argument, tuple):
        return tuple([_wrap(item, start, last, end) for item in argument])
    return tuple(argument) if isinstance(argument, deque) else argument


class Tokens:
    """The library's lexer, noting where tokens end and refusing what has no place in our expressions."""

    def __init__(self, lexer: Any, text: str, refused: Mapping[str, str]) -> None:
        self._lexer = lexer
        self._refused = refused
        self.text = text
        self.ends: dict[int, int] = {}
        self._types: list[str] = []

    def input(self, text: str) -> None:
        """Begin with a text."""
        self._lexer.input(text)

    def token(self) -> Any:
        """The next token, None at the end."""
        found = self._lexer.token()
        if found is None:
            return None
        start, end = found.lexpos, self._lexer.lexpos
        self.ends[start] = end
        self._types.append(found.type)
        if found.type in self._refused:
            raise Unreadable(self._refused[found.type], start, end)
        if found.type == "STRING":
            self._check_escapes(start, end)
        return found

    def after_value(self, *, before_last: bool) -> bool:
        """Whether the last token, or the one before it, ends a value."""
        types = self._types[:-1] if before_last else self._types
        return bool(types) and types[-1] in _VALUE_ENDS

    def _check_escapes(self, start: int, end: int) -> None:
        if self.text[start] == "r":
            return
        offset = start + 1
        while (offset := self.text.find("\\", offset, end)) >= 0:
            length = _ESCAPES.get(self.text[offset + 1], 0)
            digits = self.text[offset + 2 : offset + 2 + length - 2]
            if not length or len(digits) != length - 2 or not all(digit in _HEX for digit in digits):
                raise Unreadable("escape", offset, offset + 2)
            offset += length


_ESCAPES = {"\\": 2, "'": 2, '"': 2, "n": 2, "t": 2, "r": 2, "x": 4, "u": 6, "U": 10}
_VALUE_ENDS = {"SYMBOL", "STRING", "FLOAT", "DATETIME", "TIMEDELTA", "TRUE", "FALSE", "NULL", "RPAREN", "RBRACKET"}
_HEX = frozenset("0123456789abcdefABCDEF")
_REFUSED = {
    "BYTES": "bytes",
    "BWAND": "bits",
    "BWOR": "bits",
    "BWXOR": "bits",
    "BWLSH": "bits",
    "BWRSH": "bits",
    "FLOAT_INF": "infinite",
    "FLOAT_NAN": "infinite",
    "EQ_FZS": "search",
    "NE_FZS": "search",
    "LBRACE": "braces",
}


class _Library:
    """The library, and its parser taught to note places; imported by the first use."""

    def __init__(self) -> None:
        import rule_engine
        from rule_engine import ast, errors
        from rule_engine.parser import _DeferredAstNode  # the library has no public way to see syntax without types

        self.deferred = _DeferredAstNode
        self.errors = errors
        self.types = rule_engine.DataType
        self.ast = ast
        self.lock = threading.Lock()
        self.known: Mapping[str, Any] = {}
        self.context = rule_engine.Context(
            type_resolver=self._type_of,
            default_timezone="utc",
            decimal_context=DECIMALS,
            mapping_attribute_lookup=False,
        )
        original = rule_engine.Rule.parser
        self.parser = copy.copy(original)
        grammar = copy.copy(original._parser)  # noqa: SLF001 - a second parser of our own would take 240 ms to build
        grammar.productions = [self._noting(production) for production in grammar.productions]
        self.parser._parser = grammar  # noqa: SLF001 - as above

    def _type_of(self, name: str) -> Any:
        if name not in self.known:
            raise self.errors.SymbolResolutionError(name)
        return self.known[name]

    def text(self) -> Any:
        """Some text of which nothing is known."""
        expression = self.ast.ExpressionBase()
        expression.result_type = self.types.STRING
        return expression

    def _noting(self, production: Any) -> Any:
        """The same production, its result wrapped in a `Node`."""
        rule: Callable[..., Any] | None = getattr(production, "callable", None)
        if rule is None:
            return production
        rule = MethodType(rule.__func__, self.parser)  # type: ignore[attr-defined] # ply binds methods only

        def reduce(parts: Any) -> None:
            rule(parts)
            result = parts.slice[0]
            if isinstance(result.value, self.deferred):
                start, last = parts.lexspan(0)
                is_statement = result.value.cls is self.ast.Statement
                wrap = _Unbuilt if is_statement else Node
                result.value = wrap(result.value, start, last, parts.lexer.ends.get(last, last))

        noting = copy.copy(production)
        noting.callable = reduce
        return noting


@cache
def _library() -> _Library:
    return _Library()


def read(text: str) -> Node:
    """The syntax of a text. Raises Unreadable."""
    library = _library()
    with library.lock:
        tokens = Tokens(library.parser._lexer, text, _REFUSED)  # noqa: SLF001 - the parser's own lexer, shared as it does
        try:
            statement = library.parser.parse(text, library.context, lexer=tokens, tracking=True)
        except library.errors.SyntaxError as problem:
            raise _unreadable(problem, tokens) from None
    node: Node = statement
    return node


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """What the library refuses: its own words and the node they are about."""

    message: str
    node: Node


def check_types(node: Node, known: Mapping[str, Any]) -> TypeProblem | None:
    """What the library's own types say against a tree that our checks have passed; None when nothing."""
    library = _library()
    with library.lock, decimal.localcontext(DECIMALS):
        library.known = known
        try:
            node.build()
        except (library.errors.EngineError, ArithmeticError, ValueError) as problem:
            return TypeProblem(str(getattr(problem, "message", problem)), getattr(problem, "node", node))
        finally:
            library.known = {}
            library.context.symbols.clear()
    return None


def library_type(name: str, declared: ValueType) -> Any:
    """The library's type for a type of ours; objects are told apart by `name`."""
    types = _library().types
    if declared.kind == "array":
        return types.ARRAY(library_type(name, declared.of or ANY))
    if declared.kind == "object":
        members = {key: library_type(f"{name}.{key}", member) for key, member in declared.members}
        return types.OBJECT(name, members, accessor=Mapping.get)
    return getattr(types, _TYPES[declared.kind])


def library_functions() -> dict[str, Any]:
    """The library's types of our functions."""
    types = _library().types
    return {
        "in_segment": types.FUNCTION("in_segment", return_type=types.BOOLEAN, argument_types=(types.STRING,)),
        "now": types.FUNCTION("now", return_type=types.DATETIME, argument_types=()),
    }


_TYPES = {
    "string": "STRING",
    "float": "FLOAT",
    "integer": "FLOAT",
    "boolean": "BOOLEAN",
    "datetime": "DATETIME",
    "timedelta": "TIMEDELTA",
    "null": "NULL",
    "any": "UNDEFINED",
}


def _unreadable(problem: Any, tokens: Tokens) -> Unreadable:
    token = getattr(problem, "token", None)
    text = tokens.text
    if token is not None:
        start: int = token.lexpos
        known = start in tokens.ends
        end, kind = tokens.ends.get(start, start + 1), "token" if known else "character"
        return Unreadable(kind, start, end, after_value=tokens.after_value(before_last=known))
    last = max(tokens.ends, default=0)
    if "reserved" in problem.message:
        start = tokens.ends.get(last, 0)
        start += len(text[start:]) - len(text[start:].lstrip())
        end = start + next((at for at, letter in enumerate(text[start:]) if not letter.isalpha()), len(text) - start)
        return Unreadable("token", start, end, after_value=tokens.after_value(before_last=False))
    if hasattr(problem, "value"):
        return Unreadable("escape", last, tokens.ends[last])
    end = len(text.rstrip())
    return Unreadable("end", end, end, after_value=tokens.after_value(before_last=False))
