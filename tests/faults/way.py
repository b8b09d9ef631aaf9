"""A way between two processes that can be cut: what is sent into it then arrives nowhere, and nobody is told.

As a program it is the balancer before the gateways: ``python -m tests.faults.way PORT TARGET...`` passes each connection on
to the next target that takes it.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["Way", "way"]


@dataclass
class Way:
    """Passes connections to ``port`` on to one of ``targets``: ``host:port``, or the path of a socket."""

    targets: Sequence[str]
    port: int = 0
    _whole: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: set[asyncio.StreamWriter] = field(default_factory=set)
    _turn: Iterator[int] = field(default_factory=itertools.count)

    async def serve(self, port: int = 0) -> asyncio.Server:
        """Listen on ``port`` of this machine, any where it is 0."""
        self._whole.set()
        server = await asyncio.start_server(self._pass, "127.0.0.1", port)
        self.port = int(server.sockets[0].getsockname()[1])
        return server

    def cut(self) -> None:
        """From now on nothing arrives on either side; connections stay as they are."""
        self._whole.clear()

    def mend(self) -> None:
        """What was connected is reset, as by a network that comes back; new connections pass."""
        for each in self._lines:
            each.transport.abort()
        self._whole.set()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            await self._whole.wait()
            answers, other = await self._connected()
            self._lines.add(other)
            await asyncio.gather(self._copy(reader, other), self._copy(answers, writer))
        except OSError:
            pass
        finally:
            for each in (writer, other):
                if each is not None:
                    self._lines.discard(each)
                    each.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        first = next(self._turn)
        for step in range(len(self.targets)):
            target = self.targets[(first + step) % len(self.targets)]
            with suppress(OSError):
                if target.startswith("/"):
                    return await asyncio.open_unix_connection(target)
                host, _, port = target.rpartition(":")
                return await asyncio.open_connection(host, int(port))
        raise ConnectionError("nobody takes the connection")

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            await self._whole.wait()
            writer.write(piece)
            await writer.drain()
        writer.close()


@contextmanager
def way(*targets: str) -> Iterator[Way]:
    """A way to ``targets`` on a thread of its own, whole at first."""
    made, loop, ready = Way(targets), asyncio.new_event_loop(), threading.Event()

    async def serve() -> asyncio.Server:
        server = await made.serve()
        ready.set()
        return server

    server = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield _Calling(made, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server.result()), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Calling(Way):
    """The way as seen from another thread than its own."""

    def __init__(self, inner: Way, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(inner.targets, inner.port)
        self._inner, self._loop = inner, loop

    def cut(self) -> None:
        """From now on nothing arrives."""
        self._loop.call_soon_threadsafe(self._inner.cut)

    def mend(self) -> None:
        """It passes again."""
        self._loop.call_soon_threadsafe(self._inner.mend)


async def _closed(server: asyncio.Server) -> None:
    server.close()
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _run(port: int, targets: Sequence[str]) -> None:
    await (await Way(targets).serve(port)).serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), sys.argv[2:]))
