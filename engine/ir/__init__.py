"""What documents mean: frozen, canonical values that every target, the matcher and the interpreter read."""

from __future__ import annotations

from . import predicate, types
from .codec import register

register(types.Aggregate, types.Field, types.EventType, types.Catalogue)
register(
    predicate.Now,
    predicate.Bounds,
    predicate.Anniversary,
    predicate.Circle,
    predicate.Leaf,
    predicate.Constant,
    predicate.All,
    predicate.Any,
    predicate.Not,
    predicate.Element,
    predicate.InList,
    predicate.Events,
    predicate.Step,
    predicate.EventSequence,
)
