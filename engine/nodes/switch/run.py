"""A switch as Python: one `if` with a branch for each case."""

from __future__ import annotations

from ..writing import Writer
from .node import SwitchNode

CHAIN = 32  # cases in one `if`; longer chains overflow Python's own compiler


def write_switch(node: SwitchNode, writer: Writer) -> None:
    """The first case that holds, else `otherwise`."""
    if len(node.cases) <= CHAIN:
        for index, case in enumerate(node.cases):
            with writer.block(f"{'elif' if index else 'if'} {writer.truth(case.when)}:"):
                _leave(node, writer, index)
        with writer.block("else:"):
            _leave(node, writer, len(node.cases))
        return
    chosen = writer.name("case")
    writer.line(f"{chosen} = -1")
    for first in range(0, len(node.cases), CHAIN):
        with writer.block(f"if {chosen} < 0:"):
            for index, case in list(enumerate(node.cases))[first : first + CHAIN]:
                with writer.block(f"{'if' if index == first else 'elif'} {writer.truth(case.when)}:"):
                    writer.line(f"{chosen} = {index}")
    ways: dict[str, list[int]] = {}
    for index, case in enumerate(node.cases):
        ways.setdefault(case.then, []).append(index)
    ways.setdefault(node.otherwise, []).append(-1)
    for target, indexes in ways.items():
        with writer.block(f"if {chosen} in {writer.bind(frozenset(indexes), 'cases')}:"):
            writer.note(node, repr(target), case=f"{chosen} + 1")
            writer.go(target)


def _leave(node: SwitchNode, writer: Writer, index: int) -> None:
    held = index < len(node.cases)
    target = node.cases[index].then if held else node.otherwise
    seen = writer.traced_members(writer.names_of(*(case.when for case in node.cases[: index + 1])))
    details = {"when": repr(node.cases[index].text)} if held else {}
    writer.note(node, repr(target), case=repr(index + 1 if held else 0), **details, seen=seen)
    writer.go(target)
