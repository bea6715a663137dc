from __future__ import annotations

from pathlib import Path

import pytest

from engine.bundle.envelope import About, BundleRefusedError
from engine.bundle.holder import KEPT, LAST_GOOD, BundleHolder
from engine.bundle.read import Acceptance
from engine.bundle.sign import generate_key, sign
from engine.bundle.write import pack
from engine.ir.predicate import Leaf
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field

NOW = "2026-03-01T00:00:00.000Z"


def _program(country: str) -> Program:
    catalogue = Catalogue("customer", "customer_id", (Field("country", "keyword"),))
    return Program("shop", "UTC", catalogue, segments={"here": Leaf("country", "equals", country)})


def _bundle(country: str, sequence: int = 0, expires: str | None = None) -> bytes:
    return pack(_program(country), About("shop", sequence, expires=expires)).file_bytes()


def _holder(folder: Path | None = None, acceptance: Acceptance | None = None) -> BundleHolder:
    return BundleHolder(acceptance or Acceptance(), folder=folder, clock=lambda: NOW)


def _here(holder: BundleHolder, country: str) -> bool:
    return holder.serving.segments({"customer_id": "c", "country": country}, now=NOW) == ["here"]


def test_before_the_first_bundle_nothing_serves_and_the_reason_is_said() -> None:
    holder = _holder()
    with pytest.raises(BundleRefusedError, match="no bundle"):
        _ = holder.serving
    with pytest.raises(BundleRefusedError):
        holder.offer(b"nonsense")
    with pytest.raises(BundleRefusedError, match="no bundle of this version"):
        _ = holder.serving


def test_a_new_bundle_serves_from_the_next_request_on() -> None:
    holder = _holder()
    before = holder.offer(_bundle("US", 1))
    holder.offer(_bundle("CA", 2))
    assert _here(holder, "CA")
    assert before.segments({"customer_id": "c", "country": "US"}, now=NOW) == ["here"]
    assert holder.status.sequence == 2
    assert holder.status.since == NOW


def test_a_bad_bundle_leaves_the_good_one_serving_and_is_told() -> None:
    holder = _holder()
    good = holder.offer(_bundle("US", 2))
    for bad in (_bundle("CA", 1), _bundle("CA", 3)[:-1], _bundle("CA", 3, expires=NOW)):
        with pytest.raises(BundleRefusedError):
            holder.offer(bad)
        assert holder.serving is good
        assert holder.status.last_error
        assert holder.status.digest == good.digest
    holder.offer(_bundle("CA", 2))
    assert holder.status.last_error is None


def test_the_last_good_bundle_survives_a_restart_and_is_verified_again(tmp_path: Path) -> None:
    private, public = generate_key()
    (tmp_path / "key").write_bytes(private)
    (tmp_path / "key.pub").write_bytes(public)
    required = Acceptance("require", (tmp_path / "key.pub",))
    signed = sign(pack(_program("US"), About("shop", 7)), tmp_path / "key").file_bytes()
    _holder(tmp_path, required).offer(signed)
    assert (tmp_path / LAST_GOOD).read_bytes() == signed

    again = _holder(tmp_path, required)
    assert again.restore()
    assert _here(again, "US")
    with pytest.raises(BundleRefusedError, match="older"):
        again.offer(sign(pack(_program("CA"), About("shop", 6)), tmp_path / "key").file_bytes())

    (tmp_path / LAST_GOOD).write_bytes(_bundle("CA", 9))
    unsigned = _holder(tmp_path, required)
    assert not unsigned.restore()
    assert "last good" in (unsigned.status.last_error or "")


def test_nothing_to_restore_is_no_error(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    assert not holder.restore()
    assert holder.status.last_error is None


def test_a_bounded_number_of_bundles_stays_loaded() -> None:
    holder = _holder()
    digests = [holder.offer(_bundle(f"C{n}", n)).digest for n in range(KEPT + 2)]
    assert list(holder.recent) == digests[-KEPT:]


def test_a_watched_file_is_offered_once_for_every_change(tmp_path: Path) -> None:
    file = tmp_path / "shop.bundle"
    holder = _holder()
    assert not holder.poll(file)
    assert "No such file" in (holder.status.last_error or "")
    file.write_bytes(_bundle("US", 1))
    assert holder.poll(file)
    assert not holder.poll(file)
    file.write_bytes(b"half a bundle")
    assert not holder.poll(file)
    assert _here(holder, "US")
    file.write_bytes(_bundle("CA", 2))
    assert holder.poll(file)
    assert _here(holder, "CA")
