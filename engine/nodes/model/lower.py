"""A `model` node's meaning: the call with typed inputs, and what its outputs are."""

from __future__ import annotations

from typing import Any

from ...ir.expression import ANY, Coalesce, Expression, Value
from ...ir.graph import Model, SetItem
from ...ir.types import Field
from ..lowering import Lowered, Lowering, Target, milliseconds
from ..named import ModelModel, field_of_type
from .document import ModelShape
from .node import ModelNode


def lower_model(shape: ModelShape, lowering: Lowering) -> Lowered:
    """The call; unknown inputs and inputs that nobody gives are errors."""
    target = lowering.model(shape.model, ("model",))
    if target is None:
        return Lowered(None, {shape.bind: ANY})
    document = target.model
    for name in shape.inputs:
        if name not in document.inputs:
            help_ = lowering.suggestion(name, sorted(document.inputs), "inputs")
            lowering.at_key("G011", ("inputs", name), f"`{name}` is not an input of model `{shape.model}`", help=help_)
    model = signature(shape.model, target, lowering)
    known = {shape.bind: lowering.object_of(model.outputs)}
    items = [item for field in model.inputs if (item := _input(field, shape, target, lowering)) is not None]
    if len(items) < len(model.inputs) or any(name not in document.inputs for name in shape.inputs):
        return Lowered(None, known)
    timeout = milliseconds(document.deadline)
    if shape.deadline is not None:
        timeout = min(timeout, milliseconds(shape.deadline))
    return Lowered(ModelNode(lowering.name, model, tuple(items), shape.bind, shape.then, timeout), known)


def signature(name: str, target: Target[ModelModel], lowering: Lowering) -> Model:
    """What the interpreter must know of a model's document."""
    document = target.model
    inputs = tuple(field_of_type(each, shape, many=shape.many) for each, shape in sorted(document.inputs.items()))
    outputs = tuple(field_of_type(each, shape, many=shape.many) for each, shape in sorted(document.outputs.items()))
    fallback = []
    for field in outputs:
        if field.name in document.fallback:
            path = ("fallback", field.name)
            value = lowering.elsewhere(target).constant(document.fallback[field.name], field, path, "G011")
            fallback.append((field.name, value))
    served = document.served
    version = "" if served is None else str(served.version if served.version is not None else served.label or "")
    return Model(name, version, inputs, outputs, tuple(fallback))


def _input(field: Field, shape: ModelShape, target: Target[ModelModel], lowering: Lowering) -> SetItem | None:
    declared = target.model.inputs[field.name]
    kind = lowering.type_of(field)
    value: Expression | None
    if field.name in shape.inputs:
        written = str(shape.inputs[field.name])
        value = lowering.literal_or_expression(shape.inputs[field.name], ("inputs", field.name), kind)
    elif declared.source is not None:
        written = declared.source
        value = lowering.foreign(target, written, ("inputs", field.name, "from"), kind)
    elif declared.default is not None:
        return SetItem(field.name, Value(_default(declared.default, field, target, lowering), kind), "")
    else:
        message = f"`{field.name}` of model `{shape.model}` gets no value"
        help_ = ("write it below `inputs`, or `from:` in the model",)
        lowering.at_key("G011", ("inputs",) if shape.inputs else ("model",), message, help=help_)
        return None
    if value is not None and declared.default is not None:
        value = Coalesce(value, Value(_default(declared.default, field, target, lowering), kind), kind)
    return None if value is None else SetItem(field.name, value, written)


def _default(value: Any, field: Field, target: Target[ModelModel], lowering: Lowering) -> Any:
    return lowering.elsewhere(target).constant(value, field, ("inputs", field.name, "default"), "G011")
