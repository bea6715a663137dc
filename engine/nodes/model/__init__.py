"""The node kind `model`."""

from __future__ import annotations

from ..authoring import Authoring
from ..kind import NodeKind, always
from .node import ModelNode
from .run import write_model


def _authoring() -> Authoring[ModelNode]:
    from . import telling
    from .document import ModelShape
    from .lower import lower_model

    return Authoring(
        shape=ModelShape,
        lower=lower_model,
        look=telling.LOOK,
        box_lines=telling.box_lines,
        arrows=telling.arrows,
        steps=telling.steps,
    )


MODEL = NodeKind(
    node=ModelNode,
    write=write_model,
    traced=("version",),
    asks=always,
    logs=True,
    authoring=_authoring,
)
