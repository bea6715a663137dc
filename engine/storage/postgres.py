"""Connections to PostgreSQL, all with the same settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .locations import QUOTING, ServerUnreachableError, has_unquoted_delimiter, misread_url, redact, without_secrets
from .migrate import SCHEMA

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_SECONDS: Final = 5
SETTINGS: Final = f"-c search_path={SCHEMA} -c timezone=UTC"
# A peer that vanishes from the network is detected within half a minute.
KEEPALIVE: Final = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}


def connect_postgres(url: str, *, autocommit: bool = False, application: str = "decisor") -> Connection:
    """A connection with our schema as its search path and UTC as its time zone. Raises ServerUnreachableError."""
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as problem:
        what = f"PostgreSQL: its client cannot be imported ({problem})"
        raise ServerUnreachableError(what, "pip install 'decisor[postgres]'") from None
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:  # its text quotes the part that it does not understand, which may be the password
        raise ServerUnreachableError(
            f"PostgreSQL: `{redact(url)}` is not understood",
            f"write `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`; {QUOTING}",
        ) from None
    settings: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "client_encoding": "UTF8",
        **KEEPALIVE,
        **given,
        "options": f"{given.get('options') or ''} {SETTINGS}".strip(),
        "application_name": application,
    }
    try:
        return psycopg.connect(autocommit=autocommit, **settings)
    except psycopg.Error as problem:
        raise _unreachable(url, problem) from None


def _unreachable(url: str, problem: Exception) -> ServerUnreachableError:
    if has_unquoted_delimiter(url):
        return misread_url("postgres", url)
    said = without_secrets(str(problem).partition("Is the server running")[0].strip(), url)
    if "authentication failed" in said or "no password supplied" in said:
        mend = "check the user and the password in DECISOR_POSTGRES_URL"
    elif "does not exist" in said and "database" in said:
        mend = "create it (CREATE DATABASE), or correct DECISOR_POSTGRES_URL"
    elif "too many clients" in said or "remaining connection slots" in said:
        mend = "raise max_connections, or close other connections"
    else:
        mend = "start it, or correct DECISOR_POSTGRES_URL; without that variable `decisor up` starts a server"
    return ServerUnreachableError(f"PostgreSQL at `{redact(url)}` cannot be reached: {said}", mend)
