"""Parses the arguments of a command, with the same help and the same errors on every version of Python."""

from __future__ import annotations

import argparse
import re
from difflib import get_close_matches
from typing import Any, NoReturn

from .command import FAILED, Command

_COLUMN = 28  # where the descriptions of arguments begin
_MISREAD = re.compile(r"invalid (?P<type>float|int) value: (?P<value>.*)", re.DOTALL)
_TYPES = {"float": "a number", "int": "a whole number"}


class Parser(argparse.ArgumentParser):
    """Reads the arguments of one command."""

    def __init__(self, name: str, command: Command) -> None:
        self._places: list[str] = []
        self._options: list[str] = []
        super().__init__(
            prog=f"decisor {name}",
            description=command.summary,
            epilog=f"example:\n  {command.example}",
            formatter_class=_Help,
            allow_abbrev=False,
        )
        command.configure(self)
        self.usage = " ".join([self.prog, *self._places, "[options]"])

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        """Add it as argparse does, and remember it for the usage line and for suggestions."""
        action = super().add_argument(*names, **settings)
        self._options += action.option_strings
        if action.required or not action.option_strings:
            self._places.append(_place(action))
        return action

    def error(self, message: str) -> NoReturn:
        """Print what was not understood and exit with 2."""
        misread = _MISREAD.search(message)
        if misread is not None:
            value = misread["value"].strip("'\"")
            message = f"{message[: misread.start()]}`{value}` is not {_TYPES[misread['type']]}"
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            first = unknown.split()[0]
            near = get_close_matches(first, self._options, 1) if first.startswith("-") else []
            message = f"`{first}` is not an argument of this command" + (f"; did you mean `{near[0]}`?" if near else "")
        self.exit(FAILED, f"{self.prog}: {message}\n`{self.prog} --help` shows the arguments\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse an unknown choice with a suggestion; argparse's own message suggests nothing and varies by version."""
        if action.choices is None or value in action.choices:
            return
        choices = [str(each) for each in action.choices]
        near = get_close_matches(str(value), choices, 1)
        expected = f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(choices)}"
        raise argparse.ArgumentError(action, f"`{value}` is not one of the choices; {expected}")


class _Help(argparse.RawDescriptionHelpFormatter):
    """One column for arguments, one for descriptions; `-C, --workspace DIR` names DIR once."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_COLUMN)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            return _metavar(action)
        names = ", ".join(action.option_strings)
        return names if action.nargs == 0 else f"{names} {_metavar(action)}"


def _place(action: argparse.Action) -> str:
    name = _metavar(action)
    if action.option_strings:
        return f"{action.option_strings[-1]} {name}"
    if action.nargs in {"*", "+"}:
        return f"[{name} ...]" if action.nargs == "*" else f"{name} [{name} ...]"
    return f"[{name}]" if action.nargs == "?" else name


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return f"{{{','.join(str(each) for each in action.choices)}}}"
    return action.dest.upper()
