"""Why something became a dead letter: the codes that `decisor dead-letters` shows, each with its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

EventCode: TypeAlias = Literal["broken", "future", "failed"]
LetterCode: TypeAlias = EventCode | Literal["refused"]

EVENT_CODES: Final[tuple[EventCode, ...]] = ("broken", "future", "failed")
LETTER_CODES: Final[Mapping[LetterCode, str]] = {
    "broken": "The entry cannot be read as an event, or the event does not fit the catalogue.",
    "future": "The event's time is more than five minutes ahead of the worker's clock.",
    "failed": "Processing the event raised an error.",
    "refused": "The search index refused a customer's document. It is marked as done once the index accepts it.",
}
