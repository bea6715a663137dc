"""A sequence of commands that stops at the first one that Redis refuses.

A Redis transaction goes on after a command that fails: cursors would move past what was never written, and its events
would be acknowledged. So commands that may be refused run in one script, with the cursors and acknowledgements last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..storage.key_types import WRONG, wrong_type
from .fence import Command

STREAM_LENGTH: Final = 100_000  # approximate number of transitions on each partition's stream; PostgreSQL has all
FIELDS: Final = ("id", "customer", "segment", "change", "at", "reason", "digest", "cause", "number")
TELL: Final = "TELL"  # not a command of Redis itself: transitions for a stream, each an id and the values of FIELDS

# Appends transitions to a stream, each under its own id; one that is already there is skipped.
_TELLING = """
local names = {NAMES}
local function tell(stream, from, upto)
    for first = from, upto, #names + 1 do
        local entry = {}
        for place, name in ipairs(names) do
            entry[2 * place - 1], entry[2 * place] = name, ARGV[first + place]
        end
        local answer = redis.pcall('XADD', stream, 'MAXLEN', '~', LENGTH, ARGV[first], unpack(entry))
        if type(answer) == 'table' and answer.err and not string.find(answer.err, 'equal or smaller', 1, true) then
            return answer
        end
    end
    return 1
end
""".replace("NAMES", ", ".join(f"'{name}'" for name in FIELDS)).replace("LENGTH", str(STREAM_LENGTH))
_TELL_ALONE = f"{_TELLING}return tell(KEYS[1], 1, #ARGV)"
# Runs commands, each on its key; answers the position of the first refused one and why, or 0 when all have run.
_RUN = f"""{_TELLING}
local at = 1
for place = 1, #KEYS do
    local last, answer = at + ARGV[at], nil
    if ARGV[at + 1] == '{TELL}' then
        answer = tell(KEYS[place], at + 2, last)
    else
        answer = redis.pcall(ARGV[at + 1], KEYS[place], unpack(ARGV, at + 2, last))
    end
    if type(answer) == 'table' and answer.err then
        return {{place, answer.err}}
    end
    at = last + 1
end
return {{0}}
"""


def run(commands: Sequence[Command]) -> Command:
    """The single command that runs them up to the first that Redis refuses; each is a name, a key and values."""
    names = [command[1] for command in commands]
    values = [part for name, _key, *rest in commands for part in (1 + len(rest), name, *rest)]
    return "EVAL", _RUN, len(names), *names, *values


def alone(command: Command) -> Command:
    """The command in the form in which it can be sent on its own."""
    name, key, *values = command
    return ("EVAL", _TELL_ALONE, 1, key, *values) if name == TELL else command


def check_ran(answer: Any, commands: Sequence[Command]) -> None:
    """Raise the error in Redis's answer to `run`, if any."""
    if isinstance(answer, Exception):
        raise answer
    place, *why = answer
    if place:
        raise refusal(commands[place - 1], why[0].decode())


def check_each(answers: Sequence[Any], commands: Sequence[Command]) -> None:
    """Raise the first error among the answers to commands that were sent on their own."""
    for answer, command in zip(answers, commands, strict=True):
        if isinstance(answer, Exception):
            raise refusal(command, str(answer), answer)


def refusal(command: Command, why: str, problem: Exception | None = None) -> Exception:
    """The exception for a command that Redis has refused; if the key has the wrong type, it names the key."""
    from redis import ResponseError

    if WRONG in why:
        return wrong_type(command[1])
    return problem or ResponseError(why.removeprefix("-"))
