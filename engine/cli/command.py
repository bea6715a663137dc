"""What a command is: its help, its arguments and its run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

CLEAN, FINDINGS, FAILED, CHANGED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `run` returns the exit code: 0 clean, 1 findings or failures, 2 could not run, 3 changes (plan)."""

    summary: str
    example: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class CannotRunError(Exception):
    """The command cannot do its job; the message says what is missing and how to fix it."""


def program_version() -> str:
    """The installed version of decisor, empty when decisor runs without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("decisor")
    except PackageNotFoundError:
        return ""


def reason(problem: OSError) -> str:
    """The operating system's reason, in lower case."""
    return (problem.strerror or "the system refuses").lower()
