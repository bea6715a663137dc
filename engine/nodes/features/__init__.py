"""The node kind `features`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind, always
from .node import FeatureRead, FeaturesNode
from .run import features_look_ups, write_features


def _authoring() -> Authoring[FeaturesNode]:
    from . import telling
    from .document import FeaturesShape
    from .lower import lower_features

    return Authoring(
        shape=FeaturesShape,
        lower=lower_features,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
        listed=(telling.READS,),
    )


FEATURES = NodeKind(
    node=FeaturesNode,
    parts=(FeatureRead,),
    write=write_features,
    traced=("views",),
    asks=always,
    logs=True,
    look_ups=features_look_ups,
    authoring=_authoring,
)
