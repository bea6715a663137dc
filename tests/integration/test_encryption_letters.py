"""Dead letters and the keys that seal them: none is left behind by a change of keys, and none in plain."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest

from engine.cli.app import main
from engine.encryption.key_file import read_key_file
from engine.encryption.keyring import keyring_of_file
from engine.encryption.payloads import master_of
from engine.encryption.sealed_vault import SealedVault
from engine.ir.program import Program
from engine.rotation.letters import LOOK, PAGE, plain_letters, seal_plain_letters
from engine.rotation.rotation import rotate_master
from engine.rotation.status import status_of
from engine.worker.arrivals import Letter
from engine.worker.writes import write_letters
from tests.integration.test_encryption import sealed
from tests.live_world import START, World
from tests.sealed_world import as_catalogued, events, plain_text, workspace
from tests.waiting import until


def letter(number: int) -> Letter:
    """A letter of nobody who could be read, so that no partition is locked for it."""
    return Letter(f"events:0:{number}-0", None, "broken", "it is broken", b"plain note of somebody")


def _waits(connection: psycopg.Connection, pid: int) -> bool:
    row = connection.execute("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone()
    return bool(row and row[0])


def test_a_letter_that_is_committed_late_is_wrapped_anew_all_the_same(sealed_world: World, key_file: Path) -> None:
    world, vault = sealed_world, sealed(sealed_world)
    world.put(events(range(2)))
    world.drain()
    old = read_key_file(key_file).master[0].id
    with world.connect("worker") as worker, world.connect("rotate") as rotating, world.connect("tests") as looking:
        done = threading.Event()

        def rotate() -> None:
            rotate_master(rotating, keyring_of_file(key_file))
            done.set()

        thread = threading.Thread(target=rotate)
        with worker.transaction():
            write_letters(worker, [letter(1)], vault, START)
            thread.start()
            until(lambda: done.is_set() or _waits(looking, rotating.info.backend_pid))
        thread.join()
        new = read_key_file(key_file).master[0].id
        [payload] = [bytes(each) for (each,) in looking.execute("SELECT payload FROM dead_letter").fetchall()]
        assert master_of(payload) == new != old
        found = {each.id: each for each in status_of(looking, keyring_of_file(key_file))}
        assert (found[new].dead_letters, found[old].needed) == (1, False)


def test_a_letter_is_sealed_with_the_key_in_force_and_not_the_file_s_newest(
    sealed_world: World, key_file: Path
) -> None:
    world = sealed_world
    world.put(events(range(1)))
    world.drain()
    with world.connect("tests") as connection:
        used = read_key_file(key_file).master[0].id
        keys = read_key_file(key_file).with_new_master()
        key_file.write_text(keys.text(), encoding="utf-8")
        vault = SealedVault(world.program.catalogue, keyring_of_file(key_file))
        with connection.transaction():
            write_letters(connection, [letter(1)], vault, START)
        row = connection.execute("SELECT payload FROM dead_letter").fetchone()
        assert row is not None
        assert master_of(bytes(row[0])) == used != vault.keyring.current.id
        assert rotate_master(connection, vault.keyring).dead_letters == 1


def test_a_change_that_was_broken_off_before_the_letters_goes_on_with_the_same_key(
    sealed_world: World, key_file: Path
) -> None:
    world, vault = sealed_world, sealed(sealed_world)
    world.put(events(range(2)))
    world.drain()
    with world.connect("tests") as connection:
        with connection.transaction():
            write_letters(connection, [letter(1)], vault, START)
        before = connection.execute("SELECT payload FROM dead_letter").fetchone()
        first = rotate_master(connection, vault.keyring)
        assert before is not None
        connection.execute("UPDATE dead_letter SET payload = %s", before)
        again = rotate_master(connection, vault.keyring)
        assert (again.master, again.data_keys, again.dead_letters) == (first.master, 0, 1)


def broken(count: int) -> list[dict[str, object]]:
    """Signups at times that cannot be read, with a member that is not declared."""
    data = {"mail": "ada@PLAIN.example", "ada.PLAIN.example": 1}
    return [
        {"id": f"b-{number}", "type": "signup", "customer_id": f"c-{number}", "time": "never", "data": data}
        for number in range(count)
    ]


def test_letters_of_before_there_were_keys_are_sealed_by_the_worker(
    open_world: World,
    sealed_program: Program,
    key_file: Path,
) -> None:
    world = open_world
    world.put(broken(3))
    world.drain()
    assert ("dead_letter", "PLAIN.example") in plain_text(world)
    with world.connect("tests") as connection:
        assert plain_letters(connection) == 3
        as_catalogued(world, sealed_program, SealedVault(sealed_program.catalogue, keyring_of_file(key_file)))
        world.drain()
        assert plain_letters(connection) == 0
        rows = connection.execute("SELECT payload, source, sealed FROM dead_letter").fetchall()
        assert len(rows) == 3
        assert all(b"PLAIN.example" in world.vault.open_payload(bytes(payload), source) for payload, source, _ in rows)
    assert not plain_text(world)


def test_letters_in_plain_are_sealed_by_a_worker_that_runs_on(
    open_world: World,
    sealed_program: Program,
    key_file: Path,
) -> None:
    world = open_world
    world.put(broken(2))
    world.drain()
    as_catalogued(world, sealed_program, SealedVault(sealed_program.catalogue, keyring_of_file(key_file)))
    running = world.process()
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        with world.connect("tests") as connection:
            until(lambda: not plain_letters(connection))
    finally:
        running.stop()
        thread.join()
    assert not plain_text(world)


def test_a_change_of_the_master_key_seals_what_stands_in_plain(
    open_world: World,
    sealed_program: Program,
    key_file: Path,
) -> None:
    world = open_world
    world.put(broken(2))
    world.drain()
    keyring = keyring_of_file(key_file)
    as_catalogued(world, sealed_program, SealedVault(sealed_program.catalogue, keyring))
    with world.connect("tests") as connection:
        done = rotate_master(connection, keyring)
        assert (done.dead_letters, done.plain_letters) == (0, 2)
    assert not plain_text(world)


def test_a_step_seals_a_bounded_number_and_leaves_what_the_index_refused(sealed_world: World) -> None:
    world, vault = sealed_world, sealed(sealed_world)
    with world.connect("tests") as connection:
        connection.execute(
            "INSERT INTO dead_letter (received_at, source, code, reason, payload, sealed)"
            " SELECT now(), 'events:0:' || n, 'broken', '', 'plain note', false FROM generate_series(1, %s) AS n",
            (PAGE + 3,),
        )
        connection.execute(
            "INSERT INTO dead_letter (received_at, source, code, reason, payload, sealed)"
            " SELECT now(), 'index:' || n, 'refused', '', '{}', false FROM generate_series(1, %s) AS n",
            (LOOK,),
        )
        sizes, after = [], 0
        while True:
            count, last = seal_plain_letters(connection, vault.keyring, after)
            sizes.append(count)
            if last is None:
                break
            after = last
        assert sizes == [PAGE, 3, 0, 0]
        assert connection.execute("SELECT count(*) FROM dead_letter WHERE NOT sealed").fetchone() == (LOOK,)
        assert plain_letters(connection) == 0
    assert not plain_text(world)


def test_the_doctor_counts_letters_in_plain(
    command_world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(workspace(tmp_path / "shop"))
    main(["doctor"])
    assert "in plain" not in capsys.readouterr().out
    with command_world.connect("tests") as connection:
        connection.execute(
            "INSERT INTO dead_letter (received_at, source, code, reason, payload, sealed)"
            " VALUES (now(), 'events:0:1-0', 'broken', '', 'plain note', false)"
        )
    assert main(["doctor"]) == 1
    assert "problem: 1 dead letter kept in plain" in capsys.readouterr().out
    command_world.drain()
    main(["doctor"])
    assert "in plain" not in capsys.readouterr().out


def test_the_reason_names_no_undeclared_member_where_letters_are_sealed(sealed_world: World) -> None:
    world = sealed_world
    event = {**events(range(1))[0]}
    event["data"] = {**event["data"], "ada.lovelace": 1, "bob": 2}
    world.put([event, {**event, "id": "e-other", "carol": 3}])
    world.drain()
    with world.connect("tests") as looking:
        reasons = [row[0] for row in looking.execute("SELECT reason FROM dead_letter ORDER BY id").fetchall()]
    hidden = "`data.(another member)` is not declared in the catalogue"
    assert sorted(reasons) == sorted(
        [hidden, f"`(another member)` is not a part of an event; its fields go below `data`; {hidden}"]
    )
