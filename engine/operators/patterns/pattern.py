"""A pattern that was read and checked, with its forms for every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from . import render
from .automaton import automaton
from .grammar import DOT, Node, Repeat, Sequence, check_length, literal, read

_REMEMBERED: Final = 1_024
_ANY: Final = Repeat(DOT, 0, None)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern over whole values."""

    text: str
    tree: Node
    matches: Callable[[str], bool] = field(compare=False, repr=False)
    """Whether a whole value has the pattern; in time proportional to the value's length."""

    def lucene(self) -> str:
        """The text for Elasticsearch's `regexp` with `flags: NONE`."""
        return render.lucene(self.tree)

    def re2(self) -> str:
        """The text for RE2's full match with the option that the dot matches a line break."""
        return render.re2(self.tree)


@lru_cache(maxsize=_REMEMBERED)
def parse(text: str) -> Pattern:
    """The pattern of `matches`; see `grammar` for what may stand in it. Raises PatternRefusedError."""
    tree = read(text)
    return Pattern(text, tree, automaton(tree).matches)


@lru_cache(maxsize=_REMEMBERED)
def parse_like(text: str) -> Pattern:
    """The pattern of `like`: `*` stands for any characters, `?` for one, all else for itself.

    Raises PatternRefusedError when it is empty or too long, or the server would refuse it as too complex.
    """
    check_length(text)
    nodes: list[Node] = []
    for sign in text:
        node = _ANY if sign == "*" else DOT if sign == "?" else literal(sign)
        if node is not _ANY or nodes[-1:] != [_ANY]:
            nodes.append(node)
    tree = Sequence(tuple(nodes))
    return Pattern(text, tree, automaton(tree).matches)
