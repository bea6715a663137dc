"""The worker's stage that seals dead letters which stand in plain since before there were keys."""

from __future__ import annotations

import time
from typing import Final

from ..encryption.sealed_vault import SealedVault
from ..encryption.vault import Vault
from ..stages.stage import Turn
from .letters import seal_plain_letters

LETTER_SECONDS: Final = 1.0
ROUND_SECONDS: Final = 600.0  # from the end of a round through the letters to the beginning of the next


class LetterStage:
    """Goes through the letters round after round, a bounded number in each step; without keys it does nothing."""

    name: Final = "letters"
    scope: Final = "owner"
    period: Final = LETTER_SECONDS

    def __init__(self, vault: Vault) -> None:
        self._keyring = vault.keyring if isinstance(vault, SealedVault) else None
        self._next = 0.0
        self._after = 0

    def step(self, turn: Turn) -> bool:
        """Take one step, if it is time for a round; whether the round goes on."""
        if self._keyring is None or time.monotonic() < self._next:
            return False
        _, last = seal_plain_letters(turn.connection, self._keyring, self._after)
        self._after = last or 0
        if last is None:
            self._next = time.monotonic() + ROUND_SECONDS
        return last is not None

    def drain(self, turn: Turn) -> None:
        """Take what is left of the round, or a whole one."""
        self._next = 0.0
        while self.step(turn) and not turn.stop.is_set():
            pass

    def close(self) -> None:
        """Nothing is held."""
