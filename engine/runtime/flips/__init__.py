"""When time alone changes a verdict.

A verdict moves with the clock where a limit that is relative to now passes a value: an instant of the profile, of an
element or of an event's data, or an event's own time at the edge of a window. `edges` holds such limits for one kind of
value and finds the next one to come, `days` knows when local days begin, `watch` gathers what a set of predicates looks
at. `Schedule` answers for all predicates at once and may be early; `next_flip` answers for one and is exact.
"""

from __future__ import annotations

from .flip import Flip, next_flip
from .schedule import Schedule
from .watch import reads_clock

__all__ = ["Flip", "Schedule", "next_flip", "reads_clock"]
