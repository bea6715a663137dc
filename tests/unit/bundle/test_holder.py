from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.bundle.envelope import About, BundleRefusedError, open_envelope
from engine.bundle.holder import KEPT, LAST_GOOD, BundleHolder
from engine.bundle.read import Acceptance
from engine.bundle.sign import generate_key, sign
from engine.bundle.write import pack
from engine.ir.predicate import Leaf
from engine.ir.program import Program
from engine.ir.types import Catalogue, Field
from engine.runtime.loaded import Runtime

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
    with pytest.raises(BundleRefusedError, match="not a bundle of this version"):
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


@pytest.fixture
def full_disk(tmp_path: Path) -> Path:
    """A folder in which nothing can be kept, whoever asks: a file stands in the folder's place."""
    folder = tmp_path / "kept"
    folder.write_bytes(b"")
    return folder


def test_a_bundle_that_could_not_be_kept_is_offered_again_at_the_next_poll(tmp_path: Path, full_disk: Path) -> None:
    file = tmp_path / "shop.bundle"
    file.write_bytes(_bundle("US", 1))
    holder = _holder(full_disk)
    for _ in range(2):
        assert not holder.poll(file)
        assert holder.status.digest is None
        assert "exists" in (holder.status.last_error or "")
    full_disk.unlink()
    assert holder.poll(file)
    assert _here(holder, "US")
    assert holder.status.last_error is None
    assert not holder.poll(file)


def test_an_offer_that_could_not_be_kept_is_told_and_does_not_serve(full_disk: Path) -> None:
    holder = _holder(full_disk)
    with pytest.raises(OSError, match="exists"):
        holder.offer(_bundle("US", 1))
    assert holder.status.digest is None
    assert holder.status.last_error


def test_the_same_content_with_a_higher_sequence_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "shop.bundle"
    holder = _holder(tmp_path)
    file.write_bytes(_bundle("US", 1))
    assert holder.poll(file)
    file.write_bytes(_bundle("US", 7))
    assert holder.poll(file)
    assert holder.status.sequence == 7
    assert _holder(tmp_path).restore()
    with pytest.raises(BundleRefusedError, match="at least 7 is required"):
        holder.offer(_bundle("CA", 6))


@pytest.mark.parametrize("restores", [True, False])
def test_an_expired_last_good_bundle_still_says_which_sequence_is_the_lowest(tmp_path: Path, restores: bool) -> None:  # noqa: FBT001 - generated
    expires = "2026-03-01T12:00:00.000Z"
    _holder(tmp_path).offer(_bundle("US", 7, expires))
    later = BundleHolder(Acceptance(), folder=tmp_path, clock=lambda: expires)
    if restores:
        assert not later.restore()
        assert "expired" in (later.status.last_error or "")
    with pytest.raises(BundleRefusedError, match="at least 7 is required"):
        later.offer(_bundle("CA", 6))
    later.offer(_bundle("CA", 7))
    assert _here(later, "CA")


def test_of_two_bundles_offered_at_the_same_time_the_newer_one_serves_in_the_end(tmp_path: Path) -> None:
    opened, newer_serves = threading.Barrier(2, timeout=60), threading.Event()
    older, newer = _bundle("US", 5), _bundle("CA", 6)

    def make(program: Program, digest: str) -> Runtime:
        if program.segments["here"] == Leaf("country", "equals", "US"):
            opened.wait()  # 5 was opened while nothing served yet …
            assert newer_serves.wait(60)  # … and is ready when 6 serves already
        else:
            opened.wait()
        return Runtime(program, digest)

    holder = BundleHolder(Acceptance(), folder=tmp_path, make=make, clock=lambda: NOW)
    refusals: list[str] = []
    thread = threading.Thread(target=_refused, args=(lambda: holder.offer(older), refusals))
    thread.start()
    holder.offer(newer)
    newer_serves.set()
    thread.join(60)
    assert ["at least 6 is required" in each for each in refusals] == [True]
    assert holder.status.sequence == 6
    assert _here(holder, "CA")
    assert (tmp_path / LAST_GOOD).read_bytes() == newer


def _refused(offer: Callable[[], object], refusals: list[str]) -> None:
    try:
        offer()
    except BundleRefusedError as problem:
        refusals.append(str(problem))


def test_a_bundle_from_which_nothing_can_be_made_is_refused() -> None:
    def make(_program: Program, _digest: str) -> Runtime:
        raise AttributeError("path")

    holder = BundleHolder(Acceptance(), make=make, clock=lambda: NOW)
    with pytest.raises(BundleRefusedError, match="cannot be prepared"):
        holder.offer(_bundle("US", 1))


def test_a_pipe_is_not_a_bundle_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bundle")
    holder = _holder()
    good = holder.offer(_bundle("US", 1))
    assert not holder.poll(tmp_path / "bundle")
    assert "it is not a regular file" in (holder.status.last_error or "")
    assert holder.serving is good


def test_a_pipe_is_not_a_key_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key.pub")
    holder = _holder(acceptance=Acceptance("require", (tmp_path / "key.pub",)))
    (tmp_path / "key").write_bytes(generate_key()[0])
    with pytest.raises(BundleRefusedError, match="it is not a regular file"):
        holder.offer(sign(open_envelope(_bundle("US", 1)), tmp_path / "key").file_bytes())
