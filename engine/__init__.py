"""decisor: segments and routing rules as files, compiled into one bundle that runs wherever a decision is needed.

Names are imported when they are first used, so that `import engine.runtime` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import LoadedWorkspace, WorkspaceRefusedError, build_bundle, load_workspace, open_bundle
    from .bundle.envelope import BundleRefusedError
    from .bundle.read import Acceptance
    from .bundle.sign import KeyRefusedError
    from .diagnostics import Finding, Span
    from .ir.program import Program
    from .runtime.decide import InputRefusedError
    from .runtime.decision import Decision
    from .runtime.intake import FactsRefusedError
    from .runtime.loaded import Runtime
    from .runtime.ports import Ports
    from .segments.engine import SegmentationEngine

_HOMES = {
    "Acceptance": ".bundle.read",
    "BundleRefusedError": ".bundle.envelope",
    "Decision": ".runtime.decision",
    "FactsRefusedError": ".runtime.intake",
    "Finding": ".diagnostics",
    "InputRefusedError": ".runtime.decide",
    "KeyRefusedError": ".bundle.sign",
    "LoadedWorkspace": ".api",
    "Ports": ".runtime.ports",
    "Program": ".ir.program",
    "Runtime": ".runtime.loaded",
    "SegmentationEngine": ".segments.engine",
    "Span": ".diagnostics",
    "WorkspaceRefusedError": ".api",
    "build_bundle": ".api",
    "load_workspace": ".api",
    "open_bundle": ".api",
}

__all__ = [
    "Acceptance",
    "BundleRefusedError",
    "Decision",
    "FactsRefusedError",
    "Finding",
    "InputRefusedError",
    "KeyRefusedError",
    "LoadedWorkspace",
    "Ports",
    "Program",
    "Runtime",
    "SegmentationEngine",
    "Span",
    "WorkspaceRefusedError",
    "build_bundle",
    "load_workspace",
    "open_bundle",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module `engine` has no `{name}`")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
