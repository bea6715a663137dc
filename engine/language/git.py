"""How git is asked: its plumbing alone, and so that nothing runs that a workspace's own configuration names.

A repository may have come as an archive, with a `.git/config` and attributes of its maker: filters, hooks, monitors,
remote helpers and commands for ssh are programs that git would start. So no command is used that reads files through
filters (`status`, `diff`, `checkout`), nothing is fetched, and a folder that only looks like a repository is not taken
for one.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

SECONDS: Final = 120

_NOTHING: Final = "/dev/null"
_SETTINGS: Final = (
    "core.quotePath=false",
    "core.fsmonitor=false",
    f"core.hooksPath={_NOTHING}",
    f"core.attributesFile={_NOTHING}",
    "core.pager=cat",
    "credential.helper=",
    "protocol.allow=never",
    "safe.bareRepository=explicit",  # a cloned folder with `HEAD`, `objects` and `config` is not a repository
    "submodule.recurse=false",
)
_FIXED: Final = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit's name says what it holds
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
# What the caller says about this machine and its accounts. The rest is about one repository, as git sets it for hooks,
# or names programs.
_KEPT: Final = frozenset(
    {
        "GIT_CEILING_DIRECTORIES",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_SYSTEM",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_EXEC_PATH",
    }
)
_KEPT_BEGINNINGS: Final = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")


class RevisionError(Exception):
    """Git cannot give what was asked for; the message says what and why."""


def run(root: Path, *arguments: str) -> bytes:
    """What git prints. Raises RevisionError with git's first line."""
    try:
        done = subprocess.run(
            _command(root, *arguments),
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=_environment(),
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise RevisionError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"`git {arguments[0]}` took more than {SECONDS} s") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise RevisionError(f"`git {arguments[0]}` failed: {said.removeprefix('fatal: ')}")
    return done.stdout


def text(root: Path, *arguments: str) -> str:
    """What git prints, as text without the last line break. Raises RevisionError."""
    return run(root, *arguments).decode("utf-8", "surrogateescape").rstrip("\n")


def run_or_none(root: Path, *arguments: str) -> bytes | None:
    """What git prints, or None when it fails or is not there."""
    try:
        return run(root, *arguments)
    except RevisionError:
        return None


class Blobs:
    """The contents of blobs one after the other, as `git cat-file --batch` gives them."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self._asked = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit; a pipe could fill up and block
        self._asked.write("".join(f"{name}\n" for name in names).encode())
        self._asked.seek(0)
        self._process = subprocess.Popen(
            _command(root, "cat-file", "--batch"),
            stdin=self._asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )

    def __enter__(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise AssertionError("the process was started with a pipe")
        return self._process.stdout

    def __exit__(self, *_: object) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.kill()
        self._process.wait()
        self._asked.close()


def _command(root: Path, *arguments: str) -> list[str]:
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return ["git", "-C", str(root), "--no-pager", "--literal-pathspecs", *settings, *arguments]


def _environment() -> dict[str, str]:
    """An environment in which git speaks English, asks nothing, fetches nothing and looks only where it is told to."""
    kept = {name: value for name, value in os.environ.items() if _is_kept(name)}
    return {**kept, **_FIXED}


def _is_kept(name: str) -> bool:
    return not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_BEGINNINGS)
