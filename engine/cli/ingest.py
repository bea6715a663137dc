"""`decisor ingest`: queues the events of a file, as fast as they are consumed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import IO

from .command import CLEAN, FINDINGS, CannotRunError, Command
from .facts import Complaints, open_input
from .opening import add_workspace, open_workspace, sound_program
from .report import counted
from .servers import Servers

_CHUNK = 500  # lines


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="JSON Lines, one event per line (- is stdin)")
    parser.add_argument(
        "--customer-key", metavar="NAME", help="the customer's key in an event (default: the workspace's)"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="how long to wait for a full queue (default: 300)",
    )
    add_workspace(parser)


def _run(options: argparse.Namespace) -> int:
    from redis import RedisError

    from ..profiles.ingest import EventProducer, QueueFullError

    complaints = Complaints(options.file)
    with Servers.of(options) as servers:
        key = _key(servers, options.customer_key)
        producer = EventProducer(servers.redis, key, patience=options.wait)
        count = 0
        with open_input(options.file) as stream:
            for first, lines in _chunks(stream, complaints):
                try:
                    count += producer.put(lines).events
                except (QueueFullError, RedisError) as problem:
                    said = (
                        str(problem)
                        if isinstance(problem, QueueFullError)
                        else f"Redis failed: {type(problem).__name__}"
                    )
                    raise CannotRunError(
                        f"{said}; {count:,} events were queued before line {first:,}. An event that is ingested twice"
                        " counts once, so it is safe to ingest the whole file again"
                    ) from None
    complaints.close()
    print(f"{counted(count, 'event')} queued")
    return FINDINGS if complaints.count else CLEAN


def _key(servers: Servers, given: str | None) -> str:
    """The name of the customer's key in an event: the workspace's, or the given one outside a workspace."""
    if servers.root is None:
        if given is None:
            raise CannotRunError(
                "no decisor.yaml here or above; name the workspace with -C, or the customer's key with --customer-key"
            )
        return given
    key = sound_program(open_workspace(servers.root)).catalogue.key
    if given not in {None, key}:
        raise CannotRunError(f"--customer-key `{given}`: the key of this workspace's catalogue is `{key}`")
    return key


def _chunks(stream: IO[bytes], complaints: Complaints) -> Iterator[tuple[int, list[bytes]]]:
    """The lines that are not blank, in chunks, each with the number of its first line.

    A line that is too long for the queue is reported and skipped; it is never held in memory.
    """
    from ..profiles.ingest import EVENT_LIMIT

    chunk: list[bytes] = []
    number = first = 0
    longest = EVENT_LIMIT + 2  # with the line break
    while line := stream.readline(longest):
        number += 1
        if len(line.strip()) > EVENT_LIMIT or (len(line) == longest and not line.endswith(b"\n")):
            complaints.tell(number, f"expected an event of at most {EVENT_LIMIT // 1024} KiB")
            while line and not line.endswith(b"\n"):
                line = stream.readline(EVENT_LIMIT)
        elif line.strip():
            first = first or number
            chunk.append(line)
            if len(chunk) >= _CHUNK:
                yield first, chunk
                chunk, first = [], 0
    if chunk:
        yield first, chunk


COMMAND = Command(
    "Put the events of a file on the queue, as fast as a worker consumes them.",
    "decisor ingest events.jsonl",
    _configure,
    _run,
)
