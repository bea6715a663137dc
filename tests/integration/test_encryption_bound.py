"""What is sealed opens only where it was sealed: events, objects of lists and dead letters."""

from __future__ import annotations

import base64
import json
from typing import Any

import psycopg
import pytest

from engine.encryption.cipher import Cipher, UnsealError
from engine.encryption.framing import frame
from engine.encryption.payloads import master_of, seal_payload
from engine.encryption.sealed_vault import SealedVault
from engine.encryption.sealing import SEALED
from engine.ir.canonical import canonical_bytes
from engine.ir.instant import format_instant
from engine.profiles.dead_letters import replay
from engine.profiles.event_store import read_events
from engine.profiles.ingest import EventProducer
from engine.rotation.data_rotation import rotate_data
from engine.rotation.rotation import rotate_master
from tests.integration.test_encryption import check_opens, sealed
from tests.live_world import START, World
from tests.sealed_world import events, plain_text


def visits(*pages: str) -> list[dict[str, Any]]:
    """Visits of one customer to pages, in an order of time."""
    return [
        {
            "id": f"v-{number}",
            "type": "visit",
            "customer_id": "c-0",
            "time": format_instant(START - 1_000 + number),
            "data": {"page": page, "seconds": 1},
        }
        for number, page in enumerate(pages)
    ]


def pages(world: World, connection: psycopg.Connection) -> list[str]:
    """The pages of the customer's visits as their history opens."""
    read = read_events(connection, ["c-0"], world.vault, "customer_id")
    return [event["data"]["page"] for _, event in read if event["type"] == "visit"]


def swap(connection: psycopg.Connection, where: str) -> None:
    """Let two events of the customer have each other's data, as whoever may write to the database can."""
    rows = connection.execute(
        f"SELECT position, data::text FROM event WHERE profile = 'c-0' AND {where} ORDER BY position".encode()
    ).fetchall()
    (one, first), (other, second) = rows
    for position, data in ((one, second), (other, first)):
        connection.execute("UPDATE event SET data = %s::json WHERE profile = 'c-0' AND position = %s", (data, position))


def test_values_of_two_events_of_one_customer_cannot_be_swapped(sealed_world: World) -> None:
    world = sealed_world
    world.put(visits("plain-page-a", "plain-page-b"))
    world.drain()
    with world.connect("tests") as connection:
        assert pages(world, connection) == ["plain-page-a", "plain-page-b"]
        swap(connection, "type = 'visit'")
        with pytest.raises(UnsealError, match=r"`visit\.page` does not open"):
            pages(world, connection)


def test_values_of_two_events_of_one_id_cannot_be_swapped(sealed_world: World) -> None:
    world = sealed_world
    one, other = visits("plain-page-a", "plain-page-b")
    world.put([one, {**other, "id": one["id"]}])
    world.drain()
    with world.connect("tests") as connection:
        assert pages(world, connection) == ["plain-page-a", "plain-page-b"]
        swap(connection, "id = 'v-0'")
        with pytest.raises(UnsealError, match=r"`visit\.page` does not open"):
            pages(world, connection)


def sealed_as_before(world: World, connection: psycopg.Connection) -> None:
    """Put sealed values in the place of all that are kept, in the form that was not bound to the event."""
    vault = sealed(world)
    names = sorted(world.oracle.events)
    keys = vault.data_keys.data_keys(connection, names, create=False)

    def seal(plain: Any, kept: Any, place: str, profile: str, path: str) -> Any:
        if isinstance(kept, list):
            return [seal(*each, place, profile, path) for each in zip(plain, kept, strict=True)]
        if not isinstance(kept, dict):
            return kept
        if SEALED in kept:
            bound_to = frame("decisor field 1", world.program.catalogue.name, place, profile, path)
            return {SEALED: base64.b64encode(Cipher(keys[profile]).seal(canonical_bytes(plain), bound_to)).decode()}
        prefix = f"{path}." if path else ""
        return {name: seal(plain[name], each, place, profile, prefix + name) for name, each in kept.items()}

    rows = connection.execute("SELECT profile, id, position, type, data FROM event").fetchall()
    for profile, name, position, kind, data in rows:
        event = {"id": name, "position": position, "type": kind, "data": data}
        [plain] = vault.open_events(connection, [(profile, event)])
        anew = seal(plain, data, "event", profile, kind)
        connection.execute(
            "UPDATE event SET data = %s::json WHERE profile = %s AND position = %s",
            (json.dumps(anew), profile, position),
        )
    for profile, value in connection.execute("SELECT profile, value FROM profile").fetchall():
        plain = vault.open_values(connection, {profile: value})[profile]
        anew = seal(plain, value, "profile", profile, "")
        connection.execute("UPDATE profile SET value = %s::json WHERE profile = %s", (json.dumps(anew), profile))


def forms(connection: psycopg.Connection) -> set[int]:
    """The versions of the form in which values of profiles and events are sealed."""
    found: set[int] = set()

    def look(value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                look(each)
        elif isinstance(value, dict):
            if SEALED in value:
                found.add(base64.b64decode(value[SEALED])[0])
            else:
                look(list(value.values()))

    for (value,) in connection.execute("SELECT data FROM event UNION ALL SELECT value FROM profile").fetchall():
        look(value)
    return found


def test_what_was_sealed_before_opens_and_new_data_keys_bind_it(sealed_world: World) -> None:
    world = sealed_world
    world.put([*visits("plain-page-a", "plain-page-b"), *events(range(3))])
    world.drain()
    with world.connect("tests") as connection:
        assert forms(connection) == {2}
        sealed_as_before(world, connection)
        assert forms(connection) == {1}
        check_opens(world, SealedVault(world.program.catalogue, sealed(world).keyring), 3)
        world.put(events([1], turn="-more"))
        world.drain()
        world.check()
        assert forms(connection) == {1, 2}
        assert rotate_data(connection, sealed(world), "data 1", batch=2) == 3
        assert forms(connection) == {2}
        swap(connection, "id IN ('v-0', 'v-1')")
        with pytest.raises(UnsealError, match=r"`visit\.page` does not open"):
            pages(world, connection)
        swap(connection, "id IN ('v-0', 'v-1')")
    world.drain()
    world.check()
    check_opens(world, sealed(world), 3)


def letters(connection: psycopg.Connection) -> dict[int, tuple[str, bytes]]:
    rows = connection.execute("SELECT id, source, payload FROM dead_letter ORDER BY id").fetchall()
    return {number: (source, bytes(payload)) for number, source, payload in rows}


def test_dead_letters_cannot_be_swapped_and_older_ones_are_bound_with_the_next_master_key(sealed_world: World) -> None:
    world = sealed_world
    late = [{**each, "time": "2026-03-02T00:00:00Z"} for each in events(range(2)) if each["type"] == "signup"]
    world.put(late)
    world.drain()
    vault = sealed(world)
    with world.connect("tests") as connection:
        (one, (first, payload)), (_, (second, _)) = letters(connection).items()
        assert b"PLAIN.example" in vault.open_payload(payload, first)
        with pytest.raises(UnsealError, match="moved from elsewhere"):
            vault.open_payload(payload, second)
        before = seal_payload(vault.keyring.current, vault.open_payload(payload, first))
        connection.execute("UPDATE dead_letter SET payload = %s WHERE id = %s", (before, one))
        assert b"PLAIN.example" in vault.open_payload(before, first)
        assert rotate_master(connection, vault.keyring).dead_letters == 2
        _, anew = letters(connection)[one]
        assert master_of(anew) == vault.keyring.current.id != master_of(before)
        with pytest.raises(UnsealError, match="moved from elsewhere"):
            vault.open_payload(anew, second)
        world.now_ms = START + 2 * 86_400_000
        assert replay(connection, EventProducer(world.redis, "customer_id"), vault, "customer_id").count == 2
    world.drain()
    assert world.members("known") == {"c-0", "c-1"}
    assert not plain_text(world)
