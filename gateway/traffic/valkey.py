"""Buckets that several gateways share, in Valkey (or Redis). Losing it costs sharing and never an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from gateway.store import lost
from gateway.traffic.buckets import Buckets

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["ValkeyBuckets", "open_valkey"]

_SECONDS: Final = 0.1  # for one word with the store; a request waits no longer for it
_REST: Final = 2.0  # seconds without asking a store that was lost

# one step on the store's own clock, so that gateways need not agree about the time
_TAKE: Final = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return tostring(wait)
"""


def open_valkey(url: str) -> Redis:
    """A client of the store at ``url`` (``redis://`` or ``rediss://``) that gives up soon and does not try twice."""
    from redis.asyncio import Redis

    client: Redis = Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    return client


class ValkeyBuckets:
    """Buckets in the store of ``client``; in ``own`` while it cannot be reached, which ``note`` is told each time.

    ``clock`` gives growing seconds. Then each gateway meters by itself: a caller may have as many rates as there are
    gateways, and nobody is refused for the store's sake.
    """

    def __init__(self, client: Any, own: Buckets, clock: Callable[[], float], note: Callable[[str, str], None]) -> None:
        self._take = client.register_script(_TAKE)
        self._own = own
        self._clock = clock
        self._note = note
        self._lost_until = float("-inf")

    async def take(self, key: str, rate: float, burst: int) -> float:
        """0 when a token of ``key`` was taken; else the seconds until there will be one, and none was taken."""
        if self._clock() >= self._lost_until:
            try:
                return float(await self._take(keys=[f"tws:rate:{key}"], args=[rate, burst]))
            except lost():
                self._lost_until = self._clock() + _REST
        self._note("store_lost", "rates")
        return await self._own.take(key, rate, burst)
