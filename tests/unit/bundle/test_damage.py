"""Damage anywhere in a bundle file is seen, signed or not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import load_workspace
from engine.bundle.envelope import About, BundleRefusedError, Signature, open_envelope, seal
from engine.bundle.read import acceptance_of, open_bundle
from engine.bundle.sign import generate_key
from engine.bundle.write import pack

WORKSPACE = Path(__file__).parents[2] / "golden" / "cli" / "before"
ABOUT = About("shop", 12, "0123abcd+dirty", "2027-01-01T00:00:00.000Z", (("failed", 0), ("passed", 9)))
RAW = pack(load_workspace(WORKSPACE).program, ABOUT).file_bytes()
HEADER_END = RAW.index(b"\n", RAW.index(b"\n") + 1)


def refused(raw: bytes) -> str:
    """Why the bytes are refused; a bundle that is taken is a failure."""
    with pytest.raises(BundleRefusedError) as problem:
        open_envelope(raw)
    return str(problem.value)


def test_the_whole_file_is_taken() -> None:
    assert open_envelope(RAW).about == ABOUT


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_of_the_unsigned_header_is_seen(bit: int) -> None:
    for position in range(HEADER_END + 1):
        changed = bytearray(RAW)
        changed[position] ^= 1 << bit
        refused(bytes(changed))


@given(st.integers(0, len(RAW) * 8 - 1))
def test_a_flipped_bit_anywhere_is_seen(place: int) -> None:
    changed = bytearray(RAW)
    changed[place // 8] ^= 1 << place % 8
    refused(bytes(changed))


@given(st.integers(0, len(RAW) - 1), st.integers(1, 40))
def test_a_missing_stretch_anywhere_is_seen(start: int, length: int) -> None:
    refused(RAW[:start] + RAW[start + length :])


@given(st.integers(0, len(RAW)), st.binary(min_size=1, max_size=20))
def test_an_added_stretch_anywhere_is_seen(place: int, added: bytes) -> None:
    refused(RAW[:place] + added + RAW[place:])


@given(st.integers(0, len(RAW) - 1), st.binary(min_size=1, max_size=8))
def test_a_replaced_stretch_anywhere_is_seen(place: int, other: bytes) -> None:
    changed = RAW[:place] + other + RAW[place + len(other) :]
    if changed != RAW:
        refused(changed)


@pytest.mark.parametrize("said", ["x\nsigned by us\x1b[2J", "x" * 30_000])
def test_a_refusal_is_one_short_line_whatever_the_bundle_says(said: str, tmp_path: Path) -> None:
    key = tmp_path / "key.pub"
    key.write_bytes(generate_key()[1])
    signed = replace(open_envelope(RAW), signatures=(Signature("ed25519", said, "00"),)).file_bytes()
    content = {"program": {"version": said}, "targets": {}}
    for raw, keys in ((signed, [key]), (seal(content, ABOUT).file_bytes(), [])):
        with pytest.raises(BundleRefusedError, match="x") as problem:
            open_bundle(raw, acceptance_of(keys, require=False), "2026-03-01T00:00:00.000Z")
        assert str(problem.value).isprintable()
        assert len(str(problem.value)) < 2_000


def test_each_damage_is_named() -> None:
    header, content = RAW[: HEADER_END + 1], RAW[HEADER_END + 1 :]
    assert "first line" in refused(b"PK\x03\x04")
    assert "truncated" in refused(RAW[:100])
    assert "header states" in refused(RAW[:-1])
    assert "digest" in refused(header + content.replace(b"country", b"COUNTRY"))
    assert "does not match its check" in refused(RAW.replace(b'"sequence":12', b'"sequence":13'))


@pytest.mark.parametrize(
    "other",
    [
        b'"sequence":1e400',
        b'"sequence":"12"',
        b'"sequence":null',
        b'"sequence":12,"sequence":12',
        b'"sequence": 12',
        b'"sequence":12.0',
    ],
)
def test_a_header_that_reads_the_same_and_is_written_otherwise_is_refused(other: bytes) -> None:
    refused(RAW.replace(b'"sequence":12', other))


@pytest.mark.parametrize(
    "member", ["about", "tests", "expires", "revision", "workspace", "content", "signatures", "check", "digest"]
)
@pytest.mark.parametrize("other", ["[]", "{}", "7", '"\\ud800"', "null", '"x\\u001b[2J"'])
def test_hostile_headers_are_refused_without_harm(member: str, other: str) -> None:
    header = RAW[:HEADER_END].decode()
    value = rf'("{member}":)(\{{[^}}]*\}}|\[[^\]]*\]|"[^"]*"|null|\d+)'
    changed = re.sub(value, lambda found: found[1] + other, header, count=1)
    if changed != header:
        assert "\x1b" not in refused(changed.encode() + RAW[HEADER_END:])
