"""How columns and members are called and quoted."""

from __future__ import annotations

from hashlib import blake2b

from ....operators.core import Dialect

LONGEST = 63  # bytes of a name in PostgreSQL, which cuts longer ones silently
TABLE = "profiles"
SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")  # every table in PostgreSQL has these already


def quote(name: str) -> str:
    """The name as an identifier, its case kept."""
    return '"' + name.replace('"', '""') + '"'


def column_name(field: str, dialect: Dialect) -> str:
    """The column that holds a field: called like the field, unless PostgreSQL has a system column of that name."""
    return f"{field}$" if dialect == "postgres" and field in SYSTEM_COLUMNS else field


def tokens_name(field: str) -> str:
    """The column that holds the tokens of a text; `$` is in no field's name."""
    name = f"{field}$tokens"
    if len(name) <= LONGEST:
        return name
    digest = blake2b(field.encode(), digest_size=4).hexdigest()
    return f"{field[: LONGEST - 16]}${digest}$tokens"
