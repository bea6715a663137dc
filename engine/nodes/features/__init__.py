"""The node kind `features`."""

from __future__ import annotations

from ..kind import NodeKind, always
from .node import FeatureRead, FeaturesNode
from .run import features_look_ups, write_features

FEATURES = NodeKind(
    node=FeaturesNode,
    parts=(FeatureRead,),
    write=write_features,
    traced=("views",),
    asks=always,
    logs=True,
    look_ups=features_look_ups,
)
