"""What servers keep of what was deleted: a rewritten stream, PostgreSQL's statistics, Lucene's segments."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis as redis_library

from engine.cli.app import main
from engine.erasure import rewriting
from engine.erasure.notices import NOTICE_MS
from engine.erasure.old_bytes import LEASE_MS, MERGE_MS, MERGED
from engine.erasure.remains import count_sampled_columns
from engine.erasure.rewriting import NotRewrittenError, rewrite
from engine.ir.program import Program
from engine.storage import keys
from engine.storage.partitions import partition_of
from tests.integration.test_erase import erasure_of
from tests.live_world import World
from tests.servers.postgres import Database
from tests.servers.redis_servers import RedisServer, running
from tests.waiting import until

STREAM = "decisor:transitions:3"
PERSON = "zebra-person-4711"


@contextmanager
def plain_dumps(redis: Any) -> Iterator[None]:
    """Values are not packed, so that what is in one can be seen."""
    nodes = [{"target_nodes": "primaries"}] if hasattr(redis, "get_primaries") else [{}]
    for each in nodes:
        redis.config_set("rdbcompression", "no", **each)
    try:
        yield
    finally:
        for each in nodes:
            redis.config_set("rdbcompression", "yes", **each)


def kept(redis: Any, stream: str = STREAM) -> bool:
    """Whether anything of the person is in the bytes of the stream."""
    with plain_dumps(redis):
        return PERSON.encode() in redis.dump(stream)


@pytest.fixture
def redis(redis_any: RedisServer) -> Iterator[Any]:
    client = redis_any.connect()
    yield client
    client.close()


def fill(redis: Any, count: int = 700) -> list[bytes]:
    """Entries of many, every tenth of the person's; the ids of those of the person."""
    mine = []
    for number in range(count):
        customer = PERSON if number % 10 == 0 else f"c-{number}"
        name = redis.xadd(STREAM, {"customer": customer, "number": str(number)}, id=f"{number + 1}-1")
        if customer == PERSON:
            mine.append(name)
    return mine


def groups(redis: Any) -> list[dict[str, Any]]:
    return sorted(redis.xinfo_groups(STREAM), key=lambda each: each["name"])


def pending(redis: Any, group: str) -> list[tuple[bytes, bytes, int]]:
    found = redis.xpending_range(STREAM, group, "-", "+", 1_000)
    return [(each["message_id"], each["consumer"], each["times_delivered"]) for each in found]


def test_nothing_is_left_in_a_stream_that_was_written_anew(redis: Any) -> None:
    mine = fill(redis)
    redis.xdel(STREAM, *mine)
    assert kept(redis), "the server deletes bytes by itself, and the test is void"
    before = redis.xrange(STREAM)
    rewrite(redis, STREAM)
    assert not kept(redis)
    assert redis.xrange(STREAM) == before
    assert redis.ttl(STREAM) == -1
    assert list(redis.scan_iter(match="*decisor:*")) == [STREAM.encode()]


def test_consumer_groups_do_not_notice(redis: Any) -> None:
    mine = fill(redis)
    redis.xgroup_create(STREAM, "mail", id="0")
    redis.xgroup_create(STREAM, "late", id="0")
    redis.xgroup_create(STREAM, "new", id="$")
    redis.xreadgroup("mail", "one", {STREAM: ">"}, count=50)
    read = [name for name, _ in redis.xreadgroup("mail", "two", {STREAM: ">"}, count=50)[0][1]]
    redis.xack(STREAM, "mail", *read[:20])
    redis.xclaim(STREAM, "mail", "one", 0, read[21:24])
    redis.xdel(STREAM, *mine, b"700-1")  # the last one too: no id is given twice
    redis.xadd(STREAM, {"customer": "c", "number": "last"}, id="800-7")
    redis.xdel(STREAM, "800-7")
    before, waiting = groups(redis), pending(redis, "mail")
    stream = redis.xinfo_stream(STREAM)
    rewrite(redis, STREAM)
    assert not kept(redis)
    assert pending(redis, "mail") == [each for each in waiting if each[0] not in mine]
    gone = {"pending", "lag", "entries-read"}
    assert [{name: value for name, value in each.items() if name not in gone} for each in groups(redis)] == [
        {name: value for name, value in each.items() if name not in gone} for each in before
    ]
    after = redis.xinfo_stream(STREAM)
    for name in ("length", "last-generated-id", "entries-added", "max-deleted-entry-id", "groups"):
        assert after.get(name) == stream.get(name), name
    assert {each["name"] for each in redis.xinfo_consumers(STREAM, "mail")} == {b"one", b"two"}
    (rest,) = redis.xreadgroup("late", "one", {STREAM: ">"}, count=1_000)
    assert [name for name, _ in rest[1]] == [name for name, _ in redis.xrange(STREAM)]
    assert not redis.xreadgroup("new", "one", {STREAM: ">"}, count=10)


def test_a_consumer_that_waits_for_entries_is_given_them(redis_any: RedisServer, redis: Any) -> None:
    redis.xdel(STREAM, *fill(redis))
    redis.xgroup_create(STREAM, "mail", id="$")
    found: list[Any] = []

    def wait() -> None:
        client: Any = redis_any.connect()
        while not found:
            found.extend(client.xreadgroup("mail", "one", {STREAM: ">"}, count=10, block=10_000))
        client.close()

    thread = threading.Thread(target=wait)
    thread.start()
    for _ in range(5):
        rewrite(redis, STREAM)
    redis.xadd(STREAM, {"customer": "c", "number": "new"})
    thread.join(60)
    assert not thread.is_alive()
    assert [fields[b"number"] for _, fields in found[0][1]] == [b"new"]


def test_what_comes_and_goes_while_a_stream_is_copied_is_there_and_is_not(
    redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = fill(redis)
    redis.xdel(STREAM, *mine[:-1])
    monkeypatch.setattr(rewriting, "PAGE", 100)
    evaluate = redis.eval
    turns = ["add", "delete", "trim"]

    def meanwhile(script: str, *given: Any) -> Any:
        if script == rewriting._SWITCH and turns:
            turn = turns.pop(0)
            if turn == "add":
                redis.xadd(STREAM, {"customer": "c", "number": "added"}, id="900-1")
            elif turn == "delete":
                redis.xdel(STREAM, mine[-1])
            else:
                redis.xtrim(STREAM, minid="55-1", approximate=False)
            if turn == "add":
                redis.xdel(STREAM, b"500-1")
        return evaluate(script, *given)

    monkeypatch.setattr(redis, "eval", meanwhile)
    rewrite(redis, STREAM)
    assert not turns
    assert not kept(redis)
    numbers = [fields[b"number"] for _, fields in redis.xrange(STREAM)]
    assert numbers == [*(str(each).encode() for each in range(54, 700) if each % 10 and each != 499), b"added"]
    assert redis.xlen(STREAM) == len(numbers)


def test_a_stream_is_left_as_it_is_where_groups_have_much_to_acknowledge(
    redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.xdel(STREAM, *fill(redis, 50))
    redis.xgroup_create(STREAM, "mail", id="0")
    redis.xreadgroup("mail", "one", {STREAM: ">"}, count=30)
    monkeypatch.setattr(rewriting, "PENDING", 29)
    before = json.dumps([repr(each) for each in redis.xrange(STREAM)])
    with pytest.raises(NotRewrittenError, match="to acknowledge"):
        rewrite(redis, STREAM)
    assert json.dumps([repr(each) for each in redis.xrange(STREAM)]) == before
    assert list(redis.scan_iter(match="*decisor:*")) == [STREAM.encode()]


@pytest.mark.parametrize("emptied", [True, False])
def test_a_stream_that_is_empty_or_not_there_is_fine(redis: Any, *, emptied: bool) -> None:
    if emptied:
        redis.xdel(STREAM, *fill(redis, 1))
        assert not kept(redis)
    rewrite(redis, STREAM)
    assert redis.xlen(STREAM) == 0


def purchase(number: int, customer: str) -> dict[str, Any]:
    at = "2026-02-27T00:00:00.000Z"
    return {"id": f"e-{number}", "type": "purchase", "customer_id": customer, "time": at, "data": {"amount": 60.0}}


@pytest.fixture
def shop_with_history(shop: Program, postgres_database: Database, redis_any: RedisServer) -> Iterator[World]:
    """The shop on every server, with few enough customers that statistics sample each of them."""
    redis: Any = redis_any.connect()
    world = World(postgres_database.url, redis, shop)
    customers = [PERSON, *(f"c-{number}" for number in range(30))]
    world.put([purchase(number, customer) for number, customer in enumerate(customers * 2)])
    world.drain()
    yield world
    redis.close()


def test_nothing_is_left_in_nodes_and_statistics_and_the_rest_is_told(shop_with_history: World) -> None:
    partition = partition_of(PERSON)
    with shop_with_history.connect("tests") as connection:
        connection.execute("ANALYZE")
        assert count_sampled_columns(connection, [PERSON]) > 5
        erasure = erasure_of(shop_with_history, connection)
        assert erasure.erase(PERSON, shop_with_history.now_ms).done
        assert count_sampled_columns(connection, [PERSON]) > 5, (
            "somebody else has analyzed the tables, and the test is void"
        )
        assert erasure.let_go({partition}) == []
        assert count_sampled_columns(connection, [PERSON]) == 0
        told = {(each.store, each.place): each for each in erasure.remains([PERSON])}
        notices = told["Redis", keys.transitions_stream(partition)]
        entries = shop_with_history.redis.xrange(keys.transitions_stream(partition))
        assert notices.count == sum(fields[b"customer"] == PERSON.encode() for _, fields in entries) > 0
        assert told["PostgreSQL", "suppression"].count == 1
        assert ("PostgreSQL", "pg_stats") not in told
        assert not any(PERSON in repr(each) for each in told.values())
    assert kept(shop_with_history.redis, keys.transitions_stream(partition)), "notices name the person"
    shop_with_history.pass_time(NOTICE_MS)
    assert not kept(shop_with_history.redis, keys.transitions_stream(partition))
    with shop_with_history.connect("tests") as connection:
        told = {(each.store, each.place): each for each in erasure_of(shop_with_history, connection).remains([PERSON])}
        assert ("Redis", keys.transitions_stream(partition)) not in told
    shop_with_history.oracle.forget(PERSON)
    shop_with_history.check()


def test_transactions_that_still_see_what_was_deleted_are_told(live_world: World) -> None:
    world = live_world
    with world.connect("tests") as connection, world.connect("reader") as reader, reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM profile")
        erasure = erasure_of(world, connection)
        erasure.erase(PERSON, world.now_ms)
        erasure.let_go({0})
        (told,) = [each for each in erasure.remains([PERSON]) if each.place == "dead rows"]
        assert "until 1 transactions that are open end" in told.until


def test_a_server_that_does_not_answer_is_told(live_world: World) -> None:
    away = redis_library.Redis(unix_socket_path="/nowhere/at/all")
    with live_world.connect("tests") as connection:
        told = erasure_of(live_world, connection, redis=away).remains([PERSON])
    assert [each.until for each in told if each.store == "Redis"] == [
        "nobody knows: it does not answer (ConnectionError)"
    ]


def deleted(world: World) -> int:
    """How many documents of the live index are deleted, and still in its segments."""
    name = f"{world.alias}-*"
    world.elasticsearch.indices.refresh(index=name)
    return int(world.elasticsearch.indices.stats(index=name, metric="docs")["_all"]["primaries"]["docs"]["deleted"])


def test_segments_are_merged_once_a_day_where_somebody_was_erased(searched_world: World) -> None:
    world = searched_world
    world.put([purchase(number, f"c-{number}") for number in range(30)])
    world.drain()
    with world.connect("tests") as connection:
        erasure = erasure_of(world, connection, elasticsearch=world.elasticsearch, index_alias=world.alias)
        assert not erasure.merge_segments(world.now_ms), "nobody was erased"
        assert erasure.erase("c-3", world.now_ms).done
        (told,) = [each for each in erasure.remains(["c-3"]) if each.place == "Lucene segments"]
        assert told.count is not None
        assert not erasure.merge_segments(world.now_ms), "the deletion is remembered for a while"
        later = world.now_ms + LEASE_MS
        assert erasure.merge_segments(later)
        assert not erasure.merge_segments(later + MERGE_MS), "nobody else was erased"
        assert erasure.erase("c-4", later + 1).done
        assert not erasure.merge_segments(later + MERGE_MS - 1)
        assert erasure.merge_segments(later + MERGE_MS)


def test_merging_takes_what_was_deleted_out_of_the_segments(searched_world: World) -> None:
    world = searched_world
    world.put([purchase(number, f"c-{number}") for number in range(200)])
    world.drain()
    world.elasticsearch.indices.flush(index=f"{world.alias}-*")
    with world.connect("tests") as connection:
        erasure = erasure_of(world, connection, elasticsearch=world.elasticsearch, index_alias=world.alias)
        assert erasure.erase("c-3", world.now_ms).done
        assert deleted(world) > 0, "the server drops documents by itself, and the test is void"

        def merged() -> bool:
            """Whether nothing that was deleted is left, as soon as copies of the shard cannot need it any more."""
            connection.execute("DELETE FROM fact WHERE name = %s", (MERGED,))
            return erasure.merge_segments(world.now_ms + LEASE_MS) and not deleted(world)

        until(merged, pause=1.0)


def test_a_rewritten_append_only_file_names_the_person_in_notices_alone(
    shop: Program, wheel_database: Database
) -> None:
    with running("valkey", {"appendonly": "yes"}) as server:
        redis: Any = server.connect()
        world = World(wheel_database.url, redis, shop)
        world.put([purchase(number, customer) for number, customer in enumerate([PERSON, "c-1", "c-2"] * 3)])
        world.drain()
        folder = Path(redis.config_get("dir")["dir"])
        assert named(folder)
        with world.connect("tests") as connection:
            assert erasure_of(world, connection).erase(PERSON, world.now_ms).done
        world.oracle.forget(PERSON)
        world.pass_time(NOTICE_MS)  # the worker deletes the notices, writes the stream anew, and asks for a rewrite
        until(lambda: not rewriting_file(redis))
        assert not named(folder)
        world.check()
        redis.close()


def named(folder: Path) -> bool:
    """Whether a file of a server holds the person's id."""
    return any(PERSON.encode() in each.read_bytes() for each in folder.rglob("*") if each.is_file())


def rewriting_file(redis: Any) -> bool:
    found = redis.info("persistence")
    return bool(found["aof_rewrite_in_progress"] or found["aof_rewrite_scheduled"])


def test_the_command_says_what_stays(command_world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "c-1", "--yes"]) == 0
    out = capsys.readouterr().out
    assert "erased: nothing is left in any of these stores" in out
    assert "what remains elsewhere, and until when:\n  PostgreSQL: suppression (1): for good" in out
    assert f"  Redis: {keys.transitions_stream(partition_of('c-1'))} (" in out
    assert main(["erase", "c-2", "--yes", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"PostgreSQL", "Redis", "files"} <= {each["store"] for each in said["stays"]}
