"""Many streams on one gateway process: what one costs, how long one event takes to reach all, and what stays after they close.

Run: ``python -m tests.benchmarks.streams 5000``. The gateway is a process of its own with its seven subgraphs inside, so
their work is in the figures too; every stream is entitled to the event, so each is a decision and a record of its own. Equal
requests to a subgraph at the same time are asked once (``TWS_JOINED=fetches``).
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

import psutil

from tests.benchmarks.revocations import HEARD, OFFICER, PORT, REVOKE, revocable
from tests.scenarios.asking import ROOT, TODAY, seed_world
from tests.web.server import Served, serving

__all__ = ["Figures", "measure"]

_AT_ONCE: Final = 40
"""Streams that are being opened at the same time."""
_PATIENCE: Final = 600.0


@dataclass(slots=True)
class Figures:
    """What was measured. Bytes are the resident set of the gateway's process; the lists have an entry for each round."""

    streams: int
    began: int
    open: list[int] = field(default_factory=list)
    opening: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    gauge: list[float] = field(default_factory=list)

    def shown(self, number: int) -> str:
        """The figures of round ``number`` as lines."""
        before = self.began if number == 0 else self.closed[number - 1]
        each = (self.open[number] - before) / self.streams / 1024
        return "\n".join(
            (
                f"round {number + 1}: {self.streams} streams of server-sent events on one process, {before / 2**20:.0f} MB before",
                f"  opened in {self.opening[number]:.1f} s; {self.open[number] / 2**20:.0f} MB, {each:.1f} kB a stream",
                f"  one event: at the first after {1000 * self.first[number]:.0f} ms, at all after {self.all[number]:.2f} s "
                f"({1000 * self.all[number] / self.streams:.2f} ms each: decided, fetched and on record)",
                f"  closed: {self.gauge[number]:.0f} streams, {self.files[number + 1] - self.files[number]:+d} files, "
                f"{self.closed[number] / 2**20:.0f} MB",
            )
        )


def measure(world: Path, streams: int, rounds: int = 2, told: Callable[[str], Any] = lambda _lines: None) -> Figures:
    """Open, tell and close ``streams`` streams ``rounds`` times over the world at ``world``, which is written to; each round is
    ``told`` when it is over.
    """
    foils = revocable(world, rounds)
    limits = world / "limits.toml"
    written = (ROOT / "schema" / "limits.toml").read_text(encoding="utf-8")
    limits.write_text(re.sub(r"(?m)^(rate|burst) = \d+", r"\1 = 1000000", written), encoding="utf-8")
    environment = {
        "TWS_MODE": "development",
        "TWS_TODAY": TODAY.isoformat(),
        "TWS_DATA": str(world / "data"),
        "TWS_KEYS": str(world / "keys"),
        "TWS_LIMITS": str(limits),
        "TWS_STREAMS": str(streams),
        "TWS_STREAMS_PER_CALLER": str(streams),
        "TWS_JOINED": "fetches",
    }
    with serving("--subgraphs", "asgi", "--var", world, **environment) as gateway:
        return asyncio.run(_rounds(gateway, foils, streams, told))


async def _rounds(gateway: Served, foils: list[str], streams: int, told: Callable[[str], Any]) -> Figures:
    (process,) = (each for each in psutil.Process().children(recursive=True) if "serve" in each.cmdline())
    officer = f"Bearer {gateway.token(OFFICER)}"
    await _close(await _opened(gateway, 1))  # what is made at first use is made
    await _settled(gateway)
    figures = Figures(streams, process.memory_info().rss, files=[process.num_fds()])
    for foil in foils:
        began = time.monotonic()
        clients = await _opened(gateway, streams)
        figures.opening.append(time.monotonic() - began)
        figures.open.append(process.memory_info().rss)
        waiting = [asyncio.ensure_future(_heard(reader, foil)) for reader, _ in clients]
        began = time.monotonic()
        body = {"query": REVOKE, "variables": {"foil": foil}}
        status, made = await asyncio.to_thread(gateway.fetch, "/graphql", body, authorization=officer)
        assert (status, made.get("data")) == (200, {"revokeVisa": {"status": "REVOKED"}}), made
        async with asyncio.timeout(_PATIENCE):
            heard = await asyncio.gather(*waiting)
        figures.first.append(min(heard) - began)
        figures.all.append(max(heard) - began)
        await _close(clients)
        figures.gauge.append(await _settled(gateway))
        figures.closed.append(process.memory_info().rss)
        figures.files.append(process.num_fds())
        told(figures.shown(len(figures.open) - 1))
    return figures


_Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _opened(gateway: Served, streams: int) -> list[_Client]:
    """So many open streams, each past its first beat."""
    token, address, gate = gateway.token(PORT), urlsplit(gateway.address), asyncio.Semaphore(_AT_ONCE)
    body = json.dumps({"query": HEARD}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {token}\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode()

    async def opened() -> _Client:
        async with gate:
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(head + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            assert answered.startswith(b"HTTP/1.1 200"), answered
            await reader.readuntil(b"id: ")
            return reader, writer

    async with asyncio.timeout(_PATIENCE):
        return await asyncio.gather(*(opened() for _ in range(streams)))


async def _heard(reader: asyncio.StreamReader, foil: str) -> float:
    """When the revocation of ``foil`` had come."""
    data = await reader.readuntil(b"event: next\n")
    data = await reader.readuntil(b"\n\n")
    assert foil.encode() in data, data
    return time.monotonic()


async def _close(clients: list[_Client]) -> None:
    for _, writer in clients:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in clients), return_exceptions=True)


async def _settled(gateway: Served) -> float:
    """The number of open streams that the gateway counts, once it is 0 or a while is over."""
    left = -1.0
    for _ in range(100):
        left = await asyncio.to_thread(_streams, gateway)
        if left == 0:
            break
        await asyncio.sleep(0.1)
    return left


def _streams(gateway: Served) -> float:
    found = re.search(r"(?m)^gateway_streams (\S+)$", gateway.text("/metrics"))
    assert found is not None
    return float(found.group(1))


def main(streams: int, rounds: int) -> None:
    """Measure on a fresh small world."""
    with TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        seed_world(world)
        measure(world, streams, rounds, lambda lines: print(lines, flush=True))


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*(given + [5000, 2][len(given) :]))
