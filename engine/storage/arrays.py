"""Columns of many rows as PostgreSQL array literals, built with a few joins; the client library adapts each value.

A statement takes such a literal as `%s::text[]`.
"""

from __future__ import annotations

from collections.abc import Iterable

_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\"})


def texts(items: Iterable[str]) -> str:
    """A `text[]`."""
    items = list(items)
    if not items:
        return "{}"
    joined = "".join(items)
    if '"' in joined or "\\" in joined:
        items = [item.translate(_ESCAPES) for item in items]
    return '{"' + '","'.join(items) + '"}'


def optional_texts(items: Iterable[str | None]) -> str:
    """A `text[]` in which None is NULL."""
    return "{" + ",".join(["NULL" if item is None else f'"{item.translate(_ESCAPES)}"' for item in items]) + "}"


def numbers(items: Iterable[int]) -> str:
    """A `smallint[]`, `integer[]` or `bigint[]`."""
    return "{" + ",".join(map(str, items)) + "}"


def flags(items: Iterable[bool]) -> str:
    """A `boolean[]`."""
    return "{" + ",".join(["t" if item else "f" for item in items]) + "}"


def blobs(items: Iterable[bytes]) -> str:
    """A `bytea[]`."""
    return "{" + ",".join([f'"\\\\x{item.hex()}"' for item in items]) + "}"
