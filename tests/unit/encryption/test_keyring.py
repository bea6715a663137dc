from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.encryption.key_file import (
    KeySet,
    KeysRefusedError,
    new_key_set,
    read_key_file,
    read_key_set,
    replace_key_file,
    write_new_key_file,
)
from engine.encryption.keyring import KeyMissingError, Keyring, keyring_of_file, open_keyring
from engine.encryption.master import LocalMasterKey

SECRET = base64.b64encode(b"s" * 32).decode()


def written(folder: Path, keys: KeySet | None = None) -> Path:
    path = folder / "keys.json"
    write_new_key_file(path, keys or new_key_set())
    return path


def test_a_new_file_is_its_owners_alone_and_reads_back(tmp_path: Path) -> None:
    keys = new_key_set()
    path = written(tmp_path, keys)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == keys
    with pytest.raises(FileExistsError):
        write_new_key_file(path, keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path)
    path.chmod(mode)
    with pytest.raises(KeysRefusedError, match=r"users other than its owner may open it .*chmod 600"):
        read_key_file(path)


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysRefusedError, match="cannot be read: No such file"):
        read_key_file(tmp_path / "gone.json")
    with pytest.raises(KeysRefusedError, match="cannot be read: Is a directory"):
        read_key_file(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    os.mkfifo(path, 0o600)
    with pytest.raises(KeysRefusedError, match="it is not a file"):
        read_key_file(path)


def test_files_that_are_no_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    for content, message in ((b"\xff", "not UTF-8"), (b"x" * 300_000, "more than 256 KiB")):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeysRefusedError, match=message):
            read_key_file(path)


def key(**changes: Any) -> dict[str, Any]:
    return {"id": "k", "key": SECRET, **changes}


@pytest.mark.parametrize(
    "data, message",
    [
        (5, "expected {"),
        ({"version": 2, "master": [key()], "hash": [key()]}, "expected {"),
        ({"version": 1, "master": [key()]}, "expected {"),
        ({"version": 1, "master": [], "hash": [key()]}, "`master` holds no keys"),
        ({"version": 1, "master": [key()], "hash": {}}, "`hash` holds no keys"),
        ({"version": 1, "master": [key(), key()], "hash": [key()]}, "`k` is the id of two master keys"),
        ({"version": 1, "master": [key(id="a b")], "hash": [key()]}, "number 1: expected an `id` of"),
        ({"version": 1, "master": [key(more=1)], "hash": [key()]}, "number 1: expected {"),
        ({"version": 1, "master": [key()], "hash": [key(key=5)]}, "hash key number 1: expected {"),
        ({"version": 1, "master": [key()], "hash": [key(key="sécret")]}, r"number 1 \(`k`\): expected base64"),
        ({"version": 1, "master": [key()], "hash": [key(key="c2VjcmV0")]}, "expected 32 bytes, found 6"),
    ],
)
def test_what_is_wrong_is_said_and_no_key_is_shown(data: Any, message: str) -> None:
    with pytest.raises(KeysRefusedError, match=message) as caught:
        read_key_set(json.dumps(data), "DECISOR_KEYS")
    said = str(caught.value)
    assert said.startswith("DECISOR_KEYS: ")
    for secret in (SECRET, "sécret", "c2VjcmV0", "secret"):
        assert secret not in said


def test_text_that_is_no_json_is_refused() -> None:
    for text in ("{", "[" * 100_000):
        with pytest.raises(KeysRefusedError, match="not JSON"):
            read_key_set(text, "DECISOR_KEYS")


def test_the_environment_names_a_file_or_holds_the_keys(tmp_path: Path) -> None:
    keys = new_key_set()
    path = written(tmp_path, keys)
    for environ in ({"DECISOR_KEYS_FILE": str(path)}, {"DECISOR_KEYS": keys.text()}):
        ring = open_keyring(environ)
        assert ring is not None
        assert ring.current.id == keys.master[0].id
        assert ring.hash_key(keys.hash[0].id) == keys.hash[0].secret
    assert open_keyring({"DECISOR_KEYS": ""}) is None
    with pytest.raises(KeysRefusedError, match="both DECISOR_KEYS_FILE and DECISOR_KEYS"):
        open_keyring({"DECISOR_KEYS_FILE": str(path), "DECISOR_KEYS": keys.text()})


def test_nothing_that_is_printed_holds_a_key() -> None:
    keys = new_key_set()
    ring = open_keyring({"DECISOR_KEYS": keys.text()})
    shown = f"{keys!r} {ring!r}"
    assert keys.master[0].id in shown
    for each in (*keys.master, *keys.hash):
        assert base64.b64encode(each.secret).decode() not in shown
        assert repr(each.secret) not in shown


def test_a_changed_file_is_read_again_when_an_unknown_key_is_met(tmp_path: Path) -> None:
    keys = new_key_set()
    path = written(tmp_path, keys)
    ring = keyring_of_file(path)
    more = keys.with_new_hash().with_new_master()
    replace_key_file(path, more)
    assert ring.hash_key(more.hash[1].id) == more.hash[1].secret
    assert ring.current.id == more.master[0].id
    assert ring.master(keys.master[0].id).id == keys.master[0].id
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["keys.json"]  # noqa: PTH208 - hidden drafts count


def test_the_current_key_is_that_of_the_file_as_it_is_now(tmp_path: Path) -> None:
    keys = new_key_set()
    path = written(tmp_path, keys)
    ring = keyring_of_file(path)
    more = keys.with_new_master()
    replace_key_file(path, more)
    assert ring.current.id == more.master[0].id
    path.write_text("broken", encoding="utf-8")
    assert ring.current.id == more.master[0].id
    path.unlink()
    assert ring.current.id == more.master[0].id


def test_a_link_is_followed_anew_each_time(tmp_path: Path) -> None:
    one, two = new_key_set(), new_key_set()
    write_new_key_file(tmp_path / "one.json", one)
    write_new_key_file(tmp_path / "two.json", two)
    link = tmp_path / "keys.json"
    link.symlink_to("one.json")
    ring = keyring_of_file(link)
    link.unlink()
    link.symlink_to("two.json")
    assert ring.master(two.master[0].id).id == two.master[0].id
    replace_key_file(link, two.with_new_master())
    assert link.is_symlink()
    assert len(read_key_file(tmp_path / "two.json").master) == 2


def test_a_key_that_is_nowhere_is_named_with_what_to_do(tmp_path: Path) -> None:
    keys = new_key_set()
    with pytest.raises(KeyMissingError, match="master key `m-9`, which the database uses, is not in the key file"):
        keyring_of_file(written(tmp_path, keys)).master("m-9")
    ring = open_keyring({"DECISOR_KEYS": keys.text()})
    assert ring is not None
    with pytest.raises(KeyMissingError, match=r"hash key `h-9`.*DECISOR_KEYS.*start the process again"):
        ring.hash_key("h-9")


def test_a_keyring_may_be_made_of_anything_that_wraps() -> None:
    ring = Keyring([LocalMasterKey("kms", b"k" * 32)], {"h-1": b"h" * 32})
    assert ring.current.id == "kms"
    with pytest.raises(KeysRefusedError, match="at least one"):
        Keyring([], {"h-1": b"h" * 32})
