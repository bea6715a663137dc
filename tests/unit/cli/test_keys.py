from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.app import main
from engine.profiles.encryption.key_file import KeySet, read_key_file, replace_key_file
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
    assert "exists; keys are never overwritten" in capsys.readouterr().err
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
    assert "6 data keys, 0 dead letters, 3 definitions and 1 secret wrapped anew" in capsys.readouterr().out
    assert main(["keys", "rotate", "--hash"]) == 0
    assert "queries search by h-" in capsys.readouterr().out
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


def test_without_keys_or_a_database_it_is_said_what_is_missing(
    command_world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DECISOR_KEYS_FILE")
    for command in (["keys", "status"], ["keys", "rotate"], ["erase", "c-1", "--yes"]):
        assert main(command) == 2
        assert "decisor keys generate FILE" in capsys.readouterr().err
