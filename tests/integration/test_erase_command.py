"""The command `decisor erase`: what it asks, prints and ends, for one customer and for those of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.profiles.suppression import Suppressed
from tests.integration.test_erase import PERSON, fill, left_of
from tests.live_world import World
from tests.servers.redis_servers import RedisServer


@pytest.fixture
def command_world(
    sealed_world: World, valkey: RedisServer, key_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> World:
    """The world where commands find it in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DECISOR_POSTGRES_URL", sealed_world.postgres)
    monkeypatch.setenv("DECISOR_REDIS_URL", valkey.url)
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(key_file))
    monkeypatch.delenv("DECISOR_ELASTICSEARCH_URL", raising=False)
    return sealed_world


def test_the_command_prints_the_places_and_what_is_left(
    command_world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = command_world
    fill(world)
    assert main(["erase", PERSON]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["erase", PERSON, "--dry-run"]) == 0
    assert "PostgreSQL     event_id" in capsys.readouterr().out
    assert len(world.redis.smembers("segment:known")) == 4
    monkeypatch.setenv("DECISOR_REDIS_URL", "unix:///nowhere/at/all")
    assert main(["erase", PERSON, "--yes"]) == 1
    out = capsys.readouterr().out
    assert "not done: once the problems above are fixed" in out
    assert PERSON not in out
    monkeypatch.undo()
    monkeypatch.setenv("DECISOR_POSTGRES_URL", world.postgres)


def test_the_next_erasure_ends_those_that_are_open(
    command_world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = command_world
    fill(world)
    with monkeypatch.context() as patch:
        patch.setenv("DECISOR_REDIS_URL", "unix:///nowhere/at/all")
        assert main(["erase", PERSON, "--yes"]) == 1
    capsys.readouterr()
    assert main(["erase", "c-1", "--yes", "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["done"] is True
    assert "1 were completed and 0 are still open" in said.err
    assert not left_of(world)
    assert main(["erase", "", "--yes"]) == 2
    assert main(["erase", "x" * 513, "--yes"]) == 2


def test_a_customer_nowhere_known_is_barred_and_that_is_said(
    command_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["erase", "ghost", "--yes"]) == 0
    assert capsys.readouterr().out.endswith(
        "\nnothing was found for this customer; events with this id are rejected from now on\n"
    )
    with command_world.connect("tests") as connection:
        assert Suppressed()(connection, ["ghost"]) == {"ghost"}


def test_customers_of_a_file_are_erased_one_after_the_other(
    command_world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    world = command_world
    fill(world)
    file = tmp_path / "ids"
    file.write_text(f"{PERSON}\nghost\n{PERSON}\n", "utf-8")
    assert main(["erase", "--file", str(file), "--dry-run"]) == 0
    assert len(capsys.readouterr().out.split("store ")) == 3
    assert main(["erase", "--file", str(file), "--yes", "--format", "json"]) == 0
    said = capsys.readouterr()
    assert [json.loads(line)["done"] for line in said.out.splitlines()] == [True, True]
    assert "2 of 2 customers are erased\n" in said.err
    assert PERSON not in said.out + said.err
    assert not left_of(world)
    with world.connect("tests") as connection:
        assert Suppressed()(connection, [PERSON, "ghost"]) == {PERSON, "ghost"}
