"""What is shown of an error never repeats a value."""

from __future__ import annotations

import io
import logging
import threading

import pytest
from redis.exceptions import ResponseError

from engine.storage.failures import SafeFormatter, hide_values_in_tracebacks, safe_traceback, safe_words
from tests.servers.postgres import Database

SECRET = "jo" + "@example.org"  # in two parts: a traceback shows lines of the program


def caught(text: str) -> ValueError:
    with pytest.raises(ValueError, match="@") as failed:
        raise ValueError(text)
    return failed.value


def test_a_database_error_is_told_by_its_code_and_names(wheel_database: Database) -> None:
    import psycopg

    with psycopg.connect(wheel_database.url, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE person (mail text PRIMARY KEY, age int CHECK (age > 17))")
        connection.execute("INSERT INTO person VALUES (%s, 20)", (SECRET,))
        for query in (
            "INSERT INTO person VALUES (%s, 21)",
            "INSERT INTO person VALUES (%s || '2', 3)",
            "SELECT %s::text::integer",
        ):
            with pytest.raises(psycopg.Error) as failed:
                connection.execute(query, (SECRET,))
            assert SECRET in f"{failed.value} {failed.value.diag.message_detail}"
            assert SECRET not in safe_words(failed.value) + safe_traceback(failed.value)
            assert safe_words(failed.value).startswith(
                f"PostgreSQL: {type(failed.value).__name__} ({failed.value.sqlstate}"
            )


def test_an_answer_of_redis_is_told_by_its_code() -> None:
    assert safe_words(ResponseError(f"WRONGTYPE {SECRET}")) == "Redis: ResponseError (WRONGTYPE)"
    assert safe_words(ResponseError(f"Command # 1 (GET {SECRET}) of pipeline")) == "Redis: ResponseError"


def test_what_python_says_of_the_program_itself_is_kept() -> None:
    with pytest.raises(AttributeError) as failed:
        object().nothing  # type: ignore[attr-defined]  # noqa: B018
    assert safe_words(failed.value) == "AttributeError: 'object' object has no attribute 'nothing'"
    assert safe_words(caught(SECRET)) == "ValueError"


def test_a_traceback_has_every_cause_and_no_text() -> None:
    def fail() -> None:
        try:
            raise caught(SECRET)
        except ValueError as problem:
            raise KeyError(SECRET) from problem

    with pytest.raises(KeyError) as failed:
        fail()
    told = safe_traceback(failed.value)
    assert SECRET not in told
    assert told.index("ValueError\n") < told.index("direct cause") < told.index("KeyError\n")
    assert "raise caught(SECRET)" in told


def test_log_lines_of_other_libraries_and_of_errors_have_no_values() -> None:
    stream = io.StringIO()
    plain, lines = logging.StreamHandler(io.StringIO()), logging.StreamHandler(stream)
    lines.setFormatter(SafeFormatter("%(name)s: %(message)s"))
    for name in ("psycopg.test", "decisor.test"):
        log = logging.getLogger(name)
        log.addHandler(plain)  # it comes first, and keeps the error's text in the record
        log.addHandler(lines)
        try:
            log.warning("ignored: %s", SECRET if name.startswith("psycopg") else "a name")
            log.error("failed", exc_info=caught(SECRET))
        finally:
            log.removeHandler(lines)
            log.removeHandler(plain)
    told = stream.getvalue()
    assert SECRET not in told
    assert "psycopg.test: warning at test_failures.py:" in told
    assert "decisor.test: ignored: a name\ndecisor.test: failed\nTraceback" in told


def test_a_thread_that_ends_with_an_error_tells_no_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    monkeypatch.setattr("sys.unraisablehook", lambda _found: None)
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    hide_values_in_tracebacks()

    def fail() -> None:
        raise caught(SECRET)

    thread = threading.Thread(target=fail, name="follower")
    thread.start()
    thread.join()
    told = capsys.readouterr().err
    assert told.startswith("in thread follower:\nTraceback")
    assert SECRET not in told
