"""Elasticsearch is frozen and killed while events flow: membership goes on without it, and the index catches up."""

from __future__ import annotations

import random
import threading

import pytest
from elasticsearch import Elasticsearch

from tests.live_world import World, random_events
from tests.servers.faults import PrivateElasticsearch

CUSTOMERS = [f"c-{number}" for number in range(25)]


def test_membership_goes_on_and_the_index_catches_up(live_world: World) -> None:
    world, random_ = live_world, random.Random("search")
    with PrivateElasticsearch() as server:
        with Elasticsearch(server.url, request_timeout=10) as client:
            running = world.process(elasticsearch=client)
            thread = threading.Thread(target=running.run)
            thread.start()
            try:
                world.put(random_events(random_, world.now_ms, CUSTOMERS, 60))
                client.index(index="things", id="1", document={"a": 1})
                server.pause()
                world.put(random_events(random_, world.now_ms, CUSTOMERS, 30))
                with pytest.raises(Exception, match=r"timed out|Timeout"):
                    client.options(request_timeout=0.5, max_retries=0).count(index="things")
                server.resume()
                server.kill()
                with pytest.raises(Exception, match="Connection error"):
                    client.options(max_retries=0).count(index="things")
                world.put(random_events(random_, world.now_ms, CUSTOMERS, 60))
            finally:
                running.stop()
                thread.join()
        world.drain()  # without an index
        world.check()
        server.restart()
        with Elasticsearch(server.url, request_timeout=60) as client:
            world.elasticsearch = client
            world.put(random_events(random_, world.now_ms, CUSTOMERS, 20))
            world.drain()
            world.check()
            assert client.get(index="things", id="1")["_source"] == {"a": 1}
            for name in world.program.segments:
                assert world.found(name) == world.oracle.members(name, world.now_ms), name
