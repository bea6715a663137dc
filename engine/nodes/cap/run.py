"""A `cap` as Python: one count, held against the limit."""

from __future__ import annotations

from collections.abc import Iterable

from ...ir.graph import Experiments
from ..kind import LookUp
from ..writing import Writer
from .node import CapNode


def write_cap(node: CapNode, writer: Writer) -> None:
    """`then`, counting one, below the limit; else `otherwise`, as where key or unit is missing."""
    need, got = writer.name("need"), writer.name("got")
    writer.line(f"{need} = {cap_need(node, writer)}")
    writer.ask(f"({need},)")
    writer.line(f"{got} = log.count_uses({node.name!r}, {need})")
    told = {
        "count": writer.traced_value(f"{got}[0]", node.key, node.unit),
        "limit": repr(node.limit),
        "status": f"{got}[1]",
    }
    with writer.block(f"if {need} is not None and {got}[0] < {node.limit}:"):
        writer.line(f"log.uses({need})")
        writer.note(node, "'below'", **told)
        writer.go(node.then)
    with writer.block("else:"):
        writer.note(node, "'reached'", **told)
        writer.go(node.otherwise)


def cap_look_ups(node: CapNode, _experiments: Experiments) -> Iterable[LookUp]:
    """The count."""
    return (LookUp("cap", node.name, (node.key, node.unit), lambda writer: cap_need(node, writer)),)


def cap_need(node: CapNode, writer: Writer) -> str:
    """Source of the need, None without a key or a unit."""
    key, unit = writer.name("key"), writer.name("unit")
    tests = [f"({key} := {writer.value(node.key)}) is not None", f"({unit} := {writer.value(node.unit)}) is not None"]
    return f"CountUses({key}, {unit}, {node.within}) if {' and '.join(tests)} else None"
