"""Length-prefixed parts: different lists of parts never give the same bytes."""

from __future__ import annotations


def frame(*parts: str | bytes) -> bytes:
    """Each part preceded by its length in 4 bytes, big-endian; text as UTF-8."""
    found = []
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        found.append(len(raw).to_bytes(4, "big"))
        found.append(raw)
    return b"".join(found)


def unframe(raw: bytes, count: int) -> tuple[list[bytes], bytes]:
    """The first `count` parts and the remaining bytes. Raises ValueError if the bytes end within a part."""
    parts = []
    for _ in range(count):
        end = 4 + int.from_bytes(raw[:4], "big")
        if len(raw) < max(4, end):
            raise ValueError("the bytes end within a part")
        parts.append(raw[4:end])
        raw = raw[end:]
    return parts, raw
