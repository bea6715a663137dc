"""An `output` as Python: the object that is returned."""

from __future__ import annotations

from ..writing import Writer
from .node import OutputNode


def write_output(node: OutputNode, writer: Writer) -> None:
    """The decision; outputs that are missing are left out."""
    writer.note(node, "'output'")
    writer.finish(writer.object((item.name, item.value) for item in node.items))
