"""The bundle that serves: verified, swapped between requests, kept across restarts, never replaced by a bad one."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..ir.codec import DecodeError
from ..ir.program import Program
from ..runtime.clock import system_now
from ..runtime.loaded import Runtime
from .envelope import BundleRefusedError
from .read import Acceptance, OpenBundle, open_bundle, read_bundle

LAST_GOOD = "last-good.bundle"
KEPT = 3  # bundles that stay loaded, the serving one among them

Make = Callable[[Program, str], Runtime]


@dataclass(frozen=True, slots=True)
class Status:
    """What a holder has to say: the serving bundle, since when, and the last refusal, if one came after it."""

    digest: str | None = None
    revision: str | None = None
    sequence: int = 0
    signed_by: str | None = None
    since: str | None = None
    last_error: str | None = None
    refused_at: str | None = None


class BundleHolder:
    """Holds the serving bundle; safe to share between threads.

    `folder` keeps the original bytes of the last good bundle, which are verified again at the next start. `make` turns
    a program and its digest into a runtime, with the engines that it needs.
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

    @property
    def serving(self) -> Runtime:
        """The runtime of the serving bundle. Raises BundleRefusedError while there is none, saying why."""
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
        return dict(self._recent)

    def restore(self) -> bool:
        """Serve the last good bundle of an earlier run, verified like any other; False when there is none to serve."""
        if self._folder is None or not (self._folder / LAST_GOOD).is_file():
            return False
        try:
            self._swap(read_bundle(self._folder / LAST_GOOD, self._acceptance, self._clock()), keep=False)
        except (BundleRefusedError, OSError) as problem:
            self._refuse(f"the last good bundle is not served: {problem}")
            return False
        return True

    def offer(self, raw: bytes) -> Runtime:
        """Serve a bundle's bytes from the next request on. Raises BundleRefusedError, and goes on serving the old one.

        A bundle with a lower sequence than the serving one is refused: an older bundle is never accepted by accident.
        """
        try:
            return self._swap(open_bundle(raw, self._demanded(), self._clock()), keep=True)
        except BundleRefusedError as problem:
            self._refuse(str(problem))
            raise

    def poll(self, file: Path) -> bool:
        """Offer a file's bytes if it has changed since the last poll; False when nothing new is served.

        A refusal is in `status.last_error`; the same bytes are not offered twice.
        """
        try:
            found = file.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen == self._seen:
                return False
            bundle = read_bundle(file, self._demanded(), self._clock())
        except (BundleRefusedError, OSError) as problem:
            self._refuse(str(problem))
            return False
        self._seen = seen
        if bundle.digest == self._status.digest:
            return False
        self._swap(bundle, keep=True)
        return True

    def _demanded(self) -> Acceptance:
        return replace(self._acceptance, at_least=max(self._acceptance.at_least, self._status.sequence))

    def _swap(self, bundle: OpenBundle, *, keep: bool) -> Runtime:
        runtime = self._make(bundle.program, bundle.digest)
        try:
            _ = runtime.matcher
            runtime.decider.prepare()
        except DecodeError as problem:
            raise BundleRefusedError(f"the bundle cannot be made ready: {problem}") from None
        with self._lock:
            if keep and self._folder is not None:
                _write(self._folder / LAST_GOOD, bundle.envelope.file_bytes())
            self._recent[bundle.digest] = runtime
            self._recent.move_to_end(bundle.digest)
            while len(self._recent) > KEPT:
                self._recent.popitem(last=False)
            self._serving = runtime
            about = bundle.about
            self._status = Status(bundle.digest, about.revision, about.sequence, bundle.signed_by, self._clock())
        return runtime

    def _refuse(self, reason: str) -> None:
        with self._lock:
            self._status = replace(self._status, last_error=reason, refused_at=self._clock())


def _write(file: Path, content: bytes) -> None:
    """Replace the file in one step, on the disk before it is there under its name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.part")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)
