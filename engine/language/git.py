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
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

SECONDS: Final = 120  # for one call
MOST_BYTES: Final = 256 << 20  # that one call prints
_SHOWN: Final = 4_096  # bytes of what git says about a failure

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


class GitLimitError(RevisionError):
    """Git took too long or printed too much, so that nothing is known, not even that there is no repository."""


def run(root: Path, *arguments: str) -> bytes:
    """What git prints. Raises RevisionError with git's first line, and for what takes too long or is too large."""
    with tempfile.TemporaryFile() as errors, _start(root, *arguments, stdin=subprocess.DEVNULL, stderr=errors) as git:
        printed = git.stream.read(MOST_BYTES + 1)
        if len(printed) > MOST_BYTES:
            raise GitLimitError(f"`git {arguments[0]}` printed more than {MOST_BYTES // 2**20} MiB")
        if git.process.wait() != 0 and not git.expired:
            errors.seek(0)
            said = errors.read(_SHOWN).decode("utf-8", "replace").strip().split("\n")[0]
            raise RevisionError(f"`git {arguments[0]}` failed: {said.removeprefix('fatal: ')}")
    return printed


def text(root: Path, *arguments: str) -> str:
    """What git prints, as text without the last line break. Raises RevisionError."""
    return run(root, *arguments).decode("utf-8", "surrogateescape").rstrip("\n")


def run_or_none(root: Path, *arguments: str) -> bytes | None:
    """What git prints, or None when it fails or is not there. Raises GitLimitError."""
    try:
        return run(root, *arguments)
    except GitLimitError:
        raise
    except RevisionError:
        return None


@contextmanager
def blobs(root: Path, names: Sequence[str]) -> Iterator[IO[bytes]]:
    """The contents of blobs one after the other, as `git cat-file --batch` gives them.

    Raises RevisionError if reading them takes too long.
    """
    with tempfile.TemporaryFile() as asked:  # a pipe could fill up and block
        asked.write("".join(f"{name}\n" for name in names).encode())
        asked.seek(0)
        with _start(root, "cat-file", "--batch", stdin=asked, stderr=subprocess.DEVNULL) as git:
            yield git.stream


@dataclass(slots=True)
class _Running:
    """A git that runs, what it prints, and whether it was killed because it took too long."""

    process: subprocess.Popen[bytes]
    stream: IO[bytes]
    expired: bool = False

    def expire(self) -> None:
        self.expired = True
        self.process.kill()


@contextmanager
def _start(root: Path, *arguments: str, stdin: int | IO[bytes], stderr: int | IO[bytes]) -> Iterator[_Running]:
    """A git that ends with the block, or after `SECONDS`: a file of the repository may be a pipe, or have no end."""
    try:
        process = subprocess.Popen(
            _command(root, *arguments), stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=_environment()
        )
    except FileNotFoundError:
        raise RevisionError("git is not installed") from None
    if process.stdout is None:
        raise AssertionError("the process was started with a pipe")
    git = _Running(process, process.stdout)
    timer = threading.Timer(SECONDS, git.expire)
    timer.start()
    try:
        yield git
    except RevisionError:
        if not git.expired:
            raise
    finally:
        timer.cancel()
        process.kill()
        process.stdout.close()
        process.wait()
    if git.expired:
        raise GitLimitError(
            f"`git {arguments[0]}` took more than {SECONDS} s; look for a pipe in `.git`, or a slow disk"
        )


def _command(root: Path, *arguments: str) -> list[str]:
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return ["git", "-C", str(root), "--no-pager", "--literal-pathspecs", *settings, *arguments]


def _environment() -> dict[str, str]:
    """An environment in which git speaks English, asks nothing, fetches nothing and looks only where it is told to."""
    kept = {name: value for name, value in os.environ.items() if _is_kept(name)}
    return {**kept, **_FIXED}


def _is_kept(name: str) -> bool:
    return not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_BEGINNINGS)
