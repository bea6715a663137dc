from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.encryption.framing import frame
from engine.encryption.hashing import FieldHashes, hkdf

SECRET = bytes(range(32))


def test_hkdf_gives_what_rfc_5869_says() -> None:
    found = hkdf(b"\x0b" * 22, bytes(range(0xF0, 0xFA)), 42, bytes(range(13)))
    assert found.hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    assert hkdf(b"\x0b" * 22, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_a_hash_is_what_is_written_down() -> None:
    key = hkdf(SECRET, frame("decisor hash 1", "customer", "email"))
    message = frame("decisor hash 1", "customer", "email", "1", '"ada@example.com"')
    wanted = hmac.new(key, message, hashlib.sha256).hexdigest()
    assert FieldHashes("customer", SECRET).hash("email", "ada@example.com") == wanted
    assert wanted == "cb80b0d935e4b443d627f4828238b16bb7e1986e3d6ea87ae9e19f2a0247cfb5"


def test_the_same_value_has_another_hash_in_another_field_catalogue_or_key() -> None:
    hashes = FieldHashes("customer", SECRET)
    found = {
        hashes.hash("email", "ada"),
        hashes.hash("phone", "ada"),
        FieldHashes("other", SECRET).hash("email", "ada"),
        FieldHashes("customer", SECRET[::-1]).hash("email", "ada"),
    }
    assert len(found) == 4
    assert all(len(each) == 64 for each in found)


@pytest.mark.parametrize("same, other", [(5, 5.0), (-3, -3.0), (10**15, 1e15), (0, 0.0)])
def test_a_whole_number_has_one_hash_however_it_is_held(same: int, other: float) -> None:
    hashes = FieldHashes("customer", SECRET)
    assert hashes.hash("score", same) == hashes.hash("score", other)


_VALUES = st.one_of(st.text(), st.integers(-(2**63), 2**63 - 1), st.booleans())


@given(_VALUES, _VALUES)
def test_hashes_are_equal_where_values_are(one: object, two: object) -> None:
    hashes = FieldHashes("customer", SECRET)
    same = type(one) is type(two) and one == two
    assert (hashes.hash("email", one) == FieldHashes("customer", SECRET).hash("email", two)) == same
