"""The public API: load and check a workspace, build a bundle, and run it.

workspace = load_workspace("shop")
for finding in workspace.findings: ...
workspace.elasticsearch("vips", now="2026-03-01T09:30:00Z")
Path("shop.bundle").write_bytes(build_bundle(workspace))

runtime = open_bundle(Path("shop.bundle"))
runtime.segments({"customer_id": "c-1", "spend": 812.5})
runtime.decide("homepage", {"customer_id": "c-1"}, {"channel": "web"})
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .bundle.envelope import About
from .bundle.read import Acceptance, OpenBundle, read_bundle
from .bundle.read import open_bundle as open_bytes
from .bundle.sign import sign
from .bundle.write import pack
from .compiler.pipeline import compile_workspace
from .compiler.queries import elasticsearch_query, english, sql_query
from .diagnostics import Finding, Sink
from .ir.instant import format_instant, parse_instant
from .ir.program import Program
from .language.workspace import Workspace, apply_suppressions, pause_collection
from .language.workspace import load_workspace as read_workspace
from .operators.core import Unsupported

if TYPE_CHECKING:
    from .runtime.loaded import Runtime
    from .runtime.ports import Ports


@dataclass(frozen=True, slots=True)
class LoadedWorkspace:
    """A workspace, read and compiled, with its findings after suppressions, sorted by position.

    `errors` and `warnings` count all findings, including those beyond the limit on stored ones. `compiled` is the part
    that compiles in spite of errors, None without a catalogue.
    """

    documents: Workspace
    compiled: Program | None
    findings: tuple[Finding, ...]
    errors: int
    warnings: int

    @property
    def program(self) -> Program:
        """The compiled program. Raises WorkspaceRefusedError if the workspace has errors."""
        if self.errors or self.compiled is None:
            raise WorkspaceRefusedError([each for each in self.findings if each.severity == "error"])
        return self.compiled

    def elasticsearch(self, segment: str, *, now: str | None = None) -> dict[str, Any]:
        """The segment's query as `{"query": …}`; without `now`, instants stay placeholders such as `{"$now": "-30d"}`.

        If `candidates` is among the keys, the query matches the segment and more, as the index alone cannot decide.
        Raises KeyError for an unknown segment, WorkspaceRefusedError as `program` does.
        """
        return elasticsearch_query(self.program, segment, None if now is None else parse_instant(now))

    def sql(
        self, segment: str, dialect: Literal["duckdb", "postgres"], *, now: str | None = None
    ) -> tuple[str, Mapping[str, Any]]:
        """The statement that selects the segment's customers, and its named parameters.

        Raises as `elasticsearch` does, and ValueError with the reason if SQL cannot express the segment.
        """
        found = sql_query(self.program, segment, dialect, None if now is None else parse_instant(now))
        if isinstance(found, Unsupported):
            raise ValueError(found.reason)  # noqa: TRY004 - the type is right, the segment is not
        return found

    def english(self, segment: str) -> str:
        """The segment's conditions in English."""
        return english(self.program, segment)


class WorkspaceRefusedError(ValueError):
    """The workspace has errors, which are in `findings`."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        place = f"{first.span.file}:{first.span.line}:{first.span.column}"
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{place}: {first.message}{more}")
        self.findings = tuple(findings)


def load_workspace(root: Path | str, *, today: str | None = None) -> LoadedWorkspace:
    """The workspace in a folder; `today` (such as `2026-12-31`) decides which suppressions have expired."""
    sink = Sink()
    with pause_collection():
        documents = read_workspace(Path(root), sink)
        program = compile_workspace(documents, sink)
    day = today or format_instant(time.time_ns() // 1_000_000)[:10]
    collected = sink.findings()
    findings = apply_suppressions(collected, documents, day)
    counts = {
        severity: total
        + sum(each.severity == severity for each in findings)
        - sum(each.severity == severity for each in collected)
        for severity, total in (("error", sink.errors), ("warning", sink.warnings))
    }
    return LoadedWorkspace(documents, program, tuple(findings), counts["error"], counts["warning"])


def build_bundle(
    workspace: LoadedWorkspace, *, revision: str | None = None, sequence: int = 0, key: Path | None = None
) -> bytes:
    """The bundle's bytes, signed if `key` names a file with an Ed25519 private key in PEM.

    Equal workspaces give equal bytes. Raises WorkspaceRefusedError, and KeyRefusedError for an unusable key.
    """
    program = workspace.program
    envelope = pack(program, About(program.workspace, sequence, revision))
    return (envelope if key is None else sign(envelope, key)).file_bytes()


def open_bundle(
    source: Path | str | bytes, acceptance: Acceptance | None = None, *, ports: Ports | None = None
) -> Runtime:
    """The runtime of a bundle, verified and ready; `ports` provide the answers of models, features and bandits.

    Raises BundleRefusedError, and OSError if a file cannot be read.
    """
    from .bundle.ready import prepare_bundle
    from .experiments.assignment import NativeAssigner
    from .runtime.loaded import Runtime

    now = format_instant(time.time_ns() // 1_000_000)
    demands = acceptance or Acceptance()
    found: OpenBundle
    found = open_bytes(source, demands, now) if isinstance(source, bytes) else read_bundle(Path(source), demands, now)

    def runtime(program: Program, digest: str) -> Runtime:
        return Runtime(program, digest, assigner=NativeAssigner(program.experiments), ports=ports)

    return prepare_bundle(found, runtime)
