"""A pattern's tree as the texts that Lucene and RE2 read."""

from __future__ import annotations

from typing import Final

from .grammar import DOT, Characters, Choice, Node, Repeat, Sequence

_ALL: Final = ".?*+|()[]{}\\^$"
_LUCENE: Final = str.maketrans({sign: f"\\{sign}" for sign in _ALL + '"#@&<>~'})
_RE2: Final = str.maketrans({sign: f"\\{sign}" for sign in _ALL})
_CLASS: Final = str.maketrans({sign: f"\\{sign}" for sign in "[]\\^-&~"})
_WILDCARD: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\*?"})


def lucene(tree: Node) -> str:
    """The text for Elasticsearch's `regexp` with `flags: NONE`; all signs of the optional syntax are escaped anyway."""
    return _render_node(tree, _LUCENE, "(")


def re2(tree: Node) -> str:
    """The text for RE2, which must be told that the dot matches a line break."""
    return _render_node(tree, _RE2, "(?:")


def escape_wildcard(text: str) -> str:
    """The text as Elasticsearch's `wildcard` must read it to find it literally."""
    return text.translate(_WILDCARD)


def _render_node(node: Node, escapes: dict[int, str], group: str) -> str:
    match node:
        case Characters():
            return _characters(node, escapes)
        case Sequence(items):
            return "".join(_inner(item, (Choice,), escapes, group) for item in items)
        case Choice(items):
            return "|".join(_render_node(item, escapes, group) for item in items)
        case Repeat(item, least, most):
            return _inner(item, (Choice, Sequence, Repeat), escapes, group) + _bounds(least, most)


def _inner(node: Node, binds_weaker: tuple[type, ...], escapes: dict[int, str], group: str) -> str:
    text = _render_node(node, escapes, group)
    return f"{group}{text})" if isinstance(node, binds_weaker) else text


def _bounds(least: int, most: int | None) -> str:
    if most is None:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    if (least, most) == (0, 1):
        return "?"
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _characters(node: Characters, escapes: dict[int, str]) -> str:
    if node == DOT:
        return "."
    (low, high), *others = node.ranges
    if low == high and not others and not node.negated:
        return chr(low).translate(escapes)
    return f"[{'^' if node.negated else ''}{''.join(_range(*each) for each in node.ranges)}]"


def _range(low: int, high: int) -> str:
    ends = [chr(each).translate(_CLASS) for each in ([low] if low == high else [low, high])]
    return ("-" if high > low + 1 else "").join(ends)
