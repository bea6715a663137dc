"""`decisor segments rebuild`: rebuilds membership next to what serves, and switches to it in one step."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..command import CLEAN, CannotRunError, Command
from ..facts import add_program, runtime_of
from ..opening import add_now, instant_of
from ..report import counted
from ..servers import Servers, vault_for
from .names import note, print_json, segment_name

if TYPE_CHECKING:
    from psycopg import Connection

    from ...encryption.vault import Vault
    from ...ir.program import Program
    from ...rebuilds.index_source import IndexSource
    from ...rebuilds.rebuild import Rebuilt, Wish
    from ...segments.registry import Definition, Registered


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="these segments (default: all that differ from the workspace)"
    )
    parser.add_argument("--full", action="store_true", help="without names: rebuild unchanged segments too")
    parser.add_argument(
        "--silent", action="store_true", help="store transitions without publishing them on the streams"
    )
    parser.add_argument("--retire", action="store_true", help="end the segments that are no longer in the workspace")
    parser.add_argument(
        "--from",
        dest="source",
        choices=["elasticsearch", "postgres"],
        help="where to search for members (default: the index if it can decide)",
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="how to print")
    add_now(parser)
    add_program(parser)


def _run(options: argparse.Namespace) -> int:
    from ...index.export import PartialAnswerError
    from ...index.names import IndexRefusedError
    from ...rebuilds.lease import RebuildError
    from ...rebuilds.preparation import prepare
    from ...rebuilds.rebuild import Rebuild
    from ...segments.claim import SegmentBusyError
    from ...segments.registry import read_segments

    program = runtime_of(options).program
    with Servers.of(options) as servers:
        connection, redis = servers.another_postgres("decisor rebuild"), servers.redis
        vault = vault_for(program.catalogue)
        _refuse_other_catalogue(connection, program)
        prepare(connection, program, vault)
        wish = _rebuild_wish(options, program, read_segments(connection))
        if not wish.names:
            note("every segment is up to date; --full rebuilds them anyway")
            return CLEAN
        rebuild = Rebuild(connection, redis, vault, _clock(options.now), _index(options, servers, connection, vault))
        try:
            found = rebuild.run(wish)
        except (RebuildError, SegmentBusyError, IndexRefusedError, PartialAnswerError) as problem:
            raise CannotRunError(str(problem)) from None
        _print(found, options.format)
        _move(servers, connection, vault, quiet=options.format == "json")
    return CLEAN


def _refuse_other_catalogue(connection: Connection, program: Program) -> None:
    """Refuse another catalogue than the registered one: running workers keep the catalogue that they started with."""
    from ...rebuilds.rebuild import OTHER_CATALOGUE
    from ...segments.registry import read_catalogue
    from ...storage.migrate import pending

    if pending(connection):
        return
    catalogue = read_catalogue(connection)
    if catalogue is not None and catalogue != program.catalogue:
        raise CannotRunError(OTHER_CATALOGUE)


def _rebuild_wish(options: argparse.Namespace, program: Program, segments: Mapping[str, Registered]) -> Wish:
    from ...rebuilds.rebuild import Wish
    from ...segments.registry import definition_of

    definitions = {name: definition_of(program, name) for name in program.segments}
    if options.names:
        if options.retire or options.full:
            raise CannotRunError("--retire and --full apply to all segments: expected no names with them")
        chosen = {segment_name(each, definitions) for each in options.names}
        return Wish({name: definitions[name] for name in chosen}, silent=options.silent, catalogue=program.catalogue)
    gone = sorted(set(segments) - set(definitions))
    if gone and not options.retire:
        note(f"running, but not in this workspace: {', '.join(gone)}; --retire ends them")
    wanted = definitions if options.full else _differing(definitions, segments)
    return Wish(wanted, gone if options.retire else (), silent=options.silent, catalogue=program.catalogue)


def _differing(definitions: Mapping[str, Definition], segments: Mapping[str, Registered]) -> dict[str, Definition]:
    """The definitions that do not run, or differ from what runs."""
    return {
        name: each for name, each in definitions.items() if name not in segments or segments[name].active != each.digest
    }


def _clock(given: str | None) -> Callable[[], int]:
    if given is None:
        return lambda: time.time_ns() // 1_000_000
    frozen = instant_of(given)
    return lambda: frozen


def _index(options: argparse.Namespace, servers: Servers, connection: Connection, vault: Vault) -> IndexSource | None:
    from ...encryption.sealed_vault import SealedVault
    from ...index.names import alias_of
    from ...rebuilds.index_source import IndexSource

    client = None if options.source == "postgres" else _cluster(servers)
    if client is None:
        if options.source == "elasticsearch":
            raise CannotRunError(
                "--from elasticsearch: none is configured; set DECISOR_ELASTICSEARCH_URL, or start one with `decisor up"
                " --elasticsearch`"
            )
        return None
    hasher = vault.hasher(connection) if isinstance(vault, SealedVault) else None
    demanded = options.source == "elasticsearch"
    return IndexSource(client, alias_of(os.environ), hasher, demanded=demanded)


def _cluster(servers: Servers) -> Any:
    """A client of Elasticsearch, None if none is configured. Raises CannotRunError, which says how to do without."""
    try:
        return servers.elasticsearch
    except CannotRunError as problem:
        raise CannotRunError(f"{problem}; `--from postgres` works without the index") from None


def _print(found: Collection[Rebuilt], form: str) -> None:
    for each in found:
        if form == "json":
            print_json(asdict(each))
        else:
            moved = f"{counted(each.members, 'member')}, {each.entered:,} entered, {each.left:,} left"
            print(
                f"{each.name}: {moved}; from {each.source}, {each.seconds:.1f} s",
                flush=True,
            )


def _move(servers: Servers, connection: Connection, vault: Vault, *, quiet: bool) -> None:
    """Turn what was decided into transitions; the new membership already serves."""
    from ...rebuilds.mover import move_all

    started = time.monotonic()
    if move_all(connection, servers.redis, vault) and not quiet:
        print(f"transitions and the customers' sets were updated in {time.monotonic() - started:.1f} s")


COMMAND = Command(
    "Rebuild membership next to what serves, and switch to it in one step.",
    "decisor segments rebuild vips --silent",
    _configure,
    _run,
)
