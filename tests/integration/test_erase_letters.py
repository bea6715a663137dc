"""Dead letters that nobody can read: the person's are found however they write the id, closed ones block nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.encryption.key_file import new_key_set, write_new_key_file
from engine.encryption.keyring import keyring_of_file
from engine.encryption.payloads import seal_letter
from engine.erasure.erasure import pending
from engine.storage import keys
from tests.integration.test_erase import erase, erasure_of
from tests.live_world import World
from tests.sealed_world import events

PERSON = "josé/17"
BROKEN = [
    rb'{"id": "b-1", "customer_id": "jos\u00E9\/17", "type": "visit"',
    rb'{"id": "b-2", "customer_id": ["jose\u0301/17"]}',
    '{"id": "b-3", "customer_id": "josé/17"'.encode("latin-1"),
    json.dumps({"body": json.dumps({"customer_id": PERSON})}).encode(),
]
THEIRS = rb'{"id": "o-1", "customer_id": "jos\u00E9\/170", "type": "visit"'


def letters(world: World) -> int:
    with world.connect("tests") as connection:
        return connection.execute("SELECT FROM dead_letter").rowcount


def put_raw(world: World, *texts: bytes) -> None:
    for text in texts:
        world.redis.xadd(keys.events_stream(0), {"e": text})


def close_one(world: World, folder: Path) -> int:
    """Keep a dead letter under keys that nobody has any more; its number."""
    lost = folder / "lost.json"
    write_new_key_file(lost, new_key_set())
    payload = seal_letter(keyring_of_file(lost).current, BROKEN[0], "events:0:1-1")
    with world.connect("tests") as connection:
        row = connection.execute(
            "INSERT INTO dead_letter (received_at, source, code, reason, payload, sealed)"
            " VALUES (now(), 'events:0:1-1', 'broken', 'no JSON', %s, true) RETURNING id",
            (payload,),
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("taken", [True, False])
def test_broken_events_go_whether_they_wait_or_are_dead_letters(sealed_world: World, *, taken: bool) -> None:
    world = sealed_world
    world.put([{**each, "customer_id": PERSON} for each in events([1])])
    world.drain()
    put_raw(world, *BROKEN, THEIRS)
    if taken:
        world.drain()
        assert letters(world) == len(BROKEN) + 1
    report = erase(world, PERSON)
    assert report.done
    place = "dead_letter (unreadable)" if taken else "decisor:events:*"
    assert [(row.before, row.after) for row in report.rows if row.place == place] == [(len(BROKEN), 0)]
    world.drain()
    assert letters(world) == 1


def test_a_letter_that_does_not_open_blocks_no_erasure_and_is_told(sealed_world: World, tmp_path: Path) -> None:
    world = sealed_world
    world.put([{**each, "customer_id": PERSON} for each in events([1])])
    world.drain()
    put_raw(world, *BROKEN)
    world.drain()
    number = close_one(world, tmp_path)
    report = erase(world, PERSON)
    assert report.done
    assert report.closed == [number]
    with world.connect("tests") as connection:
        assert pending(connection) == []
    assert letters(world) == 1


def test_a_worker_ends_an_erasure_beside_a_letter_that_does_not_open(
    sealed_world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = sealed_world
    world.put([{**each, "customer_id": PERSON} for each in events([1])])
    world.drain()
    close_one(world, tmp_path)
    with world.connect("tests") as connection:
        erasure = erasure_of(world, connection)
        erasure._begin(PERSON, world.now_ms, erasure._rows(PERSON))
        with caplog.at_level(logging.WARNING):
            world.drain()
        assert pending(connection) == []
    assert "1 dead letters do not open with these keys" in caplog.text
    assert PERSON not in caplog.text


def test_the_command_names_what_does_not_open_and_how_to_be_rid_of_it(
    command_world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = close_one(command_world, tmp_path)
    assert main(["erase", "c-1", "--yes"]) == 1
    out = capsys.readouterr().out
    assert f"cannot be decrypted with these keys ({number})" in out
    assert f"decisor dead-letters discard {number}" in out
    assert "not done" not in out
    assert main(["dead-letters", "discard", str(number)]) == 0
    assert main(["erase", "c-2", "--yes"]) == 0
