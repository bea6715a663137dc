"""Where the servers are: those that the environment names, otherwise those that `decisor up` runs for the workspace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from .embedded.state import Server

REDIS: Final = "DECISOR_REDIS_URL"
REDIS_CA: Final = "DECISOR_REDIS_CA_FILE"
POSTGRES: Final = "DECISOR_POSTGRES_URL"
POSTGRES_CA: Final = "DECISOR_POSTGRES_CA_FILE"
ELASTICSEARCH: Final = "DECISOR_ELASTICSEARCH_URL"
ELASTICSEARCH_CA: Final = "DECISOR_ELASTICSEARCH_CA_FILE"
ELASTICSEARCH_API_KEY: Final = "DECISOR_ELASTICSEARCH_API_KEY"

NAMES: Final = {"redis": "Redis", "postgres": "PostgreSQL", "elasticsearch": "Elasticsearch"}
STARTING: Final = {
    "redis": "decisor up",
    "postgres": "decisor up",
    "elasticsearch": "decisor up --elasticsearch",
}
QUOTING: Final = (
    "in a user or password, every character but letters and digits is written as %XX (`/` as %2F, `@` as %40)"
)
HIDDEN: Final = "***"
_SECRET: Final = {"password", "sslpassword", "ssl_password", "api_key"}
_SETTING: Final = re.compile(r"\b(password|sslpassword)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)")


class ServerUnreachableError(RuntimeError):
    """A server cannot be reached. Says which, what happened and how to fix it, without secrets."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}. To mend it: {mend}")
        self.what = what
        self.mend = mend


class ServerMissingError(ServerUnreachableError):
    """No such server is known, or the workspace's own has ended."""

    def __str__(self) -> str:
        return f"{self.what}: {self.mend}"


@dataclass(frozen=True, slots=True)
class Locations:
    """The URL of each server, None where there is none, and the key and certificate for Elasticsearch.

    `ended` holds the workspace's servers that would be used if they were running.
    """

    redis: str | None = None
    postgres: str | None = None
    elasticsearch: str | None = None
    elasticsearch_api_key: str | None = None
    elasticsearch_ca: str | None = None
    ended: Mapping[str, Server] = field(default_factory=dict)

    def missing(self, name: str) -> tuple[str, str]:
        """Why there is no such server (redis, postgres, elasticsearch), and how to fix that."""
        server = self.ended.get(name)
        if server is None:
            return (
                f"no {NAMES[name]} is known",
                f"`{STARTING[name]}` in the workspace starts one, or DECISOR_{name.upper()}_URL names one",
            )
        how = "was stopped by `decisor down`" if server.stopped else f"(PID {server.pid}) has ended since"
        again = f"`{STARTING[name]}` starts it again"
        if name == "elasticsearch":
            again += ", and `decisor up --no-elasticsearch` stops using it from now on"
        return f"{NAMES[name]} of this workspace {how}", again

    def __repr__(self) -> str:
        urls = (self.redis, self.postgres, self.elasticsearch)
        return f"Locations({', '.join(redact(url) if url else 'None' for url in urls)})"


def locations_of(root: Path | None, environ: Mapping[str, str]) -> Locations:
    """The environment's servers, and the workspace's running embedded ones where the environment names none."""
    from .embedded.state import remembered_servers, running_servers

    own = {} if root is None else {name: server.url for name, server in running_servers(root).items()}
    ours = {} if root is None else remembered_servers(root)
    redis, postgres = environ.get(REDIS), environ.get(POSTGRES)
    if redis and environ.get(REDIS_CA):
        redis = _with(redis, ssl_ca_certs=environ[REDIS_CA])
    if postgres and environ.get(POSTGRES_CA):
        postgres = _with(postgres, sslrootcert=environ[POSTGRES_CA], sslmode="verify-full")
    return Locations(
        redis or own.get("redis"),
        postgres or own.get("postgres"),
        environ.get(ELASTICSEARCH) or own.get("elasticsearch"),
        environ.get(ELASTICSEARCH_API_KEY) or None,
        environ.get(ELASTICSEARCH_CA) or None,
        {name: server for name, server in ours.items() if name not in own and name not in variables(environ)},
    )


def variables(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The servers that the environment names: for each, the variable and the URL."""
    named = {"redis": REDIS, "postgres": POSTGRES, "elasticsearch": ELASTICSEARCH}
    return {name: (variable, environ[variable]) for name, variable in named.items() if environ.get(variable)}


def redact(url: str) -> str:
    """The URL, or libpq's `key=value` text, without user, password or key."""
    if "://" not in url:  # text that is neither form may be anything, even a password
        return _SETTING.sub(rf"\1={HIDDEN}", url) if "=" in url else HIDDEN
    scheme, rest = url.split("://", 1)
    before, _, query = rest.partition("?")
    authority, slash, path = before.partition("/")
    # A delimiter inside a user or password ends the authority for a URL parser, though not for us.
    if authority and has_unquoted_delimiter(url):
        before, _, query = rest.rpartition("@")[2].partition("?")
        authority, slash, path = before.partition("/")
        authority = f"@{authority}"
    if "@" in authority:
        authority = f"{HIDDEN}@{authority.rpartition('@')[2]}"
    hidden = [(key, HIDDEN if key.lower() in _SECRET else value) for key, value in parse_qsl(query)]
    return f"{scheme}://{authority}{slash}{path}" + (f"?{urlencode(hidden, safe='/*:,')}" if hidden else "")


def has_unquoted_delimiter(url: str) -> bool:
    """Whether a user or password seems to contain an unquoted `@`, `/`, `?` or `#`."""
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return bool(authority) and (authority.count("@") > 1 or "@" in rest[len(authority) :])


def misread_url(name: str, url: str) -> ServerUnreachableError:
    """The error for a URL that `has_unquoted_delimiter`; a library may quote part of the password as a host."""
    return ServerUnreachableError(
        f"{NAMES[name]} at `{redact(url)}` cannot be reached, and its URL seems to have `/`, `?`, `#` or `@` in the"
        " user or password",
        f"{QUOTING}; if it already is, start the server or correct DECISOR_{name.upper()}_URL",
    )


def without_secrets(said: str, url: str) -> str:
    """The text of a server or library, with the URL's password replaced wherever it appears."""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        said = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, said)
    return " ".join(said.split()).rstrip(".")


def _secrets(url: str) -> set[str]:
    found = {match[2].strip("'") for match in _SETTING.finditer(url)}
    authority = url.split("://", 1)[-1].rpartition("@")[0]
    given = [authority.partition(":")[2]]
    given += [value for key, value in parse_qsl(url.partition("?")[2]) if key.lower() in _SECRET]
    # Libraries cut an unencoded password where it looks like a port or a path, and quote the parts.
    parts = [part for each in given for part in re.split(r"[/?#@:]", each) if len(part) > 2]
    return {text for each in [*given, *found, *parts] for text in (each, unquote(each)) if text}


def _with(url: str, **parameters: str) -> str:
    """The URL with query parameters that it does not have yet; text that is not a URL is returned unchanged."""
    try:
        parts = urlsplit(url)
    except ValueError:  # connecting reports what is wrong with it
        return url
    if not parts.scheme:
        return url
    there = {key for key, _ in parse_qsl(parts.query)}
    added = [f"{key}={quote(value, safe='/')}" for key, value in parameters.items() if key not in there]
    return urlunsplit(parts._replace(query="&".join([*filter(None, [parts.query]), *added])))
