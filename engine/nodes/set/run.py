"""A `set` as Python: one assignment for each name."""

from __future__ import annotations

from ...ir.expression import Name
from ..writing import Writer
from .node import SetNode


def write_set(node: SetNode, writer: Writer) -> None:
    """Binds the names one after the other."""
    for item in node.items:
        writer.line(f"{writer.var(item.name)} = {writer.value(item.value)}")
    bound = {f"vars.{item.name}": Name("vars", (item.name,), item.value.type) for item in node.items}
    writer.note(node, "'set'", seen=writer.traced_members(bound))
    writer.go(node.then)
