"""How many different travelers one user is given something of, for one purpose, in a period.

Each answer may be allowed and all of them together too much: joins of what is shared, and narrowing query after query,
find out what no single answer tells. Only travelers of whom something is shown count, so what is left of a budget tells
nothing about anyone who is not.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gateway.caller import Caller
from gateway.errors import RequestError
from gateway.limits import LimitsPage
from gateway.store import lost

__all__ = ["MemorySeen", "Seen", "Spent", "SubjectBudget", "ValkeySeen"]

_REST: Final = 2.0  # seconds without asking a store that was lost

# one step, so that no two gateways let the same traveler or the last one through twice
_ADD: Final = """
local most, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local had = redis.call('SCARD', KEYS[1])
local new = {}
for place = 3, #ARGV do
  if redis.call('SISMEMBER', KEYS[1], ARGV[place]) == 0 then new[#new + 1] = ARGV[place] end
end
if had + #new <= most then
  for _, member in ipairs(new) do redis.call('SADD', KEYS[1], member) end
  if had == 0 and #new > 0 then redis.call('PEXPIRE', KEYS[1], period) end
end
return {had + #new, math.max(0, redis.call('PTTL', KEYS[1]))}
"""


class Seen(Protocol):
    """Where it is kept who was seen."""

    async def add(self, key: str, members: Collection[str], most: int, seconds: float) -> tuple[int, float]:
        """How many different members ``key`` has with ``members``, and the seconds until it has none again.

        Nobody is added where they would be more than ``most``. The period begins with the first.
        """
        ...


class MemorySeen:
    """What this process saw. ``keys`` are kept, the longest unused goes first; ``clock`` gives growing seconds."""

    def __init__(self, clock: Callable[[], float], keys: int = 10_000) -> None:
        self._clock = clock
        self._keys = keys
        self._kept: OrderedDict[str, tuple[float, set[str]]] = OrderedDict()

    async def add(self, key: str, members: Collection[str], most: int, seconds: float) -> tuple[int, float]:
        """How many different members ``key`` has with ``members``, and the seconds until it has none again."""
        now = self._clock()
        until, kept = self._kept.get(key, (0.0, set()))
        if now >= until:
            until, kept = now + seconds, set()
        both = kept | set(members)
        if members and len(both) <= most:
            self._kept[key] = (until, both)
            self._kept.move_to_end(key)
            if len(self._kept) > self._keys:
                self._kept.popitem(last=False)
        return len(both), until - now


class ValkeySeen:
    """What all gateways saw, in the store of ``client``; in ``own`` while it cannot be reached, which ``note`` is told."""

    def __init__(self, client: Any, own: Seen, clock: Callable[[], float], note: Callable[[str, str], None]) -> None:
        self._add = client.register_script(_ADD)
        self._own = own
        self._clock = clock
        self._note = note
        self._lost_until = float("-inf")

    async def add(self, key: str, members: Collection[str], most: int, seconds: float) -> tuple[int, float]:
        """How many different members ``key`` has with ``members``, and the seconds until it has none again."""
        if self._clock() >= self._lost_until:
            try:
                words = [most, math.ceil(seconds * 1000), *members]
                number, left = await self._add(keys=[f"tws:subjects:{key}"], args=words)
                return int(number), int(left) / 1000
            except lost():
                self._lost_until = self._clock() + _REST
        self._note("store_lost", "subjects")
        return await self._own.add(key, members, most, seconds)


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget of which little is left: travelers seen, how many there may be, and seconds until it begins anew."""

    used: int
    most: int
    seconds: int


class SubjectBudget:
    """Counts travelers in ``seen`` by ``limits``. The store is told digests under ``secret``, and no names.

    ``note`` is told ``subjects_warned`` and ``subjects_refused`` with the purpose.
    """

    def __init__(
        self,
        limits: LimitsPage,
        seen: Seen,
        secret: bytes = b"",
        note: Callable[[str, str], None] = lambda event, of: None,
    ) -> None:
        self._limits = limits
        self._seen = seen
        self._secret = secret
        self._note = note

    async def check(self, caller: Caller) -> None:
        """Nothing while something is left; raises ``RequestError`` ``SUBJECT_BUDGET_SPENT`` (429) when it is not.

        It is asked before anything is fetched, and refuses whatever is asked: so a refusal tells of no record.
        """
        allowed = self._limits.subjects_of(caller.purpose)
        if not allowed.most:
            return
        used, left = await self._seen.add(self._key(caller), (), allowed.most, allowed.seconds)
        if used >= allowed.most:
            raise self._refused(caller, allowed.most, left)

    async def spend(self, caller: Caller, travelers: Collection[str]) -> Spent | None:
        """``travelers`` are counted as seen; what was spent by then once a warning is due, else None.

        Raises ``RequestError`` ``SUBJECT_BUDGET_SPENT`` (429) where they are more than what is left: then none is counted.
        """
        allowed = self._limits.subjects_of(caller.purpose)
        if not allowed.most or not travelers:
            return None
        members = sorted(self._digest(each) for each in travelers)
        used, left = await self._seen.add(self._key(caller), members, allowed.most, allowed.seconds)
        if used > allowed.most:
            raise self._refused(caller, allowed.most, left)
        if not allowed.warn or used < allowed.warn:
            return None
        self._note("subjects_warned", caller.purpose)
        return Spent(used, allowed.most, math.ceil(left))

    def _key(self, caller: Caller) -> str:
        return self._digest(f"{caller.agency}\n{caller.user}\n{caller.purpose}")

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), key=self._secret[:64], digest_size=16).hexdigest()

    def _refused(self, caller: Caller, most: int, left: float) -> RequestError:
        self._note("subjects_refused", caller.purpose)
        return RequestError(
            "SUBJECT_BUDGET_SPENT",
            f"Nobody is given something of more than {most} travelers in this time for this purpose.",
            status=429,
            hint="Ask for fewer people, or again after the time that Retry-After says.",
            retry_after=max(1, math.ceil(left)),
        )
