"""The node kind `model`."""

from __future__ import annotations

from ..kind import NodeKind, always
from .node import ModelNode
from .run import write_model

MODEL = NodeKind(
    node=ModelNode,
    write=write_model,
    traced=("version",),
    asks=always,
    logs=True,
)
