"""What the commands about keys begin with: the keyring, and the catalogue of a database that is ready."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..command import CannotRunError
from ..servers import Servers

if TYPE_CHECKING:
    from ...encryption.keyring import Keyring
    from ...ir.types import Catalogue


def keys_of_the_environment() -> Keyring:
    """The keyring. Raises CannotRunError if there are no keys or they cannot be used."""
    from ...encryption.keyring import KEYS, KEYS_FILE, open_keyring

    with refusals():
        found = open_keyring(os.environ)
    if found is None:
        raise CannotRunError(
            f"no keys are configured: create a key file with `decisor keys generate FILE`, and set {KEYS_FILE} to its"
            f" path (or {KEYS} to its content)"
        )
    return found


@contextmanager
def refusals() -> Iterator[None]:
    """Turn errors about keys, or about what they sealed, into CannotRunError."""
    from ...encryption.cipher import UnsealError
    from ...encryption.key_file import KeysRefusedError

    try:
        yield
    except (KeysRefusedError, UnsealError) as problem:
        raise CannotRunError(str(problem)) from None


def catalogue_of(servers: Servers) -> Catalogue:
    """The catalogue that the workers use. Raises CannotRunError if there is none yet."""
    from ...segments.registry import read_catalogue
    from ...storage.migrate import MigrationError, pending

    try:
        missing = pending(servers.postgres)
    except MigrationError as problem:
        raise CannotRunError(str(problem)) from None
    found = None if missing else read_catalogue(servers.postgres)
    if found is None:
        raise CannotRunError(
            "the database is not ready: `decisor worker` brings it up to date and registers the catalogue"
        )
    return found
