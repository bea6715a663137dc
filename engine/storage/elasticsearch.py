"""Connections to Elasticsearch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from .locations import (
    QUOTING,
    Locations,
    ServerUnreachableError,
    has_unquoted_delimiter,
    misread_url,
    redact,
    without_secrets,
)

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

ANSWER_SECONDS: Final = 60.0


def connect_elasticsearch(locations: Locations) -> Elasticsearch:
    """A client whose server has answered. Raises ServerUnreachableError, also where no URL is known.

    A failed request is not sent again: the sender inspects the answer and knows what may be repeated.
    """
    url = locations.elasticsearch
    if url is None:
        raise ServerUnreachableError(*locations.missing("elasticsearch"))
    try:
        from elasticsearch import Elasticsearch
    except ImportError as problem:
        what = f"Elasticsearch: its client cannot be imported ({problem})"
        raise ServerUnreachableError(what, "pip install 'decisor[elasticsearch]'") from None
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # the caller reports a failure, once
    options: dict[str, Any] = {"request_timeout": ANSWER_SECONDS, "max_retries": 0, "retry_on_timeout": False}
    if locations.elasticsearch_api_key:
        options["api_key"] = locations.elasticsearch_api_key
    if locations.elasticsearch_ca:
        options["ca_certs"] = locations.elasticsearch_ca
    try:
        client = Elasticsearch(url, **options)
    except (ValueError, OSError) as problem:
        if has_unquoted_delimiter(url):
            raise misread_url("elasticsearch", url) from None
        raise ServerUnreachableError(
            f"Elasticsearch: `{redact(url)}` is not understood: {_safe_text(locations, problem)}",
            "write `https://HOST:PORT`, the key in DECISOR_ELASTICSEARCH_API_KEY, and a private authority's certificate"
            f" in DECISOR_ELASTICSEARCH_CA_FILE; {QUOTING}",
        ) from None
    try:
        _ask(client, locations)
    except BaseException:
        client.close()
        raise
    return client


def _ask(client: Elasticsearch, locations: Locations) -> None:
    """Check that the server answers. A missing privilege counts as an answer, refused credentials do not."""
    from elasticsearch import ApiError, AuthenticationException, SSLError, TransportError

    try:
        client.options(request_timeout=5).perform_request("HEAD", "/")
    except AuthenticationException:
        mend = "check DECISOR_ELASTICSEARCH_API_KEY, or the user and the password in DECISOR_ELASTICSEARCH_URL"
        raise _unreachable(locations, "it refuses the credentials", mend) from None
    except ApiError:
        return
    except SSLError as problem:
        mend = "name the certificate of its authority in DECISOR_ELASTICSEARCH_CA_FILE"
        raise _unreachable(locations, _safe_text(locations, problem), mend) from None
    except TransportError as problem:
        mend = "start it (`decisor up --elasticsearch` starts one), or correct DECISOR_ELASTICSEARCH_URL"
        raise _unreachable(locations, _safe_text(locations, problem), mend) from None


def _safe_text(locations: Locations, problem: Exception) -> str:
    said = without_secrets(str(getattr(problem, "message", problem)), locations.elasticsearch or "")
    key = locations.elasticsearch_api_key
    return said.replace(key, "***") if key else said


def _unreachable(locations: Locations, what: str, mend: str) -> ServerUnreachableError:
    if has_unquoted_delimiter(locations.elasticsearch or ""):
        return misread_url("elasticsearch", locations.elasticsearch or "")
    url = redact(locations.elasticsearch or "")
    return ServerUnreachableError(f"Elasticsearch at `{url}` cannot be reached: {what}", mend)
