"""Definitions of segments that ask about encrypted fields, and the secret of fingerprints, lie sealed in PostgreSQL."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

from engine.encryption.key_file import KeySet, KeysRefusedError, read_key_file, replace_key_file
from engine.encryption.keyring import KeyMissingError, keyring_of_file
from engine.encryption.sealed_values import FINGERPRINT
from engine.encryption.sealed_vault import SealedVault
from engine.encryption.vault import OpenVault
from engine.ir.program import Program
from engine.profiles.fingerprint_secret import fingerprint_secret
from engine.rebuilds.preparation import prepare
from engine.rotation import rotation
from engine.rotation.rotation import rotate_master
from engine.rotation.sealed_values import sealed_entries
from engine.rotation.status import status_of
from engine.segments.registry import definition_of, read_registry, read_segments, start_building
from tests.integration.test_segments_rebuild import rebuild
from tests.live_world import World
from tests.sealed_world import (
    MORE_SEGMENTS,
    as_catalogued,
    events,
    kept_in_postgres,
    not_encrypted,
    plain_text,
    program_of,
)
from tests.waiting import until

SEALED = {"known", "ada", "strangers", "readers"}
SIGNUP = events([0])[0]


@pytest.fixture(scope="module")
def sealed_program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The shop with more segments."""
    return program_of(tmp_path_factory.mktemp("sealed"), MORE_SEGMENTS)


def definitions(connection: psycopg.Connection) -> dict[str, Any]:
    """What stands in the rows of segments."""
    return dict(connection.execute("SELECT name, active FROM segment WHERE active IS NOT NULL").fetchall())


def sealed_names(connection: psycopg.Connection) -> set[str]:
    return {name for name, data in definitions(connection).items() if "$sealed" in data}


def secret_of(world: World) -> bytes:
    with world.connect("tests") as connection, connection.transaction():
        return fingerprint_secret(connection, world.vault)


def shown(secret: bytes) -> list[str]:
    """How a secret would be seen in what is kept."""
    return [secret.hex(), base64.b64encode(secret).decode(), secret.decode("latin-1")]


def test_constants_and_the_secret_are_kept_nowhere_in_plain(sealed_world: World) -> None:
    world = sealed_world
    world.put(events(range(3)))
    world.drain()
    with world.connect("tests") as connection:
        start_building(connection, "new", definition_of(world.program, "ada"), world.vault)
        assert not plain_text(world, ["plain", "ada-0@", *shown(secret_of(world))])
        assert sealed_names(connection) == SEALED
        assert definitions(connection)["germans"]["value"] == "DE", "what tells nothing stays readable"
        registry = read_registry(connection, world.vault)
    assert registry.active == {name: definition_of(world.program, name) for name in world.program.segments}
    assert registry.building == {"new": definition_of(world.program, "ada")}
    world.check()


def test_a_rebuild_seals_what_it_switches_in(sealed_world: World) -> None:
    world = sealed_world
    world.put(events(range(3)))
    world.drain()
    segments = world.program.segments
    world.program = world.oracle.program = replace(
        world.program, segments={**segments, "germans": segments["ada"], "ada": segments["germans"]}
    )
    rebuild(world, "ada", "germans")
    world.drain()
    with world.connect("tests") as connection:
        assert sealed_names(connection) == SEALED - {"ada"} | {"germans"}
    assert not plain_text(world)
    world.check()


def test_a_definition_opens_only_in_the_row_of_its_segment(sealed_world: World) -> None:
    world = sealed_world
    with world.connect("tests") as connection:
        connection.execute("UPDATE segment SET active = (SELECT active FROM segment WHERE name = 'ada')")
        with pytest.raises(KeysRefusedError, match="the definition of `germans` does not open: it was changed, moved"):
            read_registry(connection, world.vault)
        connection.execute("""UPDATE segment SET active = '{"$sealed": "?"}'""")
        with pytest.raises(KeysRefusedError, match="the definition of `ada` does not open: it is not base64"):
            read_registry(connection, world.vault)


def test_without_keys_it_is_said_what_does_not_open_and_how_segments_stand(sealed_world: World) -> None:
    world = sealed_world
    with world.connect("tests") as connection:
        with pytest.raises(
            KeyMissingError, match="the definition of `ada`: the value is sealed, and there are no keys"
        ):
            read_registry(connection, OpenVault())
        with pytest.raises(KeyMissingError, match="the database holds sealed definitions or secrets, and there are no"):
            prepare(connection, not_encrypted(world.program), OpenVault())
        found = read_segments(connection)
        assert {name: each.active for name, each in found.items()} == {
            name: definition_of(world.program, name).digest for name in world.program.segments
        }


def test_other_keys_than_the_database_s_are_refused_before_anything_is_written(
    sealed_world: World, key_file: Path
) -> None:
    world = sealed_world
    replace_key_file(
        key_file, KeySet(read_key_file(key_file).with_new_master().master[:1], read_key_file(key_file).hash)
    )
    vault = SealedVault(world.program.catalogue, keyring_of_file(key_file))
    with world.connect("tests") as connection:
        before = list(kept_in_postgres(connection))
        with pytest.raises(KeyMissingError, match="the database uses keys that are not among yours: m-"):
            prepare(connection, world.program, vault)
        assert list(kept_in_postgres(connection)) == before


def test_a_field_that_becomes_encrypted_takes_its_definitions_and_the_secret_with_it(
    open_world: World, sealed_program: Program, key_file: Path
) -> None:
    world = open_world
    world.put([SIGNUP])
    world.drain()
    secret = secret_of(world)
    assert plain_text(world, [secret.hex()])
    with world.connect("tests") as connection:
        assert not sealed_names(connection)
        as_catalogued(world, sealed_program, SealedVault(sealed_program.catalogue, keyring_of_file(key_file)))
        assert sealed_names(connection) == SEALED
        assert read_segments(connection).keys() == world.program.segments.keys()
    world.put([SIGNUP, *events([1])])
    assert world.drain().duplicates == 1, "fingerprints go on matching"
    assert secret_of(world) == secret
    assert not plain_text(world, shown(secret))
    world.check()


def test_who_still_knows_a_field_in_plain_writes_nothing_of_it_once_it_is_encrypted(
    open_world: World, sealed_program: Program, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = open_world
    old = world.worker()
    thread = threading.Thread(target=old.run)
    thread.start()
    try:
        world.put(events([0]))
        until(lambda: old.tally.kept == 3)
        # No definition is sealed, so that nothing but the catalogue keeps the old worker from going on.
        program = replace(sealed_program, segments={"germans": sealed_program.segments["germans"]})
        with world.connect("tests") as connection:
            connection.execute("DELETE FROM segment WHERE name <> 'germans'")
        vault = SealedVault(program.catalogue, keyring_of_file(key_file))
        as_catalogued(world, program, vault)
        world.put(events([1]))
        until(lambda: "the catalogue now encrypts fields that this process treats as plain text" in caplog.text)
    finally:
        old.stop()
        thread.join()
    assert old.tally.kept == 3
    world.drain()
    with world.connect("tests") as connection:
        assert not [text for _, text in kept_in_postgres(connection) if "plain-page-1" in text or "1@PLAIN" in text]
    assert world.members("germans") == {"c-0", "c-1"}


def test_a_field_that_is_encrypted_no_longer_leaves_its_definitions_readable(
    sealed_world: World, key_file: Path
) -> None:
    world = sealed_world
    world.put([SIGNUP])
    world.drain()
    secret = secret_of(world)
    program = not_encrypted(world.program)
    as_catalogued(world, program, SealedVault(program.catalogue, keyring_of_file(key_file)))
    with world.connect("tests") as connection:
        assert not sealed_names(connection)
        assert definitions(connection)["ada"]["value"] == "ada-0@plain.example"
    world.put([SIGNUP])
    assert world.drain().duplicates == 1
    assert secret_of(world) == secret
    assert not plain_text(world, shown(secret)), "the history is still sealed"


def test_definitions_from_before_definitions_were_sealed_are_sealed_when_a_worker_begins(
    sealed_world: World, sealed_program: Program, key_file: Path
) -> None:
    world = sealed_world
    with world.connect("tests") as connection:
        open_program = not_encrypted(sealed_program)
        as_catalogued(world, open_program, SealedVault(open_program.catalogue, keyring_of_file(key_file)))
        plain = definitions(connection)
        vault = SealedVault(sealed_program.catalogue, keyring_of_file(key_file))
        as_catalogued(world, sealed_program, vault)
        for name, data in plain.items():
            connection.execute("UPDATE segment SET active = %s WHERE name = %s", (Json(data), name))
        assert not sealed_names(connection)
        assert not prepare(connection, sealed_program, vault)
        assert sealed_names(connection) == SEALED


def together(work: Callable[[int], bytes], count: int = 4) -> set[bytes]:
    """What several at once come to."""
    with ThreadPoolExecutor(count) as threads:
        return set(threads.map(work, range(count)))


@pytest.mark.parametrize("first", ["none", "plain"])
def test_workers_that_begin_at_once_have_one_secret(sealed_world: World, first: str) -> None:
    world = sealed_world
    barrier = threading.Barrier(4)
    if first == "plain":
        with world.connect("tests") as connection:
            connection.execute("INSERT INTO fact VALUES (%s, %s)", (FINGERPRINT, bytes(range(32)).hex()))

    def begin(_number: int) -> bytes:
        with world.connect("tests") as connection:
            barrier.wait()
            with connection.transaction():
                return fingerprint_secret(connection, world.vault)

    [secret] = together(begin)
    assert (secret == bytes(range(32))) is (first == "plain")
    assert secret_of(world) == secret
    assert not plain_text(world, shown(secret))


def test_a_secret_that_was_rolled_back_is_not_gone_by(sealed_world: World) -> None:
    world = sealed_world
    with world.connect("tests") as connection:
        with connection.transaction(force_rollback=True):
            lost = fingerprint_secret(connection, world.vault)
        assert secret_of(world) != lost


def test_a_new_master_key_takes_over_definitions_and_the_secret(sealed_world: World, key_file: Path) -> None:
    world = sealed_world
    world.put(events(range(2)))
    world.drain()
    secret = secret_of(world)
    old = read_key_file(key_file).master[0].id
    keyring = keyring_of_file(key_file)
    with world.connect("tests") as connection:
        counts = {each.id: each for each in status_of(connection, keyring)}[old]
        assert (counts.definitions, counts.secrets) == (4, 1)
        done = rotate_master(connection, keyring)
        assert (done.definitions, done.secrets) == (4, 1)
        assert {each.master for each in sealed_entries(connection)} == {done.master}
        found = {each.id: each for each in status_of(connection, keyring)}
        assert not found[old].needed
        assert (found[done.master].definitions, found[done.master].secrets) == (4, 1)
    keys = read_key_file(key_file)
    replace_key_file(key_file, KeySet(keys.master[:1], keys.hash))
    world.vault = SealedVault(world.program.catalogue, keyring_of_file(key_file))
    world.put([*events(range(2)), *events([2])])
    assert world.drain().duplicates == 6
    assert secret_of(world) == secret
    world.check()


@pytest.mark.parametrize("left", [f"fact {FINGERPRINT}", "active ada", "building new"])
def test_a_change_that_was_broken_off_goes_on_with_what_is_left_and_the_old_key_is_needed(
    left: str, sealed_world: World, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sealed_world
    world.put(events(range(2)))
    world.drain()
    keyring = keyring_of_file(key_file)
    old = keyring.current.id

    class BrokenOffError(Exception):
        pass

    def broken_off(*_given: object) -> None:
        raise BrokenOffError

    with world.connect("tests") as connection:
        start_building(connection, "new", definition_of(world.program, "ada"), world.vault)
        with monkeypatch.context() as patch:
            patch.setattr(rotation, "rewrap_kept", broken_off)
            with pytest.raises(BrokenOffError):
                rotate_master(connection, keyring)
        column, _, name = left.partition(" ")
        # All others follow by themselves, when they are written the next time.
        for each in sealed_entries(connection):
            if (each.column, each.name) != (column, name):
                _renew(connection, world, each.column, each.name)
        assert [f"{each.column} {each.name}" for each in sealed_entries(connection) if each.master == old] == [left]
        assert {each.id: each for each in status_of(connection, keyring)}[old].needed
        done = rotate_master(connection, keyring)
        assert len(read_key_file(key_file).master) == 2, "no third key is made"
        assert (done.definitions, done.secrets) == ((0, 1) if column == "fact" else (1, 0))
        assert not {each.id: each for each in status_of(connection, keyring)}[old].needed
        assert read_registry(connection, world.vault).building["new"] == definition_of(world.program, "ada")


def _renew(connection: psycopg.Connection, world: World, column: str, name: str) -> None:
    """Write one of the sealed things again."""
    from engine.segments.sealed_definitions import stored_predicate

    if column == "fact":
        secret = secret_of(world)
        connection.execute("UPDATE fact SET value = %s WHERE name = %s", (secret.hex(), FINGERPRINT))
        assert secret_of(world) == secret
        return
    predicate = definition_of(world.program, "ada" if name == "new" else name).predicate
    text = stored_predicate(connection, world.vault, name, predicate)
    connection.execute(f"UPDATE segment SET {column} = %s WHERE name = %s".encode(), (text, name))


def test_a_definition_that_is_switched_in_while_keys_change_follows_too(
    sealed_world: World, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.encryption import payloads

    world = sealed_world
    keyring = keyring_of_file(key_file)
    original = payloads.rewrap
    done: list[str] = []
    with world.connect("tests") as connection, world.connect("another") as other:
        start_building(connection, "new", definition_of(world.program, "ada"), world.vault)

        def meddling(*given: Any) -> bytes:
            if not done:
                done.append("activated")
                other.execute("UPDATE segment SET active = building, building = NULL WHERE building IS NOT NULL")
            return original(*given)

        monkeypatch.setattr(payloads, "rewrap", meddling)
        assert rotate_master(connection, keyring).definitions == 5
        assert {each.master for each in sealed_entries(connection)} == {keyring.current.id}
