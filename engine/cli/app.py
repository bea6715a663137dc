"""The entry point: finds the command, parses its arguments and turns the outcome into an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib import import_module

from .command import CLEAN, FAILED, FINDINGS, CannotRunError, Command, program_version
from .opening import UnsoundError
from .parser import Parser
from .streams import open_streams

COMMANDS = {
    "init": "start a workspace in a folder",
    "new": "add a document with its test",
    "check": "report every problem of the workspace",
    "fix": "apply the safe fixes that `check` offers",
    "fmt": "bring files into the canonical layout",
    "test": "run the workspace's tests",
    "list": "list the documents",
    "explain": "explain a document in words, or a finding's code",
    "graph": "draw a ruleset",
    "compile": "print a segment's query",
    "mapping": "print the index settings and mapping of profiles",
    "match": "print the segments of profiles",
    "decide": "print the decisions for inputs",
    "plan": "show what changes in meaning",
    "build": "pack the workspace into one bundle",
    "verify": "verify a bundle",
    "keygen": "make a key pair for signing bundles",
    "schema": "write the JSON Schemas for editors",
    "up": "start the servers that are not configured",
    "down": "stop the servers that `up` started",
    "doctor": "report which servers are reachable, and how to fix problems",
    "ingest": "put events on the queue",
    "worker": "turn queued events into profiles and membership",
    "dead-letters": "events that could not be processed: list, show, replay, discard",
    "segments": "membership: rebuild, members, count, show, history, …",
    "index": "the search index of profiles: rebuild, status",
    "keys": "keys of encrypted fields: generate, rotate, status",
    "erase": "remove a customer everywhere, and prove it",
    "demo": "run the example on real purchases",
}
# A group is a folder with one file per command, or one file for several similar commands (`SHARED`). Help lists the
# commands in this order.
GROUPS: dict[str, dict[str, str]] = {
    "dead-letters": {
        "list": "the events that could not be processed, and why",
        "show": "one dead letter, with its content on request",
        "replay": "put dead letters back on the queue",
        "discard": "remove dead letters for good",
    },
    "segments": {
        "rebuild": "rebuild membership and switch to it",
        "status": "the segments that run, their size and freshness",
        "members": "the members of a segment",
        "count": "how many members a segment has",
        "sizes": "all segments with members, shares and bars, and how they overlap",
        "preview": "how big a segment of the workspace would be, before it runs",
        "show": "the segments of a customer",
        "add": "make a customer a member, whatever the conditions say",
        "remove": "keep a customer out, whatever the conditions say",
        "restore": "let the conditions decide again",
        "intersect": "customers who are in all of the given segments",
        "union": "customers who are in any of the given segments",
        "difference": "customers who are in the first segment and in no other",
        "history": "when a customer entered and left segments",
        "at": "the members of a segment at an instant",
        "explain": "why a customer is or is not in a segment",
        "reconcile": "compare verdicts, index and membership, and repair",
    },
    "index": {
        "rebuild": "build a new index next to the live one and switch to it",
        "status": "which index is live, and how far behind it is",
    },
    "keys": {
        "generate": "make a key file",
        "rotate": "change keys without downtime",
        "status": "which keys exist, and what still uses them",
    },
}

# Commands that share a file, which declares them in `COMMANDS`.
SHARED: dict[tuple[str, str], str] = {
    ("segments", "add"): "overriding",
    ("segments", "remove"): "overriding",
    ("segments", "intersect"): "combining",
    ("segments", "union"): "combining",
    ("segments", "difference"): "combining",
}

_ENGINE = __package__.rpartition(".")[0]
# Errors whose cause lies outside decisor, by module, and the text printed for each. A server's own message may contain
# values, so it is not printed.
_REFUSALS = {
    f"{_ENGINE}.storage.locations": (["ServerUnreachableError"], "{problem}"),
    f"{_ENGINE}.storage.key_types": (["WrongTypeError"], "{problem}"),
    f"{_ENGINE}.storage.migrate": (["MigrationError"], "{problem}"),
    f"{_ENGINE}.encryption.key_file": (["KeysRefusedError"], "{problem}"),
    f"{_ENGINE}.encryption.cipher": (["UnsealError"], "{problem}"),
    f"{_ENGINE}.index.names": (["IndexRefusedError"], "{problem}"),
    "psycopg": (["OperationalError", "InterfaceError"], "PostgreSQL failed: {kind}; `decisor doctor` examines it"),
    "redis.exceptions": (["RedisError", "RedisClusterException"], "Redis failed: {kind}; `decisor doctor` examines it"),
    "elasticsearch": (["ApiError", "TransportError"], "Elasticsearch failed: {kind}; `decisor doctor` examines it"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 clean, 1 findings or failures, 2 could not run, 3 changes."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    open_streams()
    try:
        code = _run(words)
        sys.stdout.flush()
    except CannotRunError as problem:
        from ..ir.printable import printable

        print("\n".join(map(printable, f"decisor: {problem}".split("\n"))), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    except Exception as problem:  # noqa: BLE001 - any other exit code than 2 would be misleading
        message = _refusal_text(problem)
        if message is not None:
            print(f"decisor: {message}", file=sys.stderr)
            return FAILED
        from ..storage.failures import safe_traceback

        print(safe_traceback(problem), end="", file=sys.stderr)
        print("decisor: this is a bug in decisor, not in the workspace", file=sys.stderr)
        return FAILED
    return code


def _refusal_text(problem: Exception) -> str | None:
    """The text for an error of servers or keys, None for any other; only modules already loaded are considered."""
    for module, (names, words) in _REFUSALS.items():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(problem, tuple(getattr(loaded, name) for name in names)):
            return words.format(problem=problem, kind=type(problem).__name__)
    return None


def _run(words: list[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_help(words[1:]))
        return CLEAN
    if words[0] in {"-V", "--version"}:
        print(f"decisor {program_version()}")
        return CLEAN
    name, command, rest = _split(words)
    if command is None:
        print(overview_of(name))
        return CLEAN
    try:
        options = Parser(name, command).parse_intermixed_args(rest)
    except SystemExit as stop:  # argparse has printed its usage or help
        return stop.code if isinstance(stop.code, int) else FAILED
    try:
        return command.run(options)
    except UnsoundError:
        return FINDINGS


def _help(names: list[str]) -> str:
    if not names:
        return overview()
    name, command, _ = _split(names)
    return overview_of(name) if command is None else Parser(name, command).format_help().rstrip("\n")


def _split(words: list[str]) -> tuple[str, Command | None, list[str]]:
    """The command's name, the command and its arguments; the command is None when a group's help is wanted."""
    name, rest = words[0], words[1:]
    if name not in GROUPS:
        return name, load(name), rest
    if not rest or rest[0] in {"-h", "--help", "help"}:
        return name, None, []
    return f"{name} {rest[0]}", load(name, rest[0]), rest[1:]


def load(name: str, part: str | None = None) -> Command:
    """The command of that name, or that command of a group; its module is imported here and not earlier.

    Raises CannotRunError, which suggests the nearest name.
    """
    _check_name(name, COMMANDS, "command", "`decisor --help` lists the commands")
    module = f".{name.replace('-', '_')}"
    if part is not None:
        _check_name(part, GROUPS[name], f"command of `decisor {name}`", f"`decisor {name}` lists them")
        if (name, part) in SHARED:
            shared: dict[str, Command] = import_module(f"{module}.{SHARED[name, part]}", __package__).COMMANDS
            return shared[part]
        module += f".{part}"
    command = import_module(module, __package__).COMMAND
    if not isinstance(command, Command):
        raise TypeError(f"{name} declares no Command")
    return command


def _check_name(name: str, names: Iterable[str], kind: str, otherwise: str) -> None:
    if name in names:
        return
    near = get_close_matches(name, names, 1)
    raise CannotRunError(f"`{name}` is not a {kind}; {f'did you mean `{near[0]}`?' if near else otherwise}")


def overview_of(group: str) -> str:
    """The help of a group of commands."""
    parts = GROUPS[group]
    width = max(len(name) for name in parts)
    rows = "\n".join(f"  {name:<{width}}  {summary}" for name, summary in parts.items())
    return (
        f"{group}: {COMMANDS[group]}\n\nusage: decisor {group} COMMAND [ARGUMENTS]\n\n{rows}\n\n"
        f"`decisor {group} COMMAND --help` shows a command's arguments and an example."
    )


def overview() -> str:
    """The help of the whole program."""
    width = max(len(name) for name in COMMANDS)
    rows = "\n".join(f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items())
    return (
        "decisor: personalization decisions as code\n\nusage: decisor COMMAND [ARGUMENTS]\n\n"
        f"{rows}\n\n`decisor COMMAND --help` shows a command's arguments and an example."
    )


if __name__ == "__main__":
    sys.exit(main())
