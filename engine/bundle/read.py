"""Opening a bundle: the one way in, whether at build, load, reload or restart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..ir.checked import check_program
from ..ir.codec import DecodeError
from ..ir.program import Program, program_of
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .envelope import CONTENT_LIMIT, HEADER_LIMIT, About, BundleRefusedError, Envelope, open_envelope

Policy = Literal["require", "allow-unsigned"]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a reader demands of a bundle; `keys` are files with public keys in PEM.

    Policy "require" demands a signature by one of the keys; "allow-unsigned" takes bundles without any signature, but
    still verifies one when keys are given and the bundle is signed. `at_least` is the lowest acceptable sequence.
    """

    policy: Policy = "allow-unsigned"
    keys: tuple[Path, ...] = ()
    at_least: int = 0


@dataclass(frozen=True, slots=True)
class OpenBundle:
    """A verified bundle: its digest is its version, `signed_by` the id of the key that vouches for it, if any."""

    digest: str
    about: About
    program: Program
    targets: Mapping[str, Any]
    signed_by: str | None
    envelope: Envelope


def open_bundle(raw: bytes, acceptance: Acceptance, now: str, kinds: NodeKinds = NODE_KINDS) -> OpenBundle:
    """The verified bundle of a file's bytes; `now` is a canonical instant, `kinds` are the nodes that it may hold.

    Raises BundleRefusedError.
    """
    envelope = open_envelope(raw)
    signed_by = _signed_by(envelope, acceptance)
    about = envelope.about
    if about.expires is not None and about.expires <= now:
        raise BundleRefusedError(f"the bundle expired at {about.expires}; build it anew")
    if about.sequence < acceptance.at_least:
        raise BundleRefusedError(
            f"the bundle has sequence {about.sequence}, at least {acceptance.at_least} is demanded: it is an older one"
        )
    try:
        content = json.loads(envelope.content)
        return OpenBundle(
            envelope.digest,
            about,
            check_program(program_of(content["program"], kinds.classes)),
            content["targets"],
            signed_by,
            envelope,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        detail = f": {problem}" if isinstance(problem, DecodeError) else ""
        raise BundleRefusedError(f"the bundle's content is not what this version reads{detail}") from None


def read_bundle(file: Path, acceptance: Acceptance, now: str, kinds: NodeKinds = NODE_KINDS) -> OpenBundle:
    """As `open_bundle`, from a file. Raises BundleRefusedError, and OSError when the file cannot be read."""
    limit = HEADER_LIMIT + CONTENT_LIMIT
    with file.open("rb") as stream:
        raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise BundleRefusedError(f"the file is larger than {limit // 2**20} MiB, the most a bundle may have")
    return open_bundle(raw, acceptance, now, kinds)


def _signed_by(envelope: Envelope, acceptance: Acceptance) -> str | None:
    if acceptance.policy == "require" and not acceptance.keys:
        raise BundleRefusedError("a signature is required, but no public key was given to verify it with")
    if acceptance.policy == "allow-unsigned" and not (acceptance.keys and envelope.signatures):
        return None
    from .sign import KeyRefusedError, verify

    try:
        return verify(envelope, acceptance.keys)
    except KeyRefusedError as problem:
        raise BundleRefusedError(str(problem)) from None


def acceptance_of(keys: Sequence[Path], *, require: bool, at_least: int = 0) -> Acceptance:
    """The acceptance of command-line options: giving a key means that its signature is required."""
    return Acceptance("require" if require or keys else "allow-unsigned", tuple(keys), at_least)
