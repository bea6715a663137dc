"""A `model` node as Python: one need, its answer bound."""

from __future__ import annotations

from ..writing import Writer
from .node import ModelNode


def write_model(node: ModelNode, writer: Writer) -> None:
    """The model's outputs, or its fallback's."""
    need, got, model = writer.name("need"), writer.name("got"), node.model
    inputs = "".join(f"({item.name!r}, {writer.frozen_value(item.value)}), " for item in node.inputs)
    outputs = tuple(field.name for field in model.outputs)
    fallback, readers = writer.bind(model.fallback, "fallback"), writer.readers(model.outputs)
    about = f"{model.name!r}, {model.version!r}, ({inputs}), {outputs!r}"
    writer.line(f"{need} = Predict({about}, {fallback}, {node.timeout}, {readers})")
    writer.ask(f"({need} if {need}.complete else None,)")
    writer.line(f"{got} = log.predict({node.name!r}, {need})")
    writer.line(f"{writer.var(node.bind)} = {got}[0]")
    looked_at = writer.names_of(*(item.value for item in node.inputs))
    writer.note(node, f"{got}[1]", version=f"{got}[2]", seen=writer.traced_members(looked_at))
    writer.go(node.then)
