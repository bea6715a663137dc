from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bundle.content import bundle_content
from engine.bundle.envelope import About, BundleRefusedError, Envelope, open_envelope, seal
from engine.bundle.read import Acceptance, open_bundle, read_bundle
from engine.bundle.sign import KeyRefusedError, generate_key, sign, verify
from engine.ir.predicate import Leaf
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field

NOW = "2026-03-01T00:00:00.000Z"
PROGRAM = Program(
    "shop",
    "UTC",
    Catalogue("customer", "customer_id", (Field("country", "keyword"),)),
    segments={"vip": Leaf("country", "equals", "US"), "all": Leaf("country", "exists")},
    lists={"staff": ("c-2", "c-1")},
)
CONTENT = bundle_content(PROGRAM)


def _envelope(**about: object) -> Envelope:
    return seal(CONTENT, About("shop", **about))  # type: ignore[arg-type] # the values are given by name


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private, public = generate_key()
    (tmp_path / "key").write_bytes(private)
    (tmp_path / "key.pub").write_bytes(public)
    return tmp_path / "key", tmp_path / "key.pub"


def test_a_bundle_comes_back_as_it_was_written() -> None:
    raw = _envelope(revision="abc", sequence=3, tests=(("passed", 2),)).file_bytes()
    found = open_bundle(raw, Acceptance(), NOW)
    assert found.program.data() == PROGRAM.data()
    assert found.about == About("shop", 3, "abc", tests=(("passed", 2),))
    assert found.envelope.file_bytes() == raw


def test_provenance_is_no_part_of_the_digest() -> None:
    assert _envelope(revision="abc").digest == _envelope(revision="def", sequence=9).digest


@given(st.data())
def test_a_changed_byte_of_the_content_is_refused(data: st.DataObject) -> None:
    envelope = _envelope(revision="abc")
    raw = bytearray(envelope.file_bytes())
    position = data.draw(st.integers(len(raw) - len(envelope.content), len(raw) - 1))
    raw[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BundleRefusedError):
        open_envelope(bytes(raw))


def test_a_signed_bundle_refuses_a_changed_bit_in_every_byte(keys: tuple[Path, Path]) -> None:
    raw = sign(_envelope(revision="abc"), keys[0]).file_bytes()
    open_bundle(raw, Acceptance("require", (keys[1],)), NOW)
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1 << position % 8
        with pytest.raises(BundleRefusedError):
            open_bundle(bytes(changed), Acceptance("require", (keys[1],)), NOW)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    for each in (raw, b"decisor-bundle/1\n" + raw, _envelope().file_bytes() + raw + b"x"):
        with pytest.raises(BundleRefusedError):
            open_envelope(each)


def test_a_signature_counts_only_by_a_given_key(keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    signed = sign(_envelope(), private)
    other = tmp_path / "other.pub"
    other.write_bytes(generate_key()[1])
    assert verify(signed, [other, public]) == signed.signatures[0].key_id
    with pytest.raises(BundleRefusedError, match="signed by"):
        verify(signed, [other])
    with pytest.raises(BundleRefusedError, match="signed by nobody"):
        verify(_envelope(), [public])


def test_a_bundle_may_be_signed_by_several_keys_at_once(keys: tuple[Path, Path], tmp_path: Path) -> None:
    second, second_public = generate_key()
    (tmp_path / "second").write_bytes(second)
    (tmp_path / "second.pub").write_bytes(second_public)
    once = sign(_envelope(), keys[0])
    twice = sign(once, tmp_path / "second")
    assert len(twice.signatures) == 2
    for public in (keys[1], tmp_path / "second.pub"):
        assert open_bundle(twice.file_bytes(), Acceptance("require", (public,)), NOW).signed_by
    assert len(sign(twice, keys[0]).signatures) == 2


def test_what_the_acceptance_demands_is_demanded(keys: tuple[Path, Path], tmp_path: Path) -> None:
    plain = _envelope(sequence=5, expires="2026-03-02T00:00:00.000Z").file_bytes()
    open_bundle(plain, Acceptance(at_least=5), NOW)
    refused = [
        (Acceptance("require"), NOW, "no public key"),
        (Acceptance("require", (keys[1],)), NOW, "signed by nobody"),
        (Acceptance(at_least=6), NOW, "older"),
        (Acceptance(), "2026-03-02T00:00:00.000Z", "expired"),
    ]
    for acceptance, now, words in refused:
        with pytest.raises(BundleRefusedError, match=words):
            open_bundle(plain, acceptance, now)
    file = tmp_path / "bundle"
    file.write_bytes(plain)
    assert read_bundle(file, Acceptance(), NOW).digest == _envelope().digest


def test_a_file_that_is_no_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("secret-secret")
    with pytest.raises(KeyRefusedError) as problem:
        sign(_envelope(), file)
    assert "secret-secret" not in str(problem.value)
    with pytest.raises(KeyRefusedError, match="cannot be read"):
        sign(_envelope(), tmp_path / "missing")
