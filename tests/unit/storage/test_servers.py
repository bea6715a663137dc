"""Clients of the servers for any process: what is missing is told with what mends it, and nothing is opened unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.storage.locations import ServerMissingError, ServerUnreachableError
from engine.storage.servers import Servers


def test_a_server_that_nobody_named_is_told_with_what_mends_it() -> None:
    with Servers(None, {}) as servers:
        assert servers.elasticsearch is None
        with pytest.raises(ServerMissingError) as missing:
            servers.redis  # noqa: B018 - asking is the point
        assert str(missing.value) == (
            "no Redis is known: `decisor up` in the workspace starts one, or DECISOR_REDIS_URL names one"
        )
        with pytest.raises(ServerUnreachableError, match="no PostgreSQL is known"):
            servers.postgres  # noqa: B018 - asking is the point


def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    environ = {"DECISOR_REDIS_URL": "redis://:hidden@127.0.0.1:1/0"}
    with Servers(tmp_path, environ) as servers, pytest.raises(ServerUnreachableError) as refused:
        servers.redis  # noqa: B018 - asking is the point
    assert "hidden" not in str(refused.value)
