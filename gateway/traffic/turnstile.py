"""The turnstile: lets each user in at the rate of the user's role."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

from gateway.caller import Caller
from gateway.errors import RequestError
from gateway.limits import LimitsPage
from gateway.traffic.buckets import Buckets

__all__ = ["Turnstile"]


class Turnstile:
    """Meters callers in ``buckets`` by ``limits``; ``note`` is told ``rate_limited`` for each who is sent away."""

    def __init__(
        self, limits: LimitsPage, buckets: Buckets, note: Callable[[str, str], None] = lambda event, of: None
    ) -> None:
        self._limits = limits
        self._buckets = buckets
        self._note = note
        self.meters_addresses = bool(limits.caller("").rate)

    async def admit(self, caller: Caller) -> None:
        """Nothing, when ``caller`` may ask now. Raises ``RequestError`` RATE_EXCEEDED (429).

        One user has one bucket, whatever purposes and cases the tokens name.
        """
        await self._pass(f"{caller.agency}\n{caller.user}", caller.role)

    async def admit_address(self, address: str) -> None:
        """The same for whoever asks from ``address`` where nobody shows a token."""
        await self._pass(f"\n{address}", "")

    async def _pass(self, who: str, role: str) -> None:
        allowed = self._limits.caller(role)
        if not allowed.rate:
            return
        # the store is told a digest and no name
        key = hashlib.blake2b(who.encode(), digest_size=16).hexdigest()
        wait = await self._buckets.take(key, allowed.rate, allowed.burst)
        if wait:
            self._note("rate_limited", role)
            raise RequestError(
                "RATE_EXCEEDED",
                f"You ask more often than {allowed.rate:g} times a second.",
                status=429,
                hint="Ask again after the time that Retry-After says.",
                retry_after=math.ceil(wait),
            )
