"""Sealed values that belong to no profile: definitions of segments, and the secret of the events' fingerprints.

Each is stored as `{"$sealed": base64}` in place of its plain form: a definition in its segment's row of the table
`segment`, the secret in `fact`.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from .cipher import UnsealError
from .key_file import KeysRefusedError
from .sealing import SEALED

if TYPE_CHECKING:
    from psycopg import Connection

    from .vault import Binding, Vault

FINGERPRINT = "fingerprint_key"  # the fact that holds the secret of the fingerprints of events


def seal_text(vault: Vault, connection: Connection, plain: bytes, place: Binding) -> str:
    """The JSON to store in place of a plain value."""
    return text_of(vault.seal_bytes(connection, plain, place))


def open_data(vault: Vault, data: dict[str, Any], place: Binding, what: str) -> bytes:
    """The plain value. Raises KeysRefusedError, which calls the value `what`, if it does not open."""
    try:
        return vault.open_bytes(raw_of(str(data[SEALED])), place)
    except KeysRefusedError as problem:
        raise type(problem)(f"{what}: {problem}") from None
    except UnsealError as problem:
        raise KeysRefusedError(f"{what} does not open: {problem}") from None


def text_of(sealed: bytes) -> str:
    """The JSON that holds sealed bytes."""
    return json.dumps({SEALED: base64.b64encode(sealed).decode()})


def raw_of(text: str) -> bytes:
    """The sealed bytes, decoded from base64. Raises UnsealError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnsealError("it is not base64") from None
