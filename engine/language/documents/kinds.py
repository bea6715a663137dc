"""Every kind of document and its model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...nodes.kind import NodeKinds
from ...nodes.kinds import NODE_KINDS
from .bandit import BanditDocument
from .envelope import Envelope
from .event_type import EventTypeDocument
from .experiment import ExperimentDocument, LayerDocument
from .feature_view import FeatureViewDocument
from .member_list import MemberListDocument
from .metric import MetricDocument
from .model import ModelDocument
from .profile import ProfileDocument
from .release import ReleaseDocument, RollbackPolicyDocument
from .ruleset import ruleset_document
from .segment import SegmentDocument
from .test import TestDocument


def document_kinds(nodes: NodeKinds) -> Mapping[str, type[Envelope]]:
    """Every kind of document and its model, in the order in which people meet them; rulesets with those nodes."""
    models: tuple[type[Envelope], ...] = (
        ProfileDocument,
        EventTypeDocument,
        SegmentDocument,
        MemberListDocument,
        ruleset_document(nodes),
        ExperimentDocument,
        LayerDocument,
        BanditDocument,
        ModelDocument,
        MetricDocument,
        FeatureViewDocument,
        ReleaseDocument,
        RollbackPolicyDocument,
        TestDocument,
    )
    return MappingProxyType({model.kind_name: model for model in models})


KINDS = document_kinds(NODE_KINDS)
