"""Replies of Redis, whether or not the client decodes them."""

from __future__ import annotations


def text(reply: bytes | str) -> str:
    """A name or a key as text."""
    return reply if isinstance(reply, str) else reply.decode()
