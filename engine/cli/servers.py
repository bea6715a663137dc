"""The servers of a command, and the errors for a server or a key that cannot be used."""

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
    """Add the option that names the workspace, whose servers are used when the environment names none."""
    add_workspace(parser)


class Servers(servers.Servers):
    """The connections of one command, closed at its end; `root` is the workspace, None outside a workspace.

    Any failure of a server or a key ends the command with CannotRunError.
    """

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """The servers that the command's options and the environment name."""
        hide_values_in_tracebacks()
        given: Path | None = options.workspace
        return cls(workspace_root(given) if given is not None else nearest_workspace(Path.cwd()), os.environ)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        super().__exit__(kind, error, at)
        message = _refusal_text(error)
        if message is not None:
            raise CannotRunError(message) from None

    def refuse(self, problem: ServerUnreachableError) -> NoReturn:
        """Raise CannotRunError with the reason."""
        raise CannotRunError(str(problem)) from None


def _refusal_text(error: BaseException | None) -> str | None:
    """The text for an error of a server or of keys; None for any other error."""
    if error is None:
        return None
    if type(error).__module__.startswith(f"{_ENCRYPTION}."):
        from ..encryption.cipher import UnsealError
        from ..encryption.key_file import KeysRefusedError

        if isinstance(error, KeysRefusedError | UnsealError):
            return str(error)
    return failure_text(error)


def vault_for(catalogue: Catalogue) -> Vault:
    """The vault for the catalogue's encrypted fields, with the environment's keys. Raises CannotRunError."""
    from ..encryption.key_file import KeysRefusedError
    from ..encryption.sealed_vault import vault_of

    try:
        return vault_of(catalogue, os.environ)
    except KeysRefusedError as problem:
        raise CannotRunError(str(problem)) from None


def alias_named() -> str:
    """The alias of the search index. Raises CannotRunError for a name that is not allowed."""
    from ..index.names import IndexRefusedError, alias_of

    try:
        return alias_of(os.environ)
    except IndexRefusedError as problem:
        raise CannotRunError(str(problem)) from None
