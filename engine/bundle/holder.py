"""Holds the serving bundle: verified, swapped between requests, restored at restart, never replaced by a bad one."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..runtime.clock import system_now
from ..runtime.loaded import Runtime
from .envelope import BundleRefusedError
from .read import Acceptance, OpenBundle, check_sequence, open_bundle, read_bundle, read_bytes, verified_envelope
from .ready import Make, prepare_bundle

LAST_GOOD = "last-good.bundle"
KEPT = 3  # bundles that stay loaded, including the serving one


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a holder: the serving bundle, since when it serves, and the last refusal after that, if any."""

    digest: str | None = None
    revision: str | None = None
    sequence: int = 0
    signed_by: str | None = None
    since: str | None = None
    last_error: str | None = None
    refused_at: str | None = None


class BundleHolder:
    """Holds the serving bundle; safe to share between threads.

    `folder` stores the original bytes of the last good bundle, which are verified again at the next start. Its sequence
    is the lowest that is accepted, even if the bundle itself may no longer serve, for example because it has expired.
    `make` turns a program and its digest into a runtime with the engines that it needs.
    """

    def __init__(
        self,
        acceptance: Acceptance,
        *,
        folder: Path | None = None,
        make: Make = Runtime,
        clock: Callable[[], str] = system_now,
    ) -> None:
        self._acceptance = acceptance
        self._folder = folder
        self._make = make
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: OrderedDict[str, Runtime] = OrderedDict()
        self._serving: Runtime | None = None
        self._status = Status()
        self._seen: tuple[int, int, int] | None = None
        self._floor = max(acceptance.at_least, self._stored_sequence())

    @property
    def serving(self) -> Runtime:
        """The runtime of the serving bundle. Raises BundleRefusedError, with the reason, while there is none."""
        runtime = self._serving
        if runtime is None:
            raise BundleRefusedError(self._status.last_error or "no bundle has been loaded yet")
        return runtime

    @property
    def status(self) -> Status:
        """The serving bundle and the last refusal."""
        return self._status

    @property
    def recent(self) -> Mapping[str, Runtime]:
        """The loaded bundles by digest, the serving one last."""
        with self._lock:
            return dict(self._recent)

    def restore(self) -> bool:
        """Serve the last good bundle of an earlier run, verified like any other; False if there is none to serve."""
        if self._folder is None or not (self._folder / LAST_GOOD).is_file():
            return False
        try:
            self._swap(read_bundle(self._folder / LAST_GOOD, self._current_acceptance(), self._clock()), keep=False)
        except (BundleRefusedError, OSError) as problem:
            self._refuse(f"the last good bundle cannot be served: {problem}")
            return False
        return True

    def offer(self, raw: bytes) -> Runtime:
        """Serve a bundle from the next request on. Raises BundleRefusedError, and continues to serve the old one.

        A bundle with a lower sequence than the serving one, or the last good one, is refused: an older bundle is never
        accepted by accident. Raises OSError if it cannot be stored in the folder, and then does not serve it either.
        """
        try:
            return self._swap(open_bundle(raw, self._current_acceptance(), self._clock()), keep=True)
        except (BundleRefusedError, OSError) as problem:
            self._refuse(str(problem))
            raise

    def poll(self, file: Path) -> bool:
        """Offer a file's bytes if it has changed since it was last accepted; False if nothing new is served.

        `status.last_error` has the reason. A refused file is offered again at the next poll, as the cause may lie
        outside the file: a full disk, or a key that is not there yet.
        """
        try:
            found = file.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen == self._seen:
                return False
            bundle = read_bundle(file, self._current_acceptance(), self._clock())
            status = self._status
            known = (status.digest, status.sequence, status.signed_by, status.revision)
            new = known != (bundle.digest, bundle.about.sequence, bundle.signed_by, bundle.about.revision)
            if new:
                self._swap(bundle, keep=True)
        except (BundleRefusedError, OSError) as problem:
            self._refuse(str(problem))
            return False
        self._seen = seen  # only now, or a refused file would never be tried again
        return new

    def _current_acceptance(self) -> Acceptance:
        return replace(self._acceptance, at_least=self._floor)

    def _stored_sequence(self) -> int:
        """The sequence of the last good bundle, expired or not; 0 if none can be verified."""
        if self._folder is None:
            return 0
        try:
            return verified_envelope(read_bytes(self._folder / LAST_GOOD), self._acceptance)[0].about.sequence
        except (BundleRefusedError, OSError):
            return 0

    def _swap(self, bundle: OpenBundle, *, keep: bool) -> Runtime:
        runtime = self._recent.get(bundle.digest) or prepare_bundle(bundle, self._make)
        with self._lock:
            check_sequence(bundle.about, self._floor)  # again, as another bundle may have been accepted meanwhile
            if keep and self._folder is not None:
                _write(self._folder / LAST_GOOD, bundle.envelope.file_bytes())
            self._recent[bundle.digest] = runtime
            self._recent.move_to_end(bundle.digest)
            while len(self._recent) > KEPT:
                self._recent.popitem(last=False)
            self._serving = runtime
            about = bundle.about
            self._floor = about.sequence
            self._status = Status(bundle.digest, about.revision, about.sequence, bundle.signed_by, self._clock())
        return runtime

    def _refuse(self, reason: str) -> None:
        with self._lock:
            self._status = replace(self._status, last_error=reason, refused_at=self._clock())


def _write(file: Path, content: bytes) -> None:
    """Replace the file in one step, once its bytes are on disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
