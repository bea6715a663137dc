"""What documents mean: frozen, canonical values that every target, the matcher and the interpreter read."""

from __future__ import annotations

from . import cells, expression, graph, predicate, types
from .codec import register

register(types.Aggregate, types.Field, types.EventType, types.Catalogue)
register(
    predicate.Now,
    predicate.Bounds,
    predicate.Anniversary,
    predicate.Circle,
    predicate.Leaf,
    predicate.Constant,
    predicate.Not,
    predicate.Element,
    predicate.InList,
    predicate.Events,
    predicate.Step,
    predicate.EventSequence,
    # Definitions that are stored keep their digests, so these two keep the names by which they are encoded.
    All=predicate.AllOf,
    Any=predicate.AnyOf,
)
register(
    graph.SetItem,
    graph.Ruleset,
    graph.Arm,
    graph.Phase,
    graph.Layer,
    graph.Experiment,
    graph.Model,
    graph.FeatureView,
)
register(*cells.CELLS)
register(*expression.EXPRESSIONS, expression.ValueType)
