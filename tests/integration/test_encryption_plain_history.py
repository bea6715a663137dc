"""A field becomes encrypted: what the history still holds in plain is known until it has been sealed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.ir.program import Program
from engine.rotation.data_rotation import rotate_all_data, rotate_data
from engine.rotation.plain_history import plain_history
from engine.rotation.walk import PROGRESS, open_task
from engine.storage.facts import put_fact
from tests.live_world import World
from tests.sealed_world import as_catalogued, events, not_encrypted, plain_text, workspace
from tests.servers.redis_servers import RedisServer

FIELDS = (
    "$set.address.street",
    "$set.email",
    "$set.notes.text",
    "$set.phones",
    "signup.mail",
    "visit.page",
)


@pytest.fixture
def encrypted_since(open_world: World, sealed_program: Program, key_file: Path) -> World:
    """The shop with five customers whose fields have just become encrypted; profiles are made anew."""
    world = open_world
    world.put(events(range(5)))
    world.drain()
    as_catalogued(world, sealed_program, SealedVault(sealed_program.catalogue, keyring_of_file(key_file)))
    world.drain()
    return world


def sealed(world: World) -> SealedVault:
    assert isinstance(world.vault, SealedVault)
    return world.vault


def test_fields_that_become_encrypted_are_noted_until_the_history_is_sealed(encrypted_since: World) -> None:
    world = encrypted_since
    assert {place.partition("_")[0] for place, _ in plain_text(world)} == {"event"}
    with world.connect("tests") as connection:
        noted = plain_history(connection)
        assert noted.fields == FIELDS
        world.drain()
        assert plain_history(connection) == noted, "the same catalogue adds nothing"
        assert rotate_all_data(connection, sealed(world), noted) == 5
        assert plain_history(connection).fields == ()
    assert not plain_text(world)
    world.check()


def test_what_becomes_plain_again_is_not_noted_any_more(encrypted_since: World) -> None:
    world = encrypted_since
    as_catalogued(world, not_encrypted(world.program), world.vault)
    with world.connect("tests") as connection:
        assert plain_history(connection).fields == ()


def test_where_there_is_no_history_nothing_is_noted(open_world: World, sealed_program: Program, key_file: Path) -> None:
    as_catalogued(open_world, sealed_program, SealedVault(sealed_program.catalogue, keyring_of_file(key_file)))
    with open_world.connect("tests") as connection:
        assert plain_history(connection).fields == ()


def test_a_change_that_was_broken_off_before_is_not_gone_on_with(
    open_world: World, sealed_program: Program, key_file: Path
) -> None:
    world = open_world
    world.put(events(range(5)))
    world.drain()
    keyring = keyring_of_file(key_file)
    with world.connect("tests") as connection:
        before = plain_history(connection)
        kind = f"data {before.mark} "
        rotate_data(connection, SealedVault(world.program.catalogue, keyring), f"{kind}1")
        put_fact(connection, PROGRESS, f'{{"task": "{kind}1", "done": {list(range(15))}}}')
        assert open_task(connection, kind) == f"{kind}1"
        vault = SealedVault(sealed_program.catalogue, keyring)
        as_catalogued(world, sealed_program, vault)
        world.drain()
        assert rotate_all_data(connection, vault, plain_history(connection)) == 5
    assert not plain_text(world)


def test_fields_that_become_encrypted_while_data_keys_are_changed_stay_noted(encrypted_since: World) -> None:
    world = encrypted_since
    with world.connect("tests") as connection:
        noted = plain_history(connection)
        program = world.program
        as_catalogued(world, not_encrypted(program), world.vault)
        as_catalogued(world, program, world.vault)
        assert rotate_all_data(connection, sealed(world), replace(noted)) == 5
        assert plain_history(connection).fields == FIELDS


def test_the_doctor_says_what_the_history_holds_in_plain_until_it_is_sealed(
    encrypted_since: World,
    valkey: RedisServer,
    key_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DECISOR_POSTGRES_URL", encrypted_since.postgres)
    monkeypatch.setenv("DECISOR_REDIS_URL", valkey.url)
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(key_file))
    monkeypatch.chdir(workspace(tmp_path / "shop"))
    assert main(["doctor"]) == 1
    told = "the history may hold in plain what is encrypted by now: " + ", ".join(FIELDS)
    assert told in capsys.readouterr().out
    assert main(["keys", "rotate", "--data"]) == 0
    assert "5 profiles sealed with fresh data keys" in capsys.readouterr().out
    main(["doctor"])
    assert "in plain" not in capsys.readouterr().out
