from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from engine.encryption.cipher import UnsealError
from engine.encryption.key_file import KeysRefusedError, read_key_file, replace_key_file
from engine.encryption.keyring import KeyMissingError, Keyring, keyring_of_file, open_keyring
from engine.encryption.master import LocalMasterKey
from engine.encryption.sealed_vault import SealedVault, vault_of
from engine.encryption.vault import OpenVault
from engine.ir.program import Program
from engine.profiles.dead_letters import replay
from engine.profiles.event_store import read_events
from engine.profiles.ingest import EventProducer
from engine.profiles.serving import ProfileReader
from engine.rotation.data_rotation import rotate_data
from engine.rotation.rotation import alone, rotate_master
from engine.rotation.status import status_of
from engine.worker.publish import settle
from tests.live_world import START, World
from tests.sealed_world import as_catalogued, events, plain_text
from tests.waiting import until


def vault_with(world: World, keyring: Keyring) -> SealedVault:
    return SealedVault(world.program.catalogue, keyring)


def sealed(world: World) -> SealedVault:
    assert isinstance(world.vault, SealedVault)
    return world.vault


def check_opens(world: World, vault: SealedVault, customers: int = 5) -> None:
    """Profiles, histories and serving copies open to what the oracle says."""
    names = sorted(world.oracle.events)
    assert len(names) == customers
    with world.connect("tests") as connection:
        rows = connection.execute("SELECT profile, value FROM profile").fetchall()
        values = vault.open_values(connection, dict(rows))
        assert values == {name: world.oracle.profile(name, world.now_ms) for name in names}
        read = list(read_events(connection, names, vault, "customer_id"))
        for name in names:
            kept = [event for profile, event in read if profile == name]
            assert kept == world.oracle.events[name]
    reader = ProfileReader(world.redis, vault.open_served)
    for name in names:
        assert reader.read(name, world.now_ms).profile == world.oracle.profile(name, world.now_ms)


def test_nothing_that_is_kept_holds_plain_text_and_all_of_it_opens(
    sealed_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = sealed_world
    broken = {"id": "b-1", "type": "signup", "customer_id": "c-1", "time": "never", "data": {"mail": "x@plain.example"}}
    with caplog.at_level(logging.DEBUG):
        world.put([*events(range(5)), broken])
        assert plain_text(world), "the queue holds events until they are taken in"
        world.drain()
    assert not plain_text(world)
    assert "plain" not in caplog.text.replace("plain_text", "")
    world.check()
    assert world.members("ada") == {"c-0"}
    assert world.members("known") == {f"c-{number}" for number in range(5)}
    check_opens(world, sealed(world))


def test_a_window_that_time_empties_leaves_no_plain_text(sealed_world: World) -> None:
    world = sealed_world
    world.put(events(range(3)))
    world.drain()
    world.pass_time(3 * 86_400_000)
    world.check()
    assert not plain_text(world)
    profile = ProfileReader(world.redis, sealed(world).open_served).read("c-1", world.now_ms).profile
    assert profile is not None
    assert "pages_2d" not in profile
    assert profile["last_page"] == "plain-page-1"


def test_dead_letters_are_sealed_whole_and_can_be_replayed(sealed_world: World) -> None:
    world = sealed_world
    [event] = [each for each in events([1]) if each["type"] == "signup"]
    world.put([{**event, "time": "2026-03-02T00:00:00Z"}])
    world.drain()
    assert not plain_text(world)
    world.now_ms = START + 2 * 86_400_000
    with world.connect("tests") as connection:
        assert replay(connection, EventProducer(world.redis, "customer_id"), world.vault, "customer_id").count == 1
    world.drain()
    assert world.members("known") == {"c-1"}
    assert not plain_text(world)


def test_a_row_that_was_moved_to_another_customer_does_not_open(sealed_world: World) -> None:
    world = sealed_world
    world.put(events(range(2)))
    world.drain()
    with world.connect("tests") as connection:
        value = connection.execute("SELECT value FROM profile WHERE profile = 'c-0'").fetchone()
        assert value is not None
        with pytest.raises(UnsealError, match="does not open"):
            world.vault.open_values(connection, {"c-1": value[0]})
        connection.execute(
            "UPDATE profile_key SET wrapped = other.wrapped FROM profile_key AS other"
            " WHERE profile_key.profile = 'c-1' AND other.profile = 'c-0'"
        )
        fresh = SealedVault(world.program.catalogue, sealed(world).keyring)
        with pytest.raises(UnsealError, match=r"data key, wrapped by `m-.*does not open"):
            fresh.open_values(connection, {"c-1": value[0]})
        connection.execute("DELETE FROM profile_key")
        with pytest.raises(UnsealError, match="erased meanwhile, or its key is lost"):
            fresh.open_values(connection, {"c-1": value[0]})


def test_keys_are_asked_for_only_where_fields_are_encrypted(sealed_world: World, key_file: Path) -> None:
    catalogue = sealed_world.program.catalogue
    with pytest.raises(KeysRefusedError, match=r"`customer` has encrypted fields.*decisor keys generate"):
        vault_of(catalogue, {})
    assert isinstance(vault_of(catalogue, {"DECISOR_KEYS_FILE": str(key_file)}), SealedVault)
    plain = type(catalogue)(catalogue.name, catalogue.key, (), catalogue.events)
    assert isinstance(vault_of(plain, {}), OpenVault)


def test_the_master_key_is_changed_while_a_worker_serves(sealed_world: World, key_file: Path) -> None:
    world = sealed_world
    world.put([*events(range(5)), {"id": "b", "type": "signup", "customer_id": "c-1", "time": 5, "data": {}}])
    world.drain()
    old = read_key_file(key_file).master[0].id
    worker = world.worker()
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        with world.connect("tests") as connection:
            world.put(events(range(5, 40), turn="-more"))
            keyring = keyring_of_file(key_file)
            done = rotate_master(connection, keyring, page=7)
            world.put(events(range(40, 60), turn="-last"))
            until(lambda: len(world.redis.keys("profile:*")) == 60)
            assert done.master == read_key_file(key_file).master[0].id != old
            assert done.data_keys >= 5
            assert done.dead_letters == 1
            counts = {each.id: each for each in status_of(connection, keyring)}
            assert (counts[old].state, counts[old].needed) == ("old", False)
            assert counts[done.master].data_keys == 60
            rows = connection.execute("SELECT number, seq FROM partition").fetchall()
            assert not settle(connection, world.redis, dict(rows), world.vault)
    finally:
        worker.stop()
        thread.join()
    keys = read_key_file(key_file)
    replace_key_file(key_file, type(keys)(keys.master[:1], keys.hash))
    world.check()
    check_opens(world, vault_with(world, keyring_of_file(key_file)), 60)


class Failing(LocalMasterKey):
    """A master key of a service that goes away after some calls."""

    calls = 8

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        self.calls -= 1
        if self.calls < 0:
            raise ConnectionError
        return super().wrap(data_key, context)


def test_a_change_of_the_master_key_that_was_broken_off_goes_on(sealed_world: World, key_file: Path) -> None:
    world = sealed_world
    world.put(events(range(20)))
    world.drain()
    replace_key_file(key_file, read_key_file(key_file).with_new_master())
    keys = read_key_file(key_file)
    failing = Failing(keys.master[0].id, keys.master[0].secret)
    masters = [failing, LocalMasterKey(keys.master[1].id, keys.master[1].secret)]
    with world.connect("tests") as connection:
        with pytest.raises(ConnectionError):
            rotate_master(connection, Keyring(masters, {each.id: each.secret for each in keys.hash}), page=3)
        check_opens(world, vault_with(world, keyring_of_file(key_file)), 20)
        again = rotate_master(connection, keyring_of_file(key_file))
        assert again.master == failing.id
        assert again.data_keys == 20 - 6
        assert len(read_key_file(key_file).master) == 2
        assert rotate_master(connection, keyring_of_file(key_file)).data_keys == 20
        assert len(read_key_file(key_file).master) == 3
    world.drain()
    check_opens(world, vault_with(world, keyring_of_file(key_file)), 20)


def test_two_changes_at_once_do_no_harm(sealed_world: World, key_file: Path) -> None:
    world = sealed_world
    world.put(events(range(30)))
    world.drain()
    replace_key_file(key_file, read_key_file(key_file).with_new_master())

    def change() -> None:
        with world.connect("tests") as connection:
            rotate_master(connection, keyring_of_file(key_file), page=3)

    threads = [threading.Thread(target=change) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.drain()
    check_opens(world, vault_with(world, keyring_of_file(key_file)), 30)
    refused = pytest.raises(KeysRefusedError, match="another `decisor keys rotate` is at work")
    with world.connect("a") as one, world.connect("b") as other, alone(one), refused, alone(other):
        pass
    with world.connect("b") as other, alone(other):
        pass


def test_keys_of_the_environment_bring_the_new_one_themselves(sealed_world: World, key_file: Path) -> None:
    world = sealed_world
    world.put(events(range(3)))
    world.drain()
    keys = read_key_file(key_file)

    def of_environment(text: str) -> Keyring:
        found = open_keyring({"DECISOR_KEYS": text})
        assert found is not None
        return found

    with world.connect("tests") as connection:
        with pytest.raises(KeysRefusedError, match="put a new one in front of the other master keys"):
            rotate_master(connection, of_environment(keys.text()))
        more = keys.with_new_master()
        assert rotate_master(connection, of_environment(more.text())).data_keys == 3
        with pytest.raises(KeyMissingError, match=f"`{more.master[0].id}`.*start the process again"):
            vault_with(world, of_environment(keys.text())).open_values(
                connection, dict(connection.execute("SELECT profile, value FROM profile").fetchall())
            )


def test_data_keys_are_changed_with_the_whole_history(sealed_world: World, key_file: Path) -> None:
    world = sealed_world
    world.put(events(range(12)))
    world.drain()
    with world.connect("tests") as connection:
        before: dict[str, bytes] = dict(connection.execute("SELECT profile, wrapped FROM profile_key").fetchall())
        rows = connection.execute("SELECT profile, value::text FROM profile").fetchall()
        data = connection.execute("SELECT id, data::text FROM event WHERE type = 'signup'").fetchall()
        vault = vault_with(world, keyring_of_file(key_file))
        assert rotate_data(connection, vault, "data 1", batch=2) == 12
        assert rotate_data(connection, vault, "data 1", batch=2) == 0, "the same change is done once"
        after: dict[str, bytes] = dict(connection.execute("SELECT profile, wrapped FROM profile_key").fetchall())
        assert not {name for name in before if bytes(before[name]) == bytes(after[name])}
        assert not set(rows) & set(connection.execute("SELECT profile, value::text FROM profile").fetchall())
        assert not set(data) & set(connection.execute("SELECT id, data::text FROM event").fetchall())
    world.put(events(range(12), turn="-again"))
    world.drain()
    world.check()
    assert not plain_text(world)
    check_opens(world, vault, 12)


def test_history_from_before_a_field_was_encrypted_is_sealed_by_changing_data_keys(
    open_world: World, sealed_program: Program, key_file: Path
) -> None:
    world = open_world
    world.put(events(range(4)))
    world.drain()
    assert plain_text(world)
    vault = SealedVault(sealed_program.catalogue, keyring_of_file(key_file))
    as_catalogued(world, sealed_program, vault)
    with world.connect("tests") as connection:
        assert rotate_data(connection, vault, "data 1") == 4
    world.drain()
    assert not plain_text(world)
    check_opens(world, vault, 4)


def test_a_worker_waits_for_a_key_that_is_missing_and_loses_nothing(
    sealed_world: World, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = sealed_world
    world.put(events(range(3)))
    world.drain()
    keys = read_key_file(key_file)
    other = keys.with_new_master()
    replace_key_file(key_file, type(keys)(other.master[:1], keys.hash))
    world.vault = vault_with(world, keyring_of_file(key_file))
    worker = world.worker()
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        world.put(events(range(4), turn="-more"))
        until(lambda: f"master key `{keys.master[0].id}`, which the database uses, is not in" in caplog.text)
        replace_key_file(key_file, other)
        until(lambda: world.redis.exists("profile:{c-3}"))
    finally:
        worker.stop()
        thread.join()
    assert worker.tally.dead == 0
    world.check()
    check_opens(world, vault_with(world, keyring_of_file(key_file)), 4)


def test_an_event_that_fails_is_logged_without_what_it_holds(
    sealed_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world = sealed_world
    world.put(events(range(2)))
    world.drain()
    with world.connect("tests") as connection:
        connection.execute("ALTER TABLE event ADD CHECK (customer <> 'c-plain' OR data::text = '')")
    [event] = [each for each in events([5]) if each["type"] == "signup"]
    world.put([{**event, "customer_id": "c-plain"}])
    world.drain()
    world.oracle.forget("c-plain")
    assert "among the dead letters: CheckViolation at " in caplog.text
    assert "c-plain" not in caplog.text
    assert not plain_text(world)
    world.check()
