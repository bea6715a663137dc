"""`decisor build`: packs the workspace into one bundle."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .opening import Opened, add_workspace, open_workspace, sound_program, workspace_root
from .report import counted

if TYPE_CHECKING:
    from ..bundle.envelope import Envelope
    from ..ir.program import Program
    from ..language.workspace import Workspace

SEQUENCE_LIMIT = 2**53


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the bundle")
    parser.add_argument("--sign", type=Path, metavar="KEY", help="sign with this private key (see `decisor keygen`)")
    parser.add_argument(
        "--sequence", type=int, metavar="N", help="default: the number of commits up to this one, 0 without git"
    )
    parser.add_argument("--expires", metavar="INSTANT", help="when the bundle expires")
    parser.add_argument(
        "--allow-failing-tests", action="store_true", help="build even if tests fail; the bundle records it"
    )
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from ..bundle.envelope import About
    from ..bundle.write import pack

    expires = _expiry(options.expires)
    opened = open_workspace(workspace_root(options.workspace))
    program = sound_program(opened)
    tests = _tests(opened, program)
    if tests["failed"]:
        print(f"{counted(tests['failed'], 'test')} failed; `decisor test` shows which", file=sys.stderr)
        if not options.allow_failing_tests:
            return FINDINGS
    revision, count = _provenance(opened.workspace)
    sequence = count if options.sequence is None else options.sequence
    if not 0 <= sequence <= SEQUENCE_LIMIT:
        raise CannotRunError(f"--sequence {sequence}: expected a whole number of at least 0")
    about = About(program.workspace, sequence, revision, expires, tuple(sorted(tests.items())))
    envelope = _sign(pack(program, about), options.sign)
    size = _write(options.output, envelope)
    print(envelope.digest)
    print(f"{program.workspace}: {_contents(program)}; {_tests_text(tests)}")
    print(f"revision {revision or 'unknown'}, sequence {sequence}, {_signers(envelope)}")
    print(f"{options.output}: {size:,} bytes")
    return CLEAN


def _expiry(text: str | None) -> str | None:
    """The canonical instant of `--expires`."""
    from ..ir.instant import InstantError, canonical_instant, parse_instant

    if text is None:
        return None
    try:
        expires = canonical_instant(text)
    except InstantError as problem:
        raise CannotRunError(f"--expires: expected {problem}") from None
    if parse_instant(expires) <= time.time_ns() // 1_000_000:
        raise CannotRunError(f"--expires {expires} lies in the past; no reader would accept the bundle")
    return expires


def _tests(opened: Opened, program: Program) -> dict[str, int]:
    """The numbers of cases that passed and failed."""
    from ..testing.run import run_tests

    run = run_tests([each for each in opened.workspace.documents if each.kind == "Test"], program)
    return {"passed": len(run.results) - run.failed, "failed": run.failed}


def _provenance(workspace: Workspace) -> tuple[str | None, int]:
    """The revision and the number of commits up to it; None and 0 when the workspace is not in git."""
    from ..language.git import RevisionError
    from ..language.revision import provenance

    try:
        found = provenance(workspace)
    except RevisionError as problem:
        raise CannotRunError(str(problem)) from None
    return (None, 0) if found is None else (found.revision, found.count)


def _sign(envelope: Envelope, key: Path | None) -> Envelope:
    if key is None:
        return envelope
    from ..bundle.sign import KeyRefusedError, sign

    try:
        return sign(envelope, key)
    except KeyRefusedError as problem:
        raise CannotRunError(str(problem)) from None


def _write(file: Path, envelope: Envelope) -> int:
    from ..bundle.write import write_bundle
    from .files import check_output

    check_output(file.parent)  # a link at the file's own path is replaced, not followed
    try:
        return write_bundle(file, envelope)
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be written: {problem.strerror}") from None


def _contents(program: Program) -> str:
    parts = [counted(len(program.segments), "segment"), counted(len(program.rulesets), "ruleset")]
    if program.experiments:
        parts.append(counted(len(program.experiments), "experiment"))
    if program.lists:
        parts.append(counted(len(program.lists), "member list"))
    others = sum(len(named) for named in program.documents.values())
    if others:
        parts.append(counted(others, "other document"))
    return ", ".join(parts)


def _tests_text(tests: dict[str, int]) -> str:
    if tests["failed"]:
        return f"{tests['failed']:,} of {counted(tests['passed'] + tests['failed'], 'test')} failed"
    return f"{counted(tests['passed'], 'test')} passed" if tests["passed"] else "no tests"


def _signers(envelope: Envelope) -> str:
    keys = ", ".join(each.key_id for each in envelope.signatures)
    return f"signed by {keys}" if keys else "unsigned"


COMMAND = Command(
    "Pack the workspace into one bundle, once it has no errors and its tests pass.",
    "decisor build -o shop.bundle --sign release.key",
    _configure,
    _run,
)
