"""Decoded IR held against the types that its classes declare.

`decode` only knows names; code generation checks IR that came out of a file here first, so that every text,
number, word and nested node is what the generator takes it for. Recursion is bounded: IR nests as deep as expressions
and predicates may.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from math import isfinite
from typing import Any, ClassVar, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints  # noqa: TID251 - to recognise it

from .cells import CellTest
from .codec import DecodeError
from .expression import Expression, Name
from .expression_reads import reads
from .graph import Experiment, GraphNode, GraphPart, Ruleset
from .predicate import Predicate
from .program import Program
from .typed_rulesets import check_types
from .typed_segments import is_sound
from .types import Catalogue, Field

Check: TypeAlias = Callable[[Any, int], bool]
DEPTH = 200  # nodes below each other
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_NAMES = frozenset({"bandit", "bind", "control", "event", "experiment", "name", "otherwise", "ruleset", "then"})
_ALIASES = {"CellTest": CellTest, "ClassVar": ClassVar, "Expression": Expression}  # not to be found in every module


def conforms(value: Any, kind: Any) -> bool:
    """Whether a value has a type: an IR class, a union or tuple of such, a literal, text, number, boolean or None."""
    return _check(kind)(value, 0)


def check_ruleset(value: Any) -> Ruleset:
    """The ruleset, if it is one through and through. Raises DecodeError."""
    if not isinstance(value, Ruleset) or not conforms(value, Ruleset):
        raise DecodeError("a ruleset is damaged: a part has another type than it must")
    places = {node.name: place for place, node in enumerate(value.nodes)}
    if not places or len(places) != len(value.nodes):
        raise DecodeError(f"ruleset `{value.name}` is damaged: it has no nodes, or two of one name")
    for place, node in enumerate(value.nodes):
        if any(places.get(target, -1) <= place for target in node.ways()):
            raise DecodeError(f"ruleset `{value.name}` is damaged: `{node.name}` leads back or nowhere")
        if (flaw := node.flaw()) is not None:
            raise DecodeError(f"ruleset `{value.name}` is damaged: {flaw}")
    return value


def check_program(program: Program) -> Program:
    """The program, if every part of it is what it must be. Raises DecodeError."""
    if type(program.workspace) is not str or type(program.timezone) is not str:
        raise DecodeError("the program is damaged: its workspace or its time zone has no name")
    if not conforms(program.catalogue, Catalogue):
        raise DecodeError("the catalogue is damaged: a part has another type than it must")
    for named in (program.segments, program.lists, program.experiments, program.rulesets):
        for name in named:
            if NAME.fullmatch(name) is None:
                raise DecodeError("the program is damaged: a name has a form that names cannot have")
    if not all(type(items) is dict and {*map(type, items.values())} <= {dict} for items in program.documents.values()):
        raise DecodeError("the documents of a kind are damaged")
    _check_segments(program)
    for checked in (_check_rulesets(program), _check_experiments(program)):
        for name, inside in checked:
            if name != inside:
                raise DecodeError(f"`{name}` is damaged: it has another name inside")
    check_types(program)
    return program


def _check_rulesets(program: Program) -> Iterator[tuple[str, str]]:
    """The name of each ruleset, outside and inside. Raises DecodeError for one that is not sound."""
    for name, value in program.rulesets.items():
        yield name, check_ruleset(value).name
        for asked in {each for node in value.nodes for item in node.expressions() for each in reads(item).segments}:
            if asked not in program.segments:
                raise DecodeError(f"ruleset `{name}` is damaged: it asks for segment `{asked}`, which is not there")


def _check_experiments(program: Program) -> Iterator[tuple[str, str]]:
    """The name of each experiment, outside and inside. Raises DecodeError for one that is not sound."""
    for name, value in program.experiments.items():
        yield name, check_experiment(value).name


def _check_segments(program: Program) -> None:
    """Nothing for sound segments and member lists. Raises DecodeError."""
    for name, predicate in program.segments.items():
        if not conforms(predicate, Predicate) or not is_sound(predicate, program):
            raise DecodeError(f"segment `{name}` is damaged: a part is not what it must be")
    for name, members in program.lists.items():
        if not all(type(member) is str for member in members):
            raise DecodeError(f"member list `{name}` is damaged: a member is not text")


def check_experiment(value: Any) -> Experiment:
    """The experiment, if it is one through and through. Raises DecodeError."""
    if not isinstance(value, Experiment) or not conforms(value, Experiment):
        raise DecodeError("an experiment is damaged: a part has another type than it must")
    return value


@cache
def _check(kind: Any) -> Check:  # noqa: PLR0911 - one answer for each kind of type
    """A test whether a value has a type."""
    if kind is None or kind is type(None):
        return lambda value, _depth: value is None
    origin = get_origin(kind)
    if origin is Literal:
        words = frozenset(get_args(kind))
        return lambda value, _depth: type(value) in {str, int, bool} and value in words
    if origin in {Union, types.UnionType}:
        return _check_union(get_args(kind))
    if origin is tuple:
        return _check_tuple(get_args(kind))
    if kind is GraphNode:
        return lambda value, depth: isinstance(value, GraphNode) and _check(type(value))(value, depth)
    if is_dataclass(kind) and isinstance(kind, type):
        return _check_class(kind)
    if kind is float:
        return lambda value, _depth: type(value) is float and isfinite(value)
    if kind is int:
        return lambda value, _depth: type(value) is int and -(2**63) <= value < 2**63
    if kind in {str, bool}:
        return lambda value, _depth: type(value) is kind
    raise TypeError(f"{kind} has no check")


def _check_union(kinds: tuple[Any, ...]) -> Check:
    nested: list[Any] = [kind for kind in kinds if is_dataclass(kind)]
    classes: dict[Any, Check] = {kind: _check(kind) for kind in nested}
    others = [kind for kind in kinds if kind not in classes]

    def check(value: Any, depth: int) -> bool:
        own = classes.get(type(value))
        if own is not None:
            return own(value, depth)
        return any(_check(kind)(value, depth) for kind in others)

    return check


def _check_tuple(kinds: tuple[Any, ...]) -> Check:
    if len(kinds) == 2 and kinds[1] is Ellipsis:

        def check_all(value: Any, depth: int) -> bool:
            check = _check(kinds[0])
            return type(value) is tuple and depth < DEPTH and all(check(item, depth + 1) for item in value)

        return check_all

    def check_each(value: Any, depth: int) -> bool:
        if type(value) is not tuple or len(value) != len(kinds) or depth >= DEPTH:
            return False
        return all(_check(kind)(item, depth + 1) for kind, item in zip(kinds, value, strict=True))

    return check_each


def _check_class(cls: type) -> Check:
    parts: list[tuple[str, Any]] = []

    def check(value: Any, depth: int) -> bool:
        if type(value) is not cls or depth >= DEPTH:
            return False
        if not parts:
            hints = get_type_hints(cls, localns=_ALIASES)
            parts.extend((each.name, hints[each.name]) for each in fields(cls))
        if not all(_check(kind)(getattr(value, name), depth + 1) for name, kind in parts):
            return False
        return all(NAME.fullmatch(name) is not None for name in _names(value))

    return check


def _names(value: Any) -> list[str]:
    """What authors may give a name only, in a part of a rule graph or a declared field."""
    if isinstance(value, Name):
        return list(value.path)
    if not isinstance(value, GraphPart | Field):
        return []
    texts = [getattr(value, name) for name in value.__match_args__ if name in _NAMES]
    arms = getattr(value, "arms", ()) if isinstance(value, GraphNode) else ()
    return [each for each in texts if type(each) is str] + [name for pair in arms for name in pair]
