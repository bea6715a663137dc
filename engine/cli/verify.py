"""`decisor verify`: checks that a bundle is intact, accepted, and built from the workspace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..ir.printable import printable
from .command import CLEAN, FINDINGS, CannotRunError, Command
from .opening import instant_of, open_workspace, sound_program, workspace_root

if TYPE_CHECKING:
    from ..bundle.read import OpenBundle


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path)
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        type=Path,
        metavar="PUB",
        help="a public key that may have signed it; may be repeated",
    )
    parser.add_argument("--require-signature", action="store_true", help="implied by --key")
    parser.add_argument("--at-least", type=int, default=0, metavar="N", help="refuse a lower sequence number")
    parser.add_argument("--rebuild", type=Path, metavar="DIR", help="build this workspace and compare the digests")


def _run(options: argparse.Namespace) -> int:
    from ..bundle.envelope import BundleRefusedError
    from ..bundle.read import acceptance_of, read_bundle
    from ..bundle.ready import prepare_bundle
    from ..ir.instant import format_instant

    file: Path = options.bundle
    if options.require_signature and not options.key:
        raise CannotRunError("--require-signature needs the public key to verify with: --key PUB")
    for key in options.key:
        if not key.is_file():
            raise CannotRunError(f"`{key}` is not a file with a public key")
    acceptance = acceptance_of(options.key, require=options.require_signature, at_least=options.at_least)
    try:
        bundle = read_bundle(file, acceptance, format_instant(instant_of(None)))
        prepare_bundle(bundle)
    except BundleRefusedError as problem:
        print(printable(f"{file}: refused: {problem}"))
        return FINDINGS
    except OSError as problem:
        raise CannotRunError(f"`{file}` cannot be read: {(problem.strerror or 'no reason given').lower()}") from None
    for line in _description(file, bundle):
        print(printable(line))  # text from the bundle must not look like a line of ours
    return CLEAN if options.rebuild is None else _compare_rebuilt(options.rebuild, bundle)


def _description(file: Path, bundle: OpenBundle) -> list[str]:
    about = bundle.about
    tests = dict(about.tests)
    lines = [
        f"{file}: intact, {bundle.digest}",
        f"workspace {about.workspace}, revision {about.revision or 'unknown'}, sequence {about.sequence}",
        f"tests: {tests.get('passed', 0):,} passed, {tests.get('failed', 0):,} failed",
    ]
    if about.expires is not None:
        lines.append(f"accepted until {about.expires}")
    if bundle.signed_by is not None:
        lines.append(f"signed by {bundle.signed_by}, which is one of the given keys")
    elif bundle.envelope.signatures:
        signers = ", ".join(each.key_id for each in bundle.envelope.signatures)
        lines.append(f"signed by {signers}, not verified: no --key was given")
    else:
        lines.append("not signed")
    return lines


def _compare_rebuilt(folder: Path, bundle: OpenBundle) -> int:
    """Build the workspace again and compare the digests."""
    from ..bundle.write import pack

    program = sound_program(open_workspace(workspace_root(folder)))
    found = pack(program, bundle.about).digest
    if found == bundle.digest:
        print(f"rebuilt from {folder}: the same digest")
        return CLEAN
    print(f"rebuilt from {folder}: another digest, {found}; `decisor plan --against` shows what differs in meaning")
    return FINDINGS


COMMAND = Command(
    "Verify a bundle: that it is intact, who signed it and, with --rebuild, that it was built from the workspace.",
    "decisor verify shop.bundle --key release.key.pub --rebuild .",
    _configure,
    _run,
)
