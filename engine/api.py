"""The public API: a workspace is loaded and checked, built into a bundle, and the bundle runs.

workspace = load_workspace("shop")
for finding in workspace.findings: ...
Path("shop.bundle").write_bytes(build_bundle(workspace))

runtime = open_bundle(Path("shop.bundle"))
runtime.segments({"customer_id": "c-1", "spend": 812.5})
runtime.decide("homepage", {"customer_id": "c-1"}, {"channel": "web"})
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .bundle.envelope import About
from .bundle.read import Acceptance, OpenBundle, read_bundle
from .bundle.read import open_bundle as open_bytes
from .bundle.sign import sign
from .bundle.write import pack
from .compiler.pipeline import compile_workspace
from .diagnostics import Finding, Sink
from .ir.instant import format_instant
from .ir.program import Program
from .language.workspace import Workspace, apply_suppressions, uncollected
from .language.workspace import load_workspace as read_workspace

if TYPE_CHECKING:
    from .runtime.loaded import Runtime
    from .runtime.ports import Ports


@dataclass(frozen=True, slots=True)
class LoadedWorkspace:
    """A workspace, read and compiled, with its findings after suppressions, sorted by place.

    `errors` and `warnings` count all of them, also those beyond what is kept. `compiled` is what could be compiled in
    spite of errors, None without a catalogue.
    """

    documents: Workspace
    compiled: Program | None
    findings: tuple[Finding, ...]
    errors: int
    warnings: int

    @property
    def program(self) -> Program:
        """What the workspace means. Raises WorkspaceRefusedError when it has errors."""
        if self.errors or self.compiled is None:
            raise WorkspaceRefusedError([each for each in self.findings if each.severity == "error"])
        return self.compiled


class WorkspaceRefusedError(ValueError):
    """The workspace has errors; `findings` are they."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        place = f"{first.span.file}:{first.span.line}:{first.span.column}"
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{place}: {first.message}{more}")
        self.findings = tuple(findings)


def load_workspace(root: Path | str, *, today: str | None = None) -> LoadedWorkspace:
    """The workspace in a folder; `today` (`2026-12-31`) is the day on which suppressions must not have expired."""
    sink = Sink()
    with uncollected():
        documents = read_workspace(Path(root), sink)
        program = compile_workspace(documents, sink)
    day = today or format_instant(time.time_ns() // 1_000_000)[:10]
    kept = sink.findings()
    findings = apply_suppressions(kept, documents, day)
    counts = {
        severity: total
        + sum(each.severity == severity for each in findings)
        - sum(each.severity == severity for each in kept)
        for severity, total in (("error", sink.errors), ("warning", sink.warnings))
    }
    return LoadedWorkspace(documents, program, tuple(findings), counts["error"], counts["warning"])


def build_bundle(
    workspace: LoadedWorkspace, *, revision: str | None = None, sequence: int = 0, key: Path | None = None
) -> bytes:
    """The bundle's bytes, signed when `key` names a file with an Ed25519 private key in PEM.

    Equal workspaces give equal bytes. Raises WorkspaceRefusedError, and KeyRefusedError for an unusable key.
    """
    program = workspace.program
    envelope = pack(program, About(program.workspace, sequence, revision))
    return (envelope if key is None else sign(envelope, key)).file_bytes()


def open_bundle(
    source: Path | str | bytes, acceptance: Acceptance | None = None, *, ports: Ports | None = None
) -> Runtime:
    """The runtime of a bundle, verified; `ports` are the engines that models, features and bandits are asked of.

    Raises BundleRefusedError, and OSError when a file cannot be read.
    """
    from .experiments.assignment import NativeAssigner
    from .runtime.loaded import Runtime

    now = format_instant(time.time_ns() // 1_000_000)
    accepted = acceptance or Acceptance()
    found: OpenBundle
    found = open_bytes(source, accepted, now) if isinstance(source, bytes) else read_bundle(Path(source), accepted, now)
    return Runtime(found.program, found.digest, assigner=NativeAssigner(found.program.experiments), ports=ports)
