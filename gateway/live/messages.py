"""What a stream says to whoever carries it: the next event, a sign of life, the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from gateway.errors import GatewayError

__all__ = ["SLOW_SECONDS", "Beat", "Ended", "Message", "Next", "closing", "first_of", "unavailable"]

SLOW_SECONDS: Final = 30.0
"""A client that takes nothing for so long is let go; nothing is kept for it but its cursor."""


@dataclass(frozen=True, slots=True)
class Next:
    """An event as the client is told of it, on record already."""

    body: bytes
    cursor: str


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing to tell; the line is open. Sent at fixed times, whatever else happens."""

    cursor: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream is over, for a reason where there is one."""

    error: GatewayError | None = None


Message: TypeAlias = Next | Beat | Ended


def closing() -> GatewayError:
    """The error that ends a stream because its process ends."""
    return GatewayError(
        "GATEWAY_CLOSING",
        "This gateway is being stopped.",
        status=503,
        hint="Subscribe again with your last cursor; another replica goes on from there.",
    )


def unavailable() -> GatewayError:
    """The error for events that cannot be had, or not be decided on, for a while."""
    return GatewayError(
        "EVENTS_UNAVAILABLE",
        "The events cannot be had at the moment.",
        status=503,
        hint="Subscribe again a little later, with your last cursor; nothing is lost.",
    )


async def first_of(*waiting: Coroutine[Any, Any, Any]) -> None:
    """Return when the first is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
