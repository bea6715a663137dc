"""What opens sealed dead letters, where the keys are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..command import CannotRunError
from ..servers import Servers, vault_for

if TYPE_CHECKING:
    from ...encryption.vault import Vault


def vault_at_hand(servers: Servers) -> Vault | None:
    """The vault of the environment's keys, None without keys that can be used or before the first worker."""
    from ...segments.registry import read_catalogue

    catalogue = read_catalogue(servers.postgres)
    try:
        return None if catalogue is None else vault_for(catalogue)
    except CannotRunError:
        return None
