"""Where the servers are, and that what is said about it holds no secret."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.storage.embedded.places import workspace_folder
from engine.storage.embedded.process import start_instant
from engine.storage.embedded.state import Server, record
from engine.storage.locations import Locations, locations_of, redact, without_secrets

OWN = Server("unix:///own/redis.sock?db=0", os.getpid(), start_instant(os.getpid()) or "", "/own")


@pytest.mark.parametrize(
    "url, shown",
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://ann:hunter2@127.0.0.1:6379/0", "redis://***@127.0.0.1:6379/0"),
        ("redis+cluster://:hunter2@a:1", "redis+cluster://***@a:1"),
        ("unix:///run/redis.sock?db=0&password=hunter2", "unix:///run/redis.sock?db=0&password=***"),
        ("postgresql://ann:hun/ter2@a:5432/b", "postgresql://***@a:5432/b"),
        ("postgresql://ann:h@unter2@a:5432/b", "postgresql://***@a:5432/b"),
        ("redis://ann:hun/ter2@a:1/0", "redis://***@a:1/0"),
        ("redis://ann:hun?ter2@a:1/0?db=2", "redis://***@a:1/0?db=2"),
        ("redis://ann:hun#ter2@a", "redis://***@a"),
        ("redis://ann:hun@ter2/hun@a:1", "redis://***@a:1"),
        ("redis://:99999/hunter2@a", "redis://***@a"),
        ("unix:///run/a@b.sock", "unix:///run/a@b.sock"),
        ("postgresql://a,b:2/c?sslmode=require&sslpassword=hunter2", "postgresql://a,b:2/c?sslmode=require&sslpassword=***"),
        ("host=a password=hunter2 user=ann", "host=a password=*** user=ann"),
        (r"password = 'hunter2 \' more' host=a", "password=*** host=a"),
        ("https://ann:hunter2@a:9200", "https://***@a:9200"),
        ("hunter2", "***"),
    ],
)  # fmt: skip
def test_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "redis://ann:hunter2@a",
        "unix:///s?password=hunter2",
        "host=a password=hunter2",
        "host=a password='hunter2'",
        "redis://ann:hunter%32@a",
        "redis://ann:hunter2/more@a",
    ],
)
def test_what_a_library_says_is_told_without_the_secret(url: str) -> None:
    assert without_secrets("cannot use\n  hunter2 at a.", url) == "cannot use *** at a"


def test_locations_show_no_secret_in_a_traceback() -> None:
    locations = Locations("redis://ann:hunter2@a", None, "https://ann:hunter2@a:9200", "key-of-ann")
    assert repr(locations) == "Locations(redis://***@a, None, https://***@a:9200)"


def test_environment_names_servers_and_what_they_want() -> None:
    environ = {
        "DECISOR_REDIS_URL": "rediss://a",
        "DECISOR_REDIS_CA_FILE": "/ca file.pem",
        "DECISOR_POSTGRES_URL": "postgresql://b/c?sslmode=verify-ca",
        "DECISOR_POSTGRES_CA_FILE": "/ca.pem",
        "DECISOR_ELASTICSEARCH_URL": "https://d:9200",
        "DECISOR_ELASTICSEARCH_CA_FILE": "/ca.pem",
        "DECISOR_ELASTICSEARCH_API_KEY": "key",
    }
    assert locations_of(None, environ) == Locations(
        "rediss://a?ssl_ca_certs=/ca%20file.pem",
        "postgresql://b/c?sslmode=verify-ca&sslrootcert=/ca.pem",
        "https://d:9200",
        "key",
        "/ca.pem",
    )
    assert locations_of(None, {"DECISOR_REDIS_URL": ""}) == Locations()


def test_certificate_of_an_authority_turns_verification_on() -> None:
    environ = {"DECISOR_POSTGRES_URL": "postgresql://b/c", "DECISOR_POSTGRES_CA_FILE": "/ca.pem"}
    assert locations_of(None, environ).postgres == "postgresql://b/c?sslrootcert=/ca.pem&sslmode=verify-full"


def test_servers_of_the_workspace_stand_in_for_those_that_the_environment_lacks(tmp_path: Path) -> None:
    workspace_folder(tmp_path)
    record(tmp_path, {"redis": OWN, "postgres": OWN})
    named = locations_of(tmp_path, {"DECISOR_POSTGRES_URL": "postgresql://b/c"})
    assert named == Locations(OWN.url, "postgresql://b/c", None)
    assert locations_of(None, {}) == Locations()


def test_server_that_has_ended_is_not_found(tmp_path: Path) -> None:
    workspace_folder(tmp_path)
    server = Server(OWN.url, OWN.pid, "another boot/1", "/own")
    record(tmp_path, {"redis": server})
    assert locations_of(tmp_path, {}) == Locations(ended={"redis": server})
    assert locations_of(tmp_path, {"DECISOR_REDIS_URL": "redis://a"}) == Locations("redis://a")


@pytest.mark.parametrize("name, up", [("redis", "decisor up"), ("elasticsearch", "decisor up --elasticsearch")])
def test_server_that_is_missing_is_told_with_what_became_of_it(tmp_path: Path, name: str, up: str) -> None:
    workspace_folder(tmp_path)
    what, mend = locations_of(tmp_path, {}).missing(name)
    assert what.startswith("no ")
    assert f"`{up}` in the workspace starts one, or DECISOR_{name.upper()}_URL names one" in mend
    died = Server("redis://a", OWN.pid, "another boot/1", "/own")
    record(tmp_path, {name: died})
    what, mend = locations_of(tmp_path, {}).missing(name)
    assert f" of this workspace (PID {OWN.pid}) has ended since" in what
    assert mend.startswith(f"`{up}` starts it again")
    record(tmp_path, {name: replace(died, stopped=True)})
    what, mend = locations_of(tmp_path, {}).missing(name)
    assert what.endswith(" of this workspace was stopped by `decisor down`")
    assert mend.startswith(f"`{up}` starts it again")


def test_certificate_for_what_is_no_url_is_left_to_who_connects() -> None:
    environ = {"DECISOR_REDIS_URL": "redis://ann:[hunter2@a", "DECISOR_REDIS_CA_FILE": "/ca.pem"}
    assert locations_of(None, environ).redis == "redis://ann:[hunter2@a"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"redis": 1}', '{"redis": {"url": "x"}}', '"x"', "\ud800"])
def test_damaged_record_says_nothing(tmp_path: Path, text: str) -> None:
    (workspace_folder(tmp_path) / "servers.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    assert locations_of(tmp_path, {}) == Locations()


def test_record_is_for_its_owner_alone_and_goes_with_the_last_server(tmp_path: Path) -> None:
    file = workspace_folder(tmp_path) / "servers.json"
    record(tmp_path, {"redis": OWN})
    assert file.stat().st_mode & 0o777 == 0o600
    record(tmp_path, {})
    assert not file.exists()
    record(tmp_path, {})
