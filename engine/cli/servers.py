"""The servers of a command, and what to say when one of them, or a key, is not as the command needs it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from ..storage import servers
from ..storage.failures import failure_text, hide_values_in_tracebacks
from ..storage.locations import ServerUnreachableError
from .command import CannotRunError
from .finding import nearest_workspace
from .opening import add_workspace, workspace_root

if TYPE_CHECKING:
    from ..encryption.vault import Vault
    from ..ir.types import Catalogue

_ENCRYPTION = f"{__package__.rpartition('.')[0]}.encryption"  # imported late, as it is slow


def add_servers(parser: argparse.ArgumentParser) -> None:
    """The option that names the workspace, whose servers are used where the environment names none."""
    add_workspace(parser)


class Servers(servers.Servers):
    """The connections of one command, closed at its end; `root` is the workspace, None outside of one.

    Whatever is wrong with a server, or with a key, ends the command with CannotRunError.
    """

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """The servers that the command's options and the environment name."""
        hide_values_in_tracebacks()
        given: Path | None = options.workspace
        return cls(workspace_root(given) if given is not None else nearest_workspace(Path.cwd()), os.environ)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        super().__exit__(kind, error, at)
        said = _said(error)
        if said is not None:
            raise CannotRunError(said) from None

    def refuse(self, problem: ServerUnreachableError) -> NoReturn:
        """Raise CannotRunError with what is wrong."""
        raise CannotRunError(str(problem)) from None


def _said(error: BaseException | None) -> str | None:
    """What to say of a server that failed on the way, or of keys; None of anything else."""
    if error is None:
        return None
    if type(error).__module__.startswith(f"{_ENCRYPTION}."):
        from ..encryption.cipher import UnsealError
        from ..encryption.key_file import KeysRefusedError

        if isinstance(error, KeysRefusedError | UnsealError):
            return str(error)
    return failure_text(error)


def vault_for(catalogue: Catalogue) -> Vault:
    """What seals and opens the catalogue's encrypted fields, with the environment's keys. Raises CannotRunError."""
    from ..encryption.key_file import KeysRefusedError
    from ..encryption.sealed_vault import vault_of

    try:
        return vault_of(catalogue, os.environ)
    except KeysRefusedError as problem:
        raise CannotRunError(str(problem)) from None


def alias_named() -> str:
    """The alias of the search index. Raises CannotRunError for a name that can be none."""
    from ..index.names import IndexRefusedError, alias_of

    try:
        return alias_of(os.environ)
    except IndexRefusedError as problem:
        raise CannotRunError(str(problem)) from None
