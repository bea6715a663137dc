"""Who may switch a segment's set: one at a time, and nobody for long who is gone."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from engine.rebuilds.interrupted import recover
from engine.segments import claim
from engine.segments.algebra import store
from engine.segments.claim import Claim, SegmentBusyError, hold_claim
from engine.segments.sets import OtherSizeError, switch_whole, unmark
from engine.storage import keys
from tests.integration.test_segments_rebuild import filled, rebuild
from tests.live_world import World
from tests.servers.redis_servers import RedisServer
from tests.waiting import PATIENCE


def test_one_at_a_time_and_the_later_one_waits(redis_any: RedisServer) -> None:
    client: Any = redis_any.connect()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(10):
            with hold_claim(client, "vips"):
                inside += 1
                most = max(most, inside)
                client.ping()
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert not client.exists(keys.claim("vips"))
    client.close()


def test_whoever_does_not_get_it_is_told_who_has_it(valkey_empty: RedisServer) -> None:
    client: Any = valkey_empty.connect()
    with (
        hold_claim(client, "vips"),
        pytest.raises(SegmentBusyError, match=r"^`vips` is being filled by process \d+ on \S+: wait for it to finish"),
        hold_claim(client, "vips", patience=0.1),
    ):
        pass
    with hold_claim(client, "others"), hold_claim(client, "vips"):
        pass
    client.close()


def test_a_claim_ends_when_it_is_not_renewed_and_its_late_owner_is_stopped(
    valkey_empty: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = valkey_empty.connect()
    late = Claim(client, "vips")
    with monkeypatch.context() as soon:
        soon.setattr(claim, "SECONDS", 0.2)
        assert late.take()
    with hold_claim(client, "vips", patience=PATIENCE) as later:
        with pytest.raises(SegmentBusyError, match="its claim expired"):
            late.renew(always=True)
        later.renew(always=True)
    with pytest.raises(SegmentBusyError):
        late.renew(always=True)
    client.close()


def test_a_set_is_switched_only_while_the_claim_stands_and_the_set_is_whole(redis_any: RedisServer) -> None:
    client: Any = redis_any.connect()
    client.sadd(keys.members("vips"), "old")
    client.sadd(keys.next_members("vips"), "a", "b")
    with hold_claim(client, "vips") as own:
        with pytest.raises(OtherSizeError):
            switch_whole(client, "vips", 7, 3, own)
        client.set(keys.claim("vips"), "somebody")
        with pytest.raises(SegmentBusyError, match="its claim expired"):
            switch_whole(client, "vips", 7, 2, own)
        with pytest.raises(SegmentBusyError, match="its claim expired"):
            store(client, [["c"]], "vips", keep=True, claim=own)
        assert client.smembers(keys.members("vips")) == {b"old"}
        assert not client.exists(keys.switch_mark("vips"))
        client.set(keys.claim("vips"), own.token)
        assert switch_whole(client, "vips", 7, 2, own) == 2
    assert client.smembers(keys.members("vips")) == {b"a", b"b"}
    unmark(client, "vips", 6)
    assert client.get(keys.switch_mark("vips")) == b"7"
    unmark(client, "vips", 7)
    assert not client.exists(keys.switch_mark("vips"))
    client.close()


def test_what_one_of_a_kind_has_left_behind_is_taken_over_and_no_other(valkey_empty: RedisServer) -> None:
    client: Any = valkey_empty.connect()
    assert Claim(client, "vips", "rebuild by ").take()
    assert not Claim(client, "vips").take()
    own = Claim(client, "vips", "rebuild by ")
    assert own.take()
    own.free()
    assert Claim(client, "vips").take()
    assert not Claim(client, "vips", "rebuild by ").take()
    client.close()


def test_a_rebuild_whose_segment_is_being_filled_changes_nothing(
    live_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = filled(live_world)
    monkeypatch.setattr(claim, "PATIENCE", 0.1)
    with hold_claim(world.redis, "active"), pytest.raises(SegmentBusyError, match="`active` is being filled by"):
        rebuild(world, "active", "quiet")
    world.check()
    with world.connect("tests") as connection:
        assert recover(connection, world.redis, world.vault, lambda: world.now_ms) == []
    rebuild(world, "active", "quiet")
    world.check()
