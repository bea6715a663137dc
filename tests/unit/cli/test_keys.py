from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.encryption.in_use import HASH, HashKeys, put_in_force
from engine.encryption.key_file import Key, KeySet, read_key_file, replace_key_file
from tests.live_world import World
from tests.sealed_world import plain_text


def test_generate_makes_a_file_for_its_owner_and_never_overwrites_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys.json"
    assert main(["keys", "generate", str(file)]) == 0
    out = capsys.readouterr().out
    keys = read_key_file(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert keys.master[0].id in out
    held = json.loads(file.read_text(encoding="utf-8"))
    assert not [each["key"] for kind in ("master", "hash") for each in held[kind] if each["key"] in out]
    assert main(["keys", "generate", str(file)]) == 2
    assert "already exists; keys are never overwritten" in capsys.readouterr().err
    assert main(["keys", "generate", str(tmp_path / "no" / "keys.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert read_key_file(file) == keys


def status(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    main(["keys", "status", "--format", "json"])
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_all_kinds_of_keys_are_changed_and_the_status_says_what_may_go(
    command_world: World, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_key_file(key_file)
    assert [(each["state"], each["data_keys"]) for each in status(capsys)] == [("current", 6), ("current", 0)]
    assert main(["keys", "rotate"]) == 0
    assert "6 data keys, 0 dead letters, 3 definitions and 1 secret rewrapped" in capsys.readouterr().out
    assert main(["keys", "rotate", "--hash"]) == 0
    assert "queries use h-" in capsys.readouterr().out
    assert main(["keys", "rotate", "--data"]) == 0
    assert "6 profiles sealed with fresh data keys" in capsys.readouterr().out
    assert [(each["kind"], each["state"], each["data_keys"]) for each in status(capsys)] == [
        ("master", "current", 6),
        ("master", "old", 0),
        ("hash", "old", 0),
        ("hash", "current", 0),
    ]
    assert main(["keys", "status"]) == 0
    out = capsys.readouterr().out
    assert "0 data keys, 0 dead letters, 0 definitions, 0 secrets; may be removed" in out
    assert "old       may be removed" in out
    keys = read_key_file(key_file)
    assert (keys.master[1:], keys.hash[:1]) == (before.master, before.hash)
    replace_key_file(key_file, KeySet(keys.master[:1], keys.hash[1:]))
    command_world.drain()
    command_world.check()
    assert not plain_text(command_world)


def test_a_key_that_is_used_and_missing_is_told(
    command_world: World, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = read_key_file(key_file)
    more = keys.with_new_master()
    replace_key_file(key_file, KeySet(more.master[:1], keys.hash))
    assert main(["keys", "status"]) == 1
    counts = "6 data keys, 0 dead letters, 3 definitions, 1 secret"
    assert f"{keys.master[0].id}  missing   {counts}; used, and not among" in capsys.readouterr().out
    assert main(["keys", "rotate"]) == 2
    assert f"master key `{keys.master[0].id}`, which the database uses, is not in" in capsys.readouterr().err


def facts(world: World) -> object:
    """All that a change of keys would change in the database, in one value."""
    with world.connect("tests") as connection:
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in ("fact", "profile_key", "segment", "dead_letter", "outbox")
        ]


@pytest.mark.parametrize("kind", [[], ["--hash"], ["--data"]])
def test_with_the_file_of_another_installation_nothing_is_changed(
    command_world: World,
    key_file: Path,
    tmp_path: Path,
    kind: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other.keys"
    assert main(["keys", "generate", str(other)]) == 0
    before = facts(command_world), read_key_file(other)
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(other))
    assert main(["keys", "rotate", *kind]) == 2
    assert "which the database uses, is not in the key file" in capsys.readouterr().err
    assert (facts(command_world), read_key_file(other)) == before
    monkeypatch.setenv("DECISOR_KEYS_FILE", str(key_file))
    assert main(["keys", "status"]) == 0


def test_a_key_that_is_there_by_its_id_alone_is_refused(
    command_world: World, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = read_key_file(key_file)
    fake = KeySet((Key(keys.master[0].id, b"x" * 32),), keys.hash)
    replace_key_file(key_file, fake)
    before = facts(command_world)
    assert main(["keys", "rotate"]) == 2
    assert f"master key `{keys.master[0].id}` does not open what" in capsys.readouterr().err
    assert facts(command_world) == before
    assert read_key_file(key_file) == fake


def test_a_master_key_in_force_that_sealed_nothing_is_done_without(
    command_world: World, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with command_world.connect("tests") as connection:
        connection.execute("UPDATE fact SET value = 'm-lost' WHERE name = 'master_key'")
    assert main(["keys", "status"]) == 1
    assert "it has sealed nothing, and `decisor keys rotate` does without it" in capsys.readouterr().out
    assert main(["keys", "rotate", "--data"]) == 2
    assert "run `decisor keys rotate`" in capsys.readouterr().err
    assert main(["keys", "rotate"]) == 0
    assert main(["keys", "status"]) == 0
    command_world.drain()
    command_world.check()


def test_a_next_hash_key_that_is_lost_is_done_without(
    command_world: World, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    searched = read_key_file(key_file).hash[0].id
    with command_world.connect("tests") as connection:
        put_in_force(connection, HASH, HashKeys(searched, ("h-lost",), "writing").text())
    assert main(["keys", "rotate", "--hash"]) == 0
    assert f"documents hold only the hashes of {searched}" in capsys.readouterr().out
    assert main(["keys", "status"]) == 0
    assert "h-lost" not in capsys.readouterr().out


def test_the_advice_of_generate_holds_in_every_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    assert main(["keys", "generate", "../c.keys"]) == 0
    assert f"DECISOR_KEYS_FILE={tmp_path / 'c.keys'} to use it" in capsys.readouterr().out


def test_without_keys_or_a_database_it_is_said_what_is_missing(
    command_world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DECISOR_KEYS_FILE")
    for command in (["keys", "status"], ["keys", "rotate"], ["erase", "c-1", "--yes"]):
        assert main(command) == 2
        assert "decisor keys generate FILE" in capsys.readouterr().err
