"""A subscription of a graph that governs nothing: what its subgraph says by itself, completed and passed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import GatewayError
from gateway.live.messages import Beat, Ended, Message, Next, closing

__all__ = ["Relay"]


@dataclass(frozen=True, slots=True)
class Relay:
    """Passes results on. ``complete`` makes the bytes of one; a beat every ``beat`` seconds by ``ticks``."""

    complete: Callable[[Mapping[str, Any]], Awaitable[bytes]]
    beat: float
    ticks: Callable[[], float]
    pause: Callable[[float], Coroutine[Any, Any, None]]
    stopping: asyncio.Event

    async def messages(self, results: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[Message]:
        """The messages of the stream; the subgraph's end is its end."""
        due = self.ticks() + self.beat
        yield Beat("")
        stop = asyncio.ensure_future(self.stopping.wait())
        result: asyncio.Future[Mapping[str, Any]] = asyncio.ensure_future(_next(results))
        try:
            while True:
                pause = asyncio.ensure_future(self.pause(max(0.0, due - self.ticks())))
                try:
                    waited: set[asyncio.Future[Any]] = {stop, result, pause}
                    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
                if stop.done():
                    raise closing()
                if result.done():
                    page = result.result()
                    yield Next(await self.complete(page), "")
                    result = asyncio.ensure_future(_next(results))
                if self.ticks() >= due:
                    due = self.ticks() + self.beat
                    yield Beat("")
        except StopAsyncIteration:
            yield Ended()
        except GatewayError as error:
            yield Ended(error)
        finally:
            for task in (stop, result):
                task.cancel()
            await asyncio.gather(stop, result, return_exceptions=True)


async def _next(results: AsyncIterator[Mapping[str, Any]]) -> Mapping[str, Any]:
    return await anext(results)
