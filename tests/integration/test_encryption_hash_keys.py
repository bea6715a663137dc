"""The key of equality search is changed while the index follows and queries go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.encryption.in_use import hash_keys_in_use
from engine.encryption.key_file import (
    KeySet,
    new_key_set,
    read_key_file,
    replace_key_file,
    write_new_key_file,
)
from engine.encryption.keyring import keyring_of_file
from engine.encryption.sealed_vault import SealedVault
from engine.ir.types import Catalogue, Field
from engine.rotation.rotation import hash_step_done, rotate_hash, wait_for_followers
from engine.rotation.status import status_of
from tests.index_world import IndexWorld, following, index_world
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

CATALOGUE = Catalogue(
    "customer", "customer_id", (Field("email", "keyword", encrypted="equality"), Field("n", "integer"))
)


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    write_new_key_file(path, new_key_set())
    return path


@pytest.fixture
def hashed_index(wheel_database: Database, elasticsearch: Elasticsearch, key_path: Path) -> Iterator[IndexWorld]:
    vault = SealedVault(CATALOGUE, keyring_of_file(key_path))
    with index_world(wheel_database, elasticsearch, catalogue=CATALOGUE, vault=vault) as made:
        yield made


def value(number: int, n: int = 0) -> dict[str, Any]:
    return {"email": f"ada-{number}@example.org", "n": n}


def found(world: IndexWorld, vault: SealedVault, number: int) -> list[str]:
    """Whom a query for an e-mail address selects, as it would be bound now."""
    with world.connect() as connection:
        hashed = vault.hasher(connection)("email", f"ada-{number}@example.org")
    answer = world.client.search(index=world.alias, query={"term": {"email.hash": hashed}})
    return sorted(hit["_id"] for hit in answer["hits"]["hits"])


@contextmanager
def asking(world: IndexWorld, vault: SealedVault) -> Iterator[list[list[str]]]:
    """Answers to the same question, asked again and again meanwhile."""
    answers: list[list[str]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(found(world, vault, 3))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


def hashes(world: IndexWorld, profile: str) -> list[str]:
    kept: list[str] = world.shown()[profile]["email"]["hash"]
    return kept


def rotate(world: IndexWorld, key_path: Path) -> Iterator[str]:
    """Every step as a process of its own would do it, its stage told once the index has caught up."""
    while True:
        with world.connect() as connection:
            now = rotate_hash(connection, keyring_of_file(key_path))
            assert wait_for_followers(connection, 60) == []
            yield now.stage
            if hash_step_done(connection, now).stage == "":
                return


def test_queries_find_the_same_all_along_and_the_old_hashes_go(hashed_index: IndexWorld, key_path: Path) -> None:
    hashed_index.put({f"c-{number}": value(number) for number in range(30)})
    follower = hashed_index.follower()
    follower.catch_up()
    vault = hashed_index.vault
    assert isinstance(vault, SealedVault)
    [before] = hashes(hashed_index, "c-3")
    with following(follower), asking(hashed_index, vault) as answers:
        stages = []
        for stage in rotate(hashed_index, key_path):
            stages.append(stage)
            hashed_index.put({f"c-{number}": value(number, len(stages)) for number in range(5)})
            if stage == "writing":
                kept = hashes(hashed_index, "c-20")
                assert len(kept) == 2
                with hashed_index.connect() as connection:
                    states = [each.state for each in status_of(connection, vault.keyring) if each.kind == "hash"]
                assert states == ["current", "next"]
        assert stages == ["writing", "retiring", "dropping"]
        with hashed_index.connect() as connection:
            assert wait_for_followers(connection, 60) == []
    assert answers
    assert all(answer == ["c-3"] for answer in answers)
    keys = read_key_file(key_path)
    assert len(keys.hash) == 2
    replace_key_file(key_path, KeySet(keys.master, keys.hash[1:]))
    fresh = SealedVault(CATALOGUE, keyring_of_file(key_path))
    for number in (3, 20):
        assert found(hashed_index, fresh, number) == [f"c-{number}"]
        assert len(hashes(hashed_index, f"c-{number}")) == 1
    assert hashes(hashed_index, "c-3") != [before]
    with hashed_index.connect() as connection:
        now = hash_keys_in_use(connection, fresh.keyring)
        assert (now.searched, now.besides, now.stage) == (keys.hash[1].id, (), "")


def test_queries_change_only_when_the_index_has_caught_up(hashed_index: IndexWorld, key_path: Path) -> None:
    hashed_index.put({f"c-{number}": value(number) for number in range(10)})
    follower = hashed_index.follower()
    follower.catch_up()
    with hashed_index.connect() as connection:
        now = rotate_hash(connection, keyring_of_file(key_path))
        [(name, count)] = wait_for_followers(connection, 0.3)
        assert name.startswith("index:")
        assert count == 10
        again = rotate_hash(connection, keyring_of_file(key_path))
        assert again == now, "a change that was broken off goes on where it was"
        assert wait_for_followers(connection, 0)[0][1] == 10, "and nobody is told twice"
        assert len(read_key_file(key_path).hash) == 2
    follower.catch_up()
    with hashed_index.connect() as connection:
        assert wait_for_followers(connection, 0) == []
    assert len(hashes(hashed_index, "c-9")) == 2
