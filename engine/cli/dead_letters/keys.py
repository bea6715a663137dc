"""Opens sealed dead letters when the keys are available."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..command import CannotRunError
from ..servers import Servers, vault_for

if TYPE_CHECKING:
    from ...encryption.vault import Vault


def vault_at_hand(servers: Servers) -> Vault | None:
    """The vault with the environment's keys, None without usable keys or before the first worker."""
    from ...segments.registry import read_catalogue

    catalogue = read_catalogue(servers.postgres)
    try:
        return None if catalogue is None else vault_for(catalogue)
    except CannotRunError:
        return None
