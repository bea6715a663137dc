"""A stream is written anew, so that nothing is left of what was deleted from it.

Deleting an entry only marks it: its bytes stay in the stream's node, in snapshots and in a rewritten append-only file,
until every entry of the node is gone, as after some 100,000 later ones. So what is left is copied, page by page, and
the copy takes the stream's place at once, with its consumer groups and what they have not acknowledged.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress

from ..storage.redis_protocol import RedisClient

PAGE = 250  # entries of one step
KEPT_SECONDS = 600  # a copy that nobody goes on with goes away
ATTEMPTS = 5  # where entries are deleted while they are copied
PENDING = 20_000  # entries that groups have not acknowledged, of all groups; with more the switch would take too long

# Copies a page; the last id of it, empty where there was none.
_COPY = """
local page = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
for _, entry in ipairs(page) do redis.call('XADD', KEYS[2], entry[1], unpack(entry[2])) end
if #page == 0 then return '' end
redis.call('EXPIRE', KEYS[2], ARGV[3])
return page[#page][1]
"""
# Copies what came last, and the groups, and switches; -1 where entries were deleted meanwhile, -2 where groups have too
# much pending, and else how many entries there are.
_SWITCH = """
local function told(reply)
    local found = {}
    for place = 1, #reply, 2 do found[reply[place]] = reply[place + 1] end
    return found
end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
if #first == 0 then return 0 end
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+')) do
    redis.call('XADD', KEYS[2], entry[1], unpack(entry[2]))
end
redis.call('XTRIM', KEYS[2], 'MINID', first[1][1])
local length = redis.call('XLEN', KEYS[1])
if redis.call('XLEN', KEYS[2]) ~= length then return -1 end
local groups, pending = {}, 0
for _, each in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = told(each)
    groups[#groups + 1] = group
    pending = pending + group['pending']
end
if pending > tonumber(ARGV[2]) then return -2 end
for _, group in ipairs(groups) do
    local create = {'XGROUP', 'CREATE', KEYS[2], group['name'], group['last-delivered-id']}
    if group['entries-read'] then
        create[6], create[7] = 'ENTRIESREAD', group['entries-read']
    end
    redis.call(unpack(create))
    for _, each in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], group['name'])) do
        redis.call('XGROUP', 'CREATECONSUMER', KEYS[2], group['name'], told(each)['name'])
    end
    if group['pending'] > 0 then
        for _, each in ipairs(redis.call('XPENDING', KEYS[1], group['name'], '-', '+', group['pending'])) do
            redis.call('XCLAIM', KEYS[2], group['name'], each[2], 0, each[1],
                'IDLE', each[3], 'RETRYCOUNT', each[4], 'FORCE', 'JUSTID')
        end
    end
end
local stream = told(redis.call('XINFO', 'STREAM', KEYS[1]))
local last = {'XSETID', KEYS[2], stream['last-generated-id']}
if stream['entries-added'] then
    last[4], last[5] = 'ENTRIESADDED', stream['entries-added']
    last[6], last[7] = 'MAXDELETEDID', stream['max-deleted-entry-id']
end
redis.call(unpack(last))
redis.call('PERSIST', KEYS[2])
redis.call('RENAME', KEYS[2], KEYS[1])
return length
"""


class NotRewrittenError(RuntimeError):
    """A stream stays as it is; the message says why."""


def rewrite(redis: RedisClient, stream: str, pause: Callable[[], None] = lambda: None) -> None:
    """Write a stream anew, while others add to it and read it; `pause` is called between two pages.

    Raises NotRewrittenError, and what Redis and `pause` raise.
    """
    for _ in range(ATTEMPTS):
        copy = f"{{{stream}}}:{secrets.token_hex(8)}"
        try:
            found = _switch(redis, stream, copy, pause)
        except BaseException:
            with suppress(Exception):  # it goes by itself, and what went wrong before matters more
                redis.unlink(copy)
            raise
        if found >= 0:
            return
        redis.unlink(copy)
        if found == -2:
            raise NotRewrittenError(f"consumer groups of `{stream}` have more than {PENDING:,} entries to acknowledge")
    raise NotRewrittenError(f"entries of `{stream}` were deleted again and again while it was copied")


def _switch(redis: RedisClient, stream: str, copy: str, pause: Callable[[], None]) -> int:
    start = "-"
    while last := redis.eval(_COPY, 2, stream, copy, start, PAGE, KEPT_SECONDS):
        start = f"({last.decode()}"
        pause()
    return int(redis.eval(_SWITCH, 2, stream, copy, start, PENDING))
