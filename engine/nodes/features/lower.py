"""A `features` node's meaning: what to read, and for which entity."""

from __future__ import annotations

from ...diagnostics import Path
from ...ir.expression import ANY, STRING, Expression, ValueType
from ...ir.graph import FeatureView
from ..lowering import Lowered, Lowering, Target, milliseconds, unit_expression
from ..named import FeatureViewModel, field_of_type
from .document import FeaturesShape
from .node import FeatureRead, FeaturesNode


def lower_features(shape: FeaturesShape, lowering: Lowering) -> Lowered:
    """The views with the types of their features."""
    reads: list[FeatureRead] = []
    types: dict[str, ValueType] = {}
    entities = set()
    for index, name in enumerate(shape.features):
        path = ("features", index)
        types[name] = ANY
        target = lowering.feature_view(name, path)
        if target is None:
            continue
        view = feature_view(name, lowering, target)
        types[name] = lowering.object_of(view.features)
        entities.add(view.entity)
        written = shape.entities.get(view.entity)
        entity_path = ("entities", view.entity) if written is not None else path
        entity = _entity(lowering, written, view, entity_path)
        if entity is not None:
            reads.append(FeatureRead(view, entity))
    for name in shape.entities:
        if name not in entities:
            help_ = lowering.suggestion(name, sorted(entities), "entities")
            lowering.at_key("G011", ("entities", name), f"`{name}` is the entity of none of these views", help=help_)
            return Lowered(None, features=types)
    node = FeaturesNode(lowering.name, tuple(reads), shape.then) if len(reads) == len(shape.features) else None
    return Lowered(node, features=types)


def _entity(lowering: Lowering, written: str | None, view: FeatureView, path: Path) -> Expression | None:
    if written is not None:
        return lowering.expression(written, path, STRING)
    return unit_expression(lowering, None, view.entity, path)


def feature_view(name: str, lowering: Lowering, target: Target[FeatureViewModel]) -> FeatureView:
    """What the interpreter must know of a view's document."""
    model = target.model
    fields, defaults = [], []
    for each, shape in sorted(model.features.items()):
        field = field_of_type(each, shape, many=shape.many)
        fields.append(field)
        if shape.default is not None:
            path = ("features", each, "default")
            value = lowering.elsewhere(target).constant(shape.default, field, path, "G011")
            if value is not None:
                defaults.append((each, value))
    return FeatureView(name, model.entity, tuple(fields), tuple(defaults), milliseconds(model.deadline))
