"""The entry point: finds the command, reads its arguments, turns what happens into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper

from .command import CLEAN, FAILED, FINDINGS, CannotRunError, Command, program_version
from .opening import UnsoundError
from .parser import Parser

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
    "demo": "run the example on real purchases",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 clean, 1 findings or failures, 2 could not run, 3 changes."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _speak_utf8()
    try:
        code = _run(given)
        sys.stdout.flush()
    except CannotRunError as problem:
        print(f"decisor: {problem}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader has gone, as in `decisor list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 - whatever it is, 1 would read as findings
        from traceback import print_exc

        print_exc()
        print("decisor: this is a mistake in decisor itself, not in the workspace", file=sys.stderr)
        return FAILED
    return code


def _speak_utf8() -> None:
    """What a program reads is UTF-8, whatever the locale; a terminal gets what it can show."""
    if isinstance(sys.stdout, TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")


def _run(given: list[str]) -> int:
    if not given or given[0] in {"-h", "--help", "help"}:
        print(_help(given[1:]))
        return CLEAN
    if given[0] in {"-V", "--version"}:
        print(f"decisor {program_version()}")
        return CLEAN
    name = given[0]
    command = load(name)
    try:
        options = Parser(name, command).parse_args(given[1:])
    except SystemExit as stop:  # argparse has printed its usage or help
        return stop.code if isinstance(stop.code, int) else FAILED
    try:
        return command.run(options)
    except UnsoundError:
        return FINDINGS


def _help(names: list[str]) -> str:
    if not names:
        return overview()
    return Parser(names[0], load(names[0])).format_help().rstrip("\n")


def load(name: str) -> Command:
    """The command of that name; its module is imported only now. Raises CannotRunError with the nearest name."""
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean `{near[0]}`?" if near else "`decisor --help` lists the commands"
        raise CannotRunError(f"`{name}` is no command; {hint}")
    command = import_module(f".{name}", __package__).COMMAND
    if not isinstance(command, Command):
        raise TypeError(f"{name} declares no Command")
    return command


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
