"""Sealing encrypted fields and opening them, beside the bare cipher over the same bytes in the same run."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from engine.encryption.cipher import new_key
from engine.encryption.data_keys import context_of
from engine.encryption.master import LocalMasterKey
from engine.encryption.sealing import FieldCipher, Sealing
from engine.ir.canonical import canonical_bytes
from engine.ir.types import Catalogue, Field

from .timing import Goal, Result, Work, show, timed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

COUNT = 200  # of each thing in one round
MAIL = "ada@shop.example"
BOUND_TO = b"decisor field 1 customer profile c-1 field_0"


def run() -> bool:
    """Print the table; whether every goal is reached."""
    results = [*_values(), *(each for count in (1, 5) for each in _profiles(count))]
    return show(f"Sealing values of {len(canonical_bytes(MAIL))} bytes, in profiles of 10 fields", results)


def _values() -> list[Result]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = new_key()
    bare, cipher = AESGCM(key), FieldCipher("customer", "profile", "c-1", key)
    plain, nonce = canonical_bytes(MAIL), os.urandom(12)
    kept, bare_kept = cipher.seal("field_0", MAIL), bare.encrypt(nonce, plain, BOUND_TO)
    results = [
        _result("seal a value", lambda: cipher.seal("field_0", MAIL), lambda: _seal(bare, plain)),
        _result(
            "open a value",
            lambda: cipher.unseal("field_0", kept),
            lambda: bare.decrypt(nonce, bare_kept, BOUND_TO),
        ),
    ]
    master, data_key, context = LocalMasterKey("m-1", key), new_key(), context_of("c-1")
    wrapped, bare_wrapped = master.wrap(data_key, context), bare.encrypt(nonce, data_key, context)
    results += [
        _result("wrap a data key", lambda: master.wrap(new_key(), context_of("c-1")), lambda: _seal(bare, data_key)),
        _result(
            "unwrap a data key",
            lambda: master.unwrap(wrapped, context_of("c-1")),
            lambda: bare.decrypt(nonce, bare_wrapped, context),
        ),
    ]
    return results


def _profiles(count: int) -> list[Result]:
    """A profile of which so many fields are encrypted; as there, the cipher is made anew."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key, plain, nonce = new_key(), canonical_bytes(MAIL), os.urandom(12)
    sealing = Sealing(_catalogue(count))
    value = {f"field_{number}": MAIL for number in range(10)}
    kept, bare_kept = sealing.seal_profile("c-1", value, key), AESGCM(key).encrypt(nonce, plain, BOUND_TO)

    def seal_barely() -> object:
        bare = AESGCM(key)
        return [_seal(bare, plain) for _ in range(count)]

    def open_barely() -> object:
        bare = AESGCM(key)
        return [bare.decrypt(nonce, bare_kept, BOUND_TO) for _ in range(count)]

    return [
        _result(f"seal a profile, {count} encrypted", lambda: sealing.seal_profile("c-1", value, key), seal_barely),
        _result(f"open a profile, {count} encrypted", lambda: sealing.open_profile("c-1", kept, key), open_barely),
    ]


def _catalogue(encrypted: int) -> Catalogue:
    fields = [
        Field(f"field_{number}", "keyword", encrypted="none" if number < encrypted else None) for number in range(10)
    ]
    return Catalogue("customer", "customer_id", tuple(fields))


def _seal(bare: AESGCM, plain: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + bare.encrypt(nonce, plain, BOUND_TO)


def _result(title: str, ours: Work, floor: Work) -> Result:
    least = (
        0.1 if title.startswith("open") else 0.25
    )  # opening reads base64 and JSON, which take longer than the cipher
    ways: dict[str, Work] = {
        "ours": lambda: [ours() for _ in range(COUNT)],
        "bare AES-GCM": lambda: [floor() for _ in range(COUNT)],
    }
    return Result(title, timed(ways, units=COUNT, rounds=20), [Goal(least, "bare AES-GCM")])


if __name__ == "__main__":
    sys.exit(0 if run() else 1)
