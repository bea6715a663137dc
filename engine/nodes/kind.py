"""What decisor must know of a kind of node: one record, which stands in the `__init__.py` of the kind's folder.

What a node means, its class says itself (`node.py`, see `engine.ir.graph.GraphNode`); the record adds how it runs. What
only authors need is loaded when it is asked for, so that deciding loads no pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..ir.codec import is_core
from ..ir.expression import Expression
from ..ir.frozen import Frozen, frozen
from ..ir.graph import Experiments, GraphNode
from .writing import Writer

if TYPE_CHECKING:
    from .authoring import Authoring
    from .lowering import Lowered, Lowering

Node = TypeVar("Node", bound=GraphNode)


@frozen
class LookUp(Frozen):
    """An answer that a node asks for, and that is read ahead where the request alone determines the `keys`.

    `kind` and `name` are what `explain` shows; `source` writes the need, None where a key is missing.
    """

    kind: str
    name: str
    keys: tuple[Expression, ...]
    source: Callable[[Writer], str]


def always(_node: GraphNode, _experiments: Experiments) -> bool:
    """For a kind whose every node asks."""
    return True


def never(_node: GraphNode, _experiments: Experiments) -> bool:
    """For a kind whose nodes ask nothing."""
    return False


def no_look_ups(_node: GraphNode, _experiments: Experiments) -> Iterable[LookUp]:
    """For a kind whose nodes have nothing to read ahead."""
    return ()


@frozen
class NodeKind(Frozen, Generic[Node]):
    """One kind of node.

    `node` is its class, `parts` are further classes that it is made of. `write` writes its piece of a ruleset's
    function. `traced` are the words of its trace entries besides `node`, `kind` and `outcome`; every other member of an
    entry is a value that the node looked at. `asks` tells whether a node has needs, `logs` whether it notes something
    in the decision's log. `authoring` loads what only authors need.
    """

    node: type[Node]
    write: Callable[[Node, Writer], None]
    traced: tuple[str, ...]
    authoring: Callable[[], Authoring[Node]]
    parts: tuple[type, ...] = ()
    asks: Callable[[Node, Experiments], bool] = never
    logs: bool = False
    look_ups: Callable[[Node, Experiments], Iterable[LookUp]] = no_look_ups

    @property
    def word(self) -> str:
        """The word for it, which is the key that authors write."""
        return self.node.kind


class NodeKinds:
    """The kinds that a ruleset may be made of: a value, which is passed to all code that meets nodes.

    `kinds` gives them when the first one is asked for, so that a process that only matches segments loads none.
    """

    __slots__ = ("_found", "_kinds", "_lowers")

    def __init__(self, kinds: Callable[[], Iterable[NodeKind[Any]]]) -> None:
        self._kinds = kinds
        self._found: _Index | None = None
        self._lowers: dict[type, Callable[[Any, Lowering], Lowered]] = {}

    def __iter__(self) -> Iterator[NodeKind[Any]]:
        return iter(self._index.by_word.values())

    @property
    def classes(self) -> Mapping[str, type]:
        """The classes of nodes and of their parts by their names: those that a bundle may hold."""
        return self._index.classes

    @property
    def _index(self) -> _Index:
        if self._found is None:
            self._found = _Index(self._kinds())
        return self._found

    def of(self, node: GraphNode) -> NodeKind[Any]:
        """The kind of a node. Raises KeyError for one that is not among them."""
        return self._index.by_class[type(node)]

    def find(self, word: str) -> NodeKind[Any] | None:
        """The kind of that name, or None."""
        return self._index.by_word.get(word)

    def lower(self, shape: Any, lowering: Lowering) -> Lowered:
        """The meaning of a node that reads well, with findings."""
        if not self._lowers:
            found = [kind.authoring() for kind in self]
            self._lowers.update({each.shape: each.lower for each in found})
        return self._lowers[type(shape)](shape, lowering)

    def having(self, *more: NodeKind[Any]) -> NodeKinds:
        """These and more. Raises ValueError where two kinds, or two of their classes, have one name."""
        kinds = (*self, *more)
        _Index(kinds)
        return NodeKinds(lambda: kinds)


class _Index:
    """Kinds by their words and by their classes. Raises ValueError where two have one name."""

    __slots__ = ("by_class", "by_word", "classes")

    def __init__(self, kinds: Iterable[NodeKind[Any]]) -> None:
        self.by_word: dict[str, NodeKind[Any]] = {}
        self.by_class: dict[type, NodeKind[Any]] = {}
        classes: dict[str, type] = {}
        for kind in kinds:
            if self.by_word.setdefault(kind.word, kind) is not kind:
                raise ValueError(f"two kinds of node are called `{kind.word}`")
            self.by_class[kind.node] = kind
            for cls in (kind.node, *kind.parts):
                if is_core(cls.__name__) or classes.setdefault(cls.__name__, cls) is not cls:
                    raise ValueError(f"two IR classes are called {cls.__name__}")
        self.classes: Mapping[str, type] = MappingProxyType(classes)
