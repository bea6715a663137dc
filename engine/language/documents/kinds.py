"""Every kind of document and its model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
from .ruleset import RulesetDocument
from .segment import SegmentDocument
from .test import TestDocument

KINDS: Mapping[str, type[Envelope]] = MappingProxyType(
    {
        model.kind_name: model
        for model in (
            ProfileDocument,
            EventTypeDocument,
            SegmentDocument,
            MemberListDocument,
            RulesetDocument,
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
    }
)
"""Kind and model, in the order in which people meet them."""
