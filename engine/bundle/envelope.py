"""The bundle's file format: a line naming the format, a line of header JSON, the content's canonical bytes.

    decisor-bundle/1
    {"about": {…}, "check": "sha256:…", "content": {"bytes": 1234, "digest": "sha256:…"}, "signatures": [{…}]}
    {…content…}

The digest covers the content's bytes as stored in the file. A signature covers the canonical bytes of the header's
`about` and `content`, so it covers provenance too. `check` is the digest of the rest of the header, so that damage to
an unsigned header is detected too. Nothing may follow the content. Nothing is compressed, since compressors differ.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from ..ir.canonical import canonical_bytes
from ..ir.canonical import digest as digest_of
from ..ir.instant import canonical_instant
from ..ir.printable import printable

FORMAT = "decisor-bundle/1"
HEADER_LIMIT = 64 * 1024
CONTENT_LIMIT = 512 * 1024 * 1024
MESSAGE_LIMIT = 1_000  # characters of a refusal's message


class BundleRefusedError(Exception):
    """The bytes are not an acceptable bundle; the message says why and what to do.

    It is one line of bounded length, as it reaches logs and may repeat names that the bundle gives.
    """

    def __init__(self, message: str) -> None:
        line = printable(message[:MESSAGE_LIMIT])
        super().__init__(line if len(message) <= MESSAGE_LIMIT else f"{line}…")


@dataclass(frozen=True, slots=True)
class About:
    """Provenance, signed but not part of the digest: source revision, tests, rising sequence, optional expiry."""

    workspace: str
    sequence: int = 0
    revision: str | None = None
    expires: str | None = None
    tests: tuple[tuple[str, int], ...] = ()

    def data(self) -> dict[str, Any]:
        """JSON data, the same for equal values."""
        return {
            "workspace": self.workspace,
            "sequence": self.sequence,
            "revision": self.revision,
            "expires": self.expires,
            "tests": dict(self.tests),
        }


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of the header by the key that `key_id` names."""

    algorithm: str
    key_id: str
    value: str  # hexadecimal


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed bundle file whose digest is verified; its signatures are not verified yet."""

    about: About
    digest: str
    content: bytes
    signatures: tuple[Signature, ...] = ()

    def signed_bytes(self) -> bytes:
        """The bytes that a signature covers."""
        return canonical_bytes({"about": self.about.data(), "content": _content_summary(self.content, self.digest)})

    def file_bytes(self) -> bytes:
        """The bundle file."""
        header: dict[str, Any] = {
            "about": self.about.data(),
            "content": _content_summary(self.content, self.digest),
            "signatures": [
                {"algorithm": each.algorithm, "key_id": each.key_id, "value": each.value} for each in self.signatures
            ],
        }
        header["check"] = digest_of(header)
        return FORMAT.encode() + b"\n" + canonical_bytes(header) + b"\n" + self.content


def _content_summary(content: bytes, digest: str) -> dict[str, Any]:
    return {"bytes": len(content), "digest": digest}


def seal(content: Any, about: About) -> Envelope:
    """The unsigned envelope of content, which is JSON data."""
    raw = canonical_bytes(content)
    return Envelope(about, "sha256:" + hashlib.sha256(raw).hexdigest(), raw)


def open_envelope(raw: bytes) -> Envelope:
    """The envelope of a bundle file's bytes. Raises BundleRefusedError unless digest and content match."""
    first, _, rest = raw[: len(FORMAT) + 1].partition(b"\n")
    if first.decode("utf-8", "replace") != FORMAT or rest:
        raise BundleRefusedError(f"the file is not a bundle of this version: its first line is not `{FORMAT}`")
    start = len(FORMAT) + 1
    end = raw.find(b"\n", start, start + HEADER_LIMIT)
    if end < 0:
        raise BundleRefusedError("the bundle's header has no end; the file is truncated or damaged")
    content = raw[end + 1 :]
    try:
        header = json.loads(raw[start:end])
        envelope = Envelope(
            _about(header["about"]),
            str(header["content"]["digest"]),
            content,
            tuple(
                Signature(str(each["algorithm"]), str(each["key_id"]), str(each["value"]))
                for each in header["signatures"]
            ),
        )
        length = int(header["content"]["bytes"])
        written = envelope.file_bytes()
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise BundleRefusedError("the bundle's header is damaged") from None
    if len(content) != length or length > CONTENT_LIMIT:
        raise BundleRefusedError(
            f"the bundle's content has {len(content):,} bytes, but its header states {length:,}: it is damaged"
        )
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if found != envelope.digest:
        stated = ascii(envelope.digest[: len(found)])
        raise BundleRefusedError(f"the bundle's content has the digest {found}, but its header states {stated}")
    if written != raw:
        raise BundleRefusedError(
            "the bundle's header does not match its check: something was added, removed or changed"
        )
    return envelope


def _about(data: Any) -> About:
    return About(
        workspace=str(data["workspace"]),
        sequence=int(data["sequence"]),
        revision=None if data["revision"] is None else str(data["revision"]),
        expires=None if data["expires"] is None else canonical_instant(data["expires"]),
        tests=tuple(sorted((str(key), int(value)) for key, value in data["tests"].items())),
    )
