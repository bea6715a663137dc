"""Opens a bundle: the only way in, whether at build, load, reload or restart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..ir.canonical import canonical_bytes, digest
from ..ir.checked import check_program
from ..ir.codec import DecodeError
from ..ir.program import Program, program_of
from ..nodes.kind import NodeKinds
from ..nodes.kinds import NODE_KINDS
from .envelope import CONTENT_LIMIT, HEADER_LIMIT, About, BundleRefusedError, Envelope, open_envelope
from .files import read_file

Policy = Literal["require", "allow-unsigned"]
TARGETS = {"elasticsearch", "sql", "mapping", "mapping_hash"}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a reader requires of a bundle; `keys` are files with public keys in PEM.

    Policy "require" requires a signature by one of the keys. "allow-unsigned" accepts bundles without a signature, but
    still verifies one if keys are given and the bundle is signed. `at_least` is the lowest acceptable sequence.
    """

    policy: Policy = "allow-unsigned"
    keys: tuple[Path, ...] = ()
    at_least: int = 0


@dataclass(frozen=True, slots=True)
class OpenBundle:
    """A verified bundle: its digest is its version, `signed_by` the id of the key that signed it, if verified."""

    digest: str
    about: About
    program: Program
    targets: Mapping[str, Any]
    signed_by: str | None
    envelope: Envelope


def open_bundle(raw: bytes, acceptance: Acceptance, now: str, kinds: NodeKinds = NODE_KINDS) -> OpenBundle:
    """The verified bundle of a file's bytes; `now` is a canonical instant, `kinds` are the allowed kinds of nodes.

    Raises BundleRefusedError.
    """
    envelope, signed_by = verified_envelope(raw, acceptance)
    about = envelope.about
    if about.expires is not None and about.expires <= now:
        raise BundleRefusedError(f"the bundle expired at {about.expires}; build it again")
    check_sequence(about, acceptance.at_least)
    try:
        program, targets = _content(envelope.content, kinds)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        detail = f": {problem}" if isinstance(problem, DecodeError) else ""
        raise BundleRefusedError(f"this version cannot read the bundle's content{detail}") from None
    return OpenBundle(envelope.digest, about, program, targets, signed_by, envelope)


def _content(raw: bytes, kinds: NodeKinds) -> tuple[Program, Mapping[str, Any]]:
    content = json.loads(raw)
    if canonical_bytes(content) != raw:  # such as a duplicate member, which readers treat differently
        raise DecodeError("it is not canonical JSON")
    if content.keys() != {"program", "targets"}:
        raise DecodeError("it has other members than `program` and `targets`")
    targets = content["targets"]
    if targets.keys() != TARGETS or targets["mapping_hash"] != digest(targets["mapping"]):
        raise DecodeError("the targets are damaged, or the digest of the index mapping does not match")
    return check_program(program_of(content["program"], kinds.classes)), targets


def verified_envelope(raw: bytes, acceptance: Acceptance) -> tuple[Envelope, str | None]:
    """The intact envelope of a file's bytes, signed as required, and the id of the key that signed it.

    It may have expired, or have a lower sequence than required. Raises BundleRefusedError.
    """
    envelope = open_envelope(raw)
    return envelope, _signed_by(envelope, acceptance)


def check_sequence(about: About, at_least: int) -> None:
    """Refuse a bundle that is too old. Raises BundleRefusedError."""
    if about.sequence < at_least:
        raise BundleRefusedError(
            f"the bundle has sequence {about.sequence}, but at least {at_least} is required: it is an older bundle"
        )


def read_bundle(file: Path, acceptance: Acceptance, now: str, kinds: NodeKinds = NODE_KINDS) -> OpenBundle:
    """Like `open_bundle`, from a file. Raises BundleRefusedError, and OSError if the file cannot be read."""
    return open_bundle(read_bytes(file), acceptance, now, kinds)


def read_bytes(file: Path) -> bytes:
    """The bytes of a bundle's file. Raises BundleRefusedError for one that is too large, and OSError."""
    limit = HEADER_LIMIT + CONTENT_LIMIT
    raw = read_file(file, limit + 1)
    if len(raw) > limit:
        raise BundleRefusedError(f"the file is larger than {limit // 2**20} MiB, the limit for a bundle")
    return raw


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
    """The acceptance that command-line options ask for; with a key, a signature is required."""
    return Acceptance("require" if require or keys else "allow-unsigned", tuple(keys), at_least)
