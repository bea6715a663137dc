"""The entry point: finds the command, reads its arguments, turns what happens into an exit code."""

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
    "doctor": "say what is reachable, and how to mend what is not",
    "ingest": "put events on the queue",
    "worker": "turn queued events into profiles and membership",
    "dead-letters": "what could not be taken in: list, show, replay, discard",
    "segments": "membership: rebuild, members, count, show, history, …",
    "index": "the search index of profiles: rebuild, status",
    "keys": "keys of encrypted fields: generate, rotate, status",
    "erase": "remove a customer everywhere, and prove it",
    "demo": "run the example on real purchases",
}
# A group is a folder with a file for each of its commands, or for several that share most (`SHARED`). The commands are
# listed in this order.
GROUPS: dict[str, dict[str, str]] = {
    "dead-letters": {
        "list": "what could not be taken in, and why",
        "show": "one of them, with its content when asked for",
        "replay": "put it on the queue again",
        "discard": "remove it for good",
    },
    "segments": {
        "rebuild": "build membership anew and switch it in",
        "status": "the segments that run, their size and freshness",
        "members": "the members of a segment",
        "count": "how many members a segment has",
        "show": "the segments of a customer",
        "add": "make a customer a member, whatever the conditions say",
        "remove": "keep a customer out, whatever the conditions say",
        "restore": "let the conditions decide again",
        "intersect": "who is in all of some segments",
        "union": "who is in any of some segments",
        "difference": "who is in the first of some segments and in no other",
        "history": "when a customer entered and left segments",
        "at": "the members of a segment at an instant",
        "explain": "why a customer is in a segment, or is not",
        "reconcile": "compare verdicts, index and membership, and repair",
    },
    "index": {
        "rebuild": "build a new index beside the live one and switch to it",
        "status": "which index serves, and how far behind it is",
    },
    "keys": {
        "generate": "make a key file",
        "rotate": "change keys while everything serves",
        "status": "which keys there are, and what still uses them",
    },
}

# Commands that one file declares together, in its `COMMANDS`.
SHARED: dict[tuple[str, str], str] = {
    ("segments", "add"): "overriding",
    ("segments", "remove"): "overriding",
    ("segments", "intersect"): "combining",
    ("segments", "union"): "combining",
    ("segments", "difference"): "combining",
}

_ENGINE = __package__.rpartition(".")[0]
# Errors whose cause lies outside of decisor, by module, and what is said of them; a server's words may hold values.
_REFUSALS = {
    f"{_ENGINE}.storage.locations": (["ServerUnreachableError"], "{problem}"),
    f"{_ENGINE}.storage.key_types": (["WrongTypeError"], "{problem}"),
    f"{_ENGINE}.storage.migrate": (["MigrationError"], "{problem}"),
    f"{_ENGINE}.encryption.key_file": (["KeysRefusedError"], "{problem}"),
    f"{_ENGINE}.encryption.cipher": (["UnsealError"], "{problem}"),
    f"{_ENGINE}.index.names": (["IndexRefusedError"], "{problem}"),
    "psycopg": (["OperationalError", "InterfaceError"], "PostgreSQL failed: {kind}; `decisor doctor` looks at it"),
    "redis.exceptions": (["RedisError", "RedisClusterException"], "Redis failed: {kind}; `decisor doctor` looks at it"),
    "elasticsearch": (["ApiError", "TransportError"], "Elasticsearch failed: {kind}; `decisor doctor` looks at it"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 clean, 1 findings or failures, 2 could not run, 3 changes."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    open_streams()
    try:
        code = _run(given)
        sys.stdout.flush()
    except CannotRunError as problem:
        from ..ir.printable import printable

        print("\n".join(map(printable, f"decisor: {problem}".split("\n"))), file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    except Exception as problem:  # noqa: BLE001 - whatever it is, 1 would read as findings
        said = _refusal(problem)
        if said is not None:
            print(f"decisor: {said}", file=sys.stderr)
            return FAILED
        from ..storage.failures import safe_traceback

        print(safe_traceback(problem), end="", file=sys.stderr)
        print("decisor: this is a mistake in decisor itself, not in the workspace", file=sys.stderr)
        return FAILED
    return code


def _refusal(problem: Exception) -> str | None:
    """What to say of an error whose cause lies with servers or keys, None of others; only loaded modules are asked."""
    for module, (names, words) in _REFUSALS.items():
        loaded = sys.modules.get(module)
        if loaded is not None and isinstance(problem, tuple(getattr(loaded, name) for name in names)):
            return words.format(problem=problem, kind=type(problem).__name__)
    return None


def _run(given: list[str]) -> int:
    if not given or given[0] in {"-h", "--help", "help"}:
        print(_help(given[1:]))
        return CLEAN
    if given[0] in {"-V", "--version"}:
        print(f"decisor {program_version()}")
        return CLEAN
    name, command, rest = _found(given)
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
    name, command, _ = _found(names)
    return overview_of(name) if command is None else Parser(name, command).format_help().rstrip("\n")


def _found(words: list[str]) -> tuple[str, Command | None, list[str]]:
    """The command that the words begin with, and the words behind it; no command where a group's list is wanted."""
    name, rest = words[0], words[1:]
    if name not in GROUPS:
        return name, load(name), rest
    if not rest or rest[0] in {"-h", "--help", "help"}:
        return name, None, []
    return f"{name} {rest[0]}", load(name, rest[0]), rest[1:]


def load(name: str, part: str | None = None) -> Command:
    """The command of that name, or that part of a group; its module is imported only now.

    Raises CannotRunError with the nearest name.
    """
    _known(name, COMMANDS, "command", "`decisor --help` lists the commands")
    module = f".{name.replace('-', '_')}"
    if part is not None:
        _known(part, GROUPS[name], f"command of `decisor {name}`", f"`decisor {name}` lists them")
        if (name, part) in SHARED:
            shared: dict[str, Command] = import_module(f"{module}.{SHARED[name, part]}", __package__).COMMANDS
            return shared[part]
        module += f".{part}"
    command = import_module(module, __package__).COMMAND
    if not isinstance(command, Command):
        raise TypeError(f"{name} declares no Command")
    return command


def _known(name: str, names: Iterable[str], kind: str, otherwise: str) -> None:
    if name in names:
        return
    near = get_close_matches(name, names, 1)
    raise CannotRunError(f"`{name}` is no {kind}; {f'did you mean `{near[0]}`?' if near else otherwise}")


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
