"""Ed25519 signatures of bundles, through the `cryptography` library (extra `sign`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .envelope import BundleRefusedError, Envelope, Signature
from .files import read_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "ed25519"
KEY_FILE_LIMIT = 16 * 1024


class KeyRefusedError(Exception):
    """A key file cannot be used; the message says why, and never shows the key."""


def generate_key() -> tuple[bytes, bytes]:
    """A new key pair: (private key as PKCS#8 PEM, public key as SubjectPublicKeyInfo PEM)."""
    _require()
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as Private

    key = Private.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return private, public


def sign(envelope: Envelope, key_file: Path) -> Envelope:
    """The envelope with the key's signature added. Raises KeyRefusedError."""
    key = _private_key(key_file)
    signature = Signature(ALGORITHM, key_id(key.public_key()), key.sign(envelope.signed_bytes()).hex())
    others = tuple(each for each in envelope.signatures if each.key_id != signature.key_id)
    return replace(envelope, signatures=tuple(sorted((*others, signature), key=lambda each: each.key_id)))


def verify(envelope: Envelope, key_files: Sequence[Path]) -> str:
    """The id of the first given key that signed the envelope. Raises BundleRefusedError if none did."""
    from cryptography.exceptions import InvalidSignature

    for file in key_files:
        key = _public_key(file)
        name = key_id(key)
        for each in envelope.signatures:
            if each.algorithm == ALGORITHM and each.key_id == name:
                try:
                    key.verify(_raw(each.value), envelope.signed_bytes())
                except (InvalidSignature, ValueError):
                    raise BundleRefusedError(
                        f"the signature by key {name} does not match: the bundle was changed after signing"
                    ) from None
                return name
    signers = ", ".join(each.key_id for each in envelope.signatures) or "nobody"
    expected = "the given key" if len(key_files) == 1 else f"one of the {len(key_files)} given keys"
    raise BundleRefusedError(f"the bundle is signed by {signers}, expected {expected}")


def _raw(value: str) -> bytes:
    raw = bytes.fromhex(value)
    if raw.hex() != value:  # only one spelling is valid, so that no byte of a bundle can change unnoticed
        raise ValueError(value)
    return raw


def key_id(key: Ed25519PublicKey) -> str:
    """The key's name: the first 16 hex digits of the SHA-256 of its 32 raw bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _private_key(file: Path) -> Ed25519PrivateKey:
    _require()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as Private
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    raw = _read_key(file)
    try:
        key = load_pem_private_key(raw, None)
    except (ValueError, TypeError):
        raise KeyRefusedError(f"`{file}` is not a private key in PEM without a password") from None
    if not isinstance(key, Private):
        raise KeyRefusedError(f"`{file}` has another kind of key; expected Ed25519")
    return key


def _public_key(file: Path) -> Ed25519PublicKey:
    _require()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as Public
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    raw = _read_key(file)
    try:
        key = load_pem_public_key(raw)
    except ValueError:
        raise KeyRefusedError(f"`{file}` is not a public key in PEM") from None
    if not isinstance(key, Public):
        raise KeyRefusedError(f"`{file}` has another kind of key; expected Ed25519")
    return key


def _read_key(file: Path) -> bytes:
    try:
        return read_file(file, KEY_FILE_LIMIT)
    except OSError as problem:
        raise KeyRefusedError(f"`{file}` cannot be read: {problem.strerror}") from None


def _require() -> None:
    try:
        import cryptography  # noqa: F401 - only checks that it is installed
    except ImportError:
        raise KeyRefusedError("signatures need the extra `sign`: pip install 'decisor[sign]'") from None
