"""How columns and members are called and quoted."""

from __future__ import annotations

from hashlib import blake2b

LONGEST = 63  # bytes of a name in PostgreSQL, which cuts longer ones silently
TABLE = "profiles"


def quoted(name: str) -> str:
    """The name as an identifier, its case kept."""
    return '"' + name.replace('"', '""') + '"'


def tokens_name(field: str) -> str:
    """The column beside a text that holds its tokens; `$` is in no field's name."""
    name = f"{field}$tokens"
    if len(name) <= LONGEST:
        return name
    digest = blake2b(field.encode(), digest_size=4).hexdigest()
    return f"{field[: LONGEST - 16]}${digest}$tokens"
