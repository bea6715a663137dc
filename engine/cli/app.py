"""The entry point: finds the command, reads its arguments, turns what happens into an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module

from .command import CLEAN, FAILED, FINDINGS, CannotRunError, Command
from .opening import UnsoundError

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
    try:
        return _run(given)
    except CannotRunError as problem:
        print(f"decisor: {problem}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader has gone, as in `decisor list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except KeyboardInterrupt:
        return 130


def _run(given: list[str]) -> int:
    if not given or given[0] in {"-h", "--help", "help"}:
        print(overview())
        return CLEAN
    if given[0] == "--version":
        from importlib.metadata import version

        print(f"decisor {version('decisor')}")
        return CLEAN
    name = given[0]
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean `{near[0]}`?" if near else "`decisor --help` lists the commands"
        raise CannotRunError(f"`{name}` is no command; {hint}")
    command = load(name)
    try:
        options = parser_of(name, command).parse_args(given[1:])
    except SystemExit as stop:  # argparse has printed its usage or help
        return stop.code if isinstance(stop.code, int) else FAILED
    try:
        return command.run(options)
    except UnsoundError:
        return FINDINGS
    finally:
        sys.stdout.flush()


def load(name: str) -> Command:
    """The command of that name; its module is imported only now."""
    command = import_module(f"..{name}", __name__).COMMAND
    if not isinstance(command, Command):
        raise TypeError(f"{name} declares no Command")
    return command


def parser_of(name: str, command: Command) -> argparse.ArgumentParser:
    """The command's argument parser."""
    parser = argparse.ArgumentParser(
        prog=f"decisor {name}",
        description=command.summary,
        epilog=f"example:\n  {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.configure(parser)
    return parser


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
