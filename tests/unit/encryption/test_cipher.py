from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from engine.encryption.cipher import Cipher, UnsealError
from engine.encryption.framing import frame, unframe
from engine.encryption.master import LocalMasterKey
from engine.encryption.sealing import FieldCipher

KEY = bytes(range(32))
NONCE = bytes(range(100, 112))


def test_the_form_is_a_version_the_nonce_and_what_aes_gcm_gives() -> None:
    sealed = Cipher(KEY).seal(b"plain", b"bound", NONCE)
    assert sealed == b"\x01" + NONCE + AESGCM(KEY).encrypt(NONCE, b"plain", b"bound")
    assert sealed.hex() == "016465666768696a6b6c6d6e6f" + "3877bf0f17" + "90c776efbffca7ee4eb93ee04da1b402"


def test_a_field_is_bound_to_catalogue_place_profile_and_path() -> None:
    text = FieldCipher("customer", "profile", "c-1", KEY).seal("email", "ada@example.com", NONCE)
    bound_to = b"".join(
        len(part).to_bytes(4, "big") + part for part in (b"decisor field 2", b"customer", b"profile", b"c-1", b"email")
    )
    wanted = AESGCM(KEY).encrypt(NONCE, b'"ada@example.com"', bound_to)
    assert base64.b64decode(text) == b"\x02" + NONCE + wanted


@pytest.mark.parametrize(
    "place, path, text, value",
    [
        ("profile", "email", "AWRlZmdoaWprbG1ub2p6ugc5jC7/UxIzjfQGBZBgc8nTir4tWhwlYkJjepvpfw==", "ada@example.com"),
        ("profile", "cards[3].number", "AWRlZmdoaWprbG1ub2ov71dIy6iPKgUD0NHXMjub1daxCPk=", "4111"),
        ("event", "visit.page", "AWRlZmdoaWprbG1ub2pzsQscywSSvPVKw0eZCSAw5SKqC8k=", "home"),
    ],
)
def test_a_value_of_the_form_before_still_opens(place: str, path: str, text: str, value: str) -> None:
    within = ("e-1", "5") if place == "event" else ()
    assert FieldCipher("customer", place, "c-1", KEY, within).unseal(path, text) == value
    with pytest.raises(UnsealError):
        FieldCipher("customer", place, "c-2", KEY, within).unseal(path, text)
    raw = base64.b64decode(text)
    with pytest.raises(UnsealError):
        FieldCipher("customer", place, "c-1", KEY, within).unseal(path, base64.b64encode(b"\x02" + raw[1:]).decode())


@pytest.mark.parametrize(
    "other",
    [
        FieldCipher("other", "profile", "c-1", KEY),
        FieldCipher("customer", "event", "c-1", KEY),
        FieldCipher("customer", "index", "c-1", KEY),
        FieldCipher("customer", "profile", "c-2", KEY),
        FieldCipher("customer", "profile", "c-1", KEY, ("e-1",)),
        FieldCipher("customer", "profile", "c-1", KEY[::-1]),
    ],
)
def test_what_is_moved_elsewhere_does_not_open(other: FieldCipher) -> None:
    cipher = FieldCipher("customer", "profile", "c-1", KEY)
    sealed = cipher.seal("email", "ada@example.com")
    assert cipher.unseal("email", sealed) == "ada@example.com"
    with pytest.raises(UnsealError, match="the sealed value of `email` does not open"):
        other.unseal("email", sealed)
    with pytest.raises(UnsealError):
        cipher.unseal("mail", sealed)


def test_parts_cannot_flow_into_each_other() -> None:
    sealed = FieldCipher("a", "profile", "bc", KEY).seal("d", 1)
    with pytest.raises(UnsealError):
        FieldCipher("a", "profile", "b", KEY).unseal("cd", sealed)


def test_no_flipped_bit_goes_unnoticed() -> None:
    cipher = Cipher(KEY)
    sealed = cipher.seal(b"plain", b"bound")
    for place in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(UnsealError):
            cipher.unseal(bytes(changed), b"bound")


@pytest.mark.parametrize("length", range(34))
def test_no_truncated_text_opens(length: int) -> None:
    cipher = Cipher(KEY)
    sealed = cipher.seal(b"plain", b"bound")
    assert len(sealed) == 34
    with pytest.raises(UnsealError):
        cipher.unseal(sealed[:length], b"bound")


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA", None, 5, ["AAAA"]])
def test_what_is_no_sealed_text_is_refused(text: Any) -> None:
    with pytest.raises(UnsealError, match="`email`"):
        FieldCipher("customer", "profile", "c-1", KEY).unseal("email", text)


def test_every_sealing_takes_a_nonce_of_its_own() -> None:
    cipher = FieldCipher("customer", "profile", "c-1", KEY)
    assert len({cipher.seal("email", "ada@example.com") for _ in range(1_000)}) == 1_000


def test_a_wrapped_key_opens_only_with_its_master_and_context() -> None:
    master = LocalMasterKey("m-1", KEY)
    wrapped = master.wrap(b"k" * 32, b"context")
    assert master.unwrap(wrapped, b"context") == b"k" * 32
    with pytest.raises(UnsealError):
        master.unwrap(wrapped, b"other")
    with pytest.raises(UnsealError):
        LocalMasterKey("m-1", KEY[::-1]).unwrap(wrapped, b"context")


def test_a_key_is_never_shown() -> None:
    shown = repr(LocalMasterKey("m-1", KEY))
    assert shown == "LocalMasterKey('m-1')"


@given(st.lists(st.binary(max_size=20)), st.lists(st.binary(max_size=20)), st.binary(max_size=10))
def test_framed_parts_come_back_and_differ_where_the_parts_do(
    parts: list[bytes], others: list[bytes], rest: bytes
) -> None:
    assert unframe(frame(*parts) + rest, len(parts)) == (parts, rest)
    assert (frame(*parts) == frame(*others)) == (parts == others)


@pytest.mark.parametrize("raw", [b"", b"\0\0\0", b"\0\0\0\x02a"])
def test_bytes_that_end_within_a_part_are_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="end within a part"):
        unframe(raw, 1)
