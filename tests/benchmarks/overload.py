"""The gateway at four times what it can serve: ``python -m tests.benchmarks.overload [--seconds 8]`` prints a table.

Three processes: a subgraph that says the same to everybody, the gateway, and this one, which sends. First as many requests
as have a place are kept under way: that rate is the peak. Then requests begin at a fixed pace, whatever becomes of those
before: at the peak, and at four times the peak. Health is asked ten times a second throughout. Rates are told by the second
and by the gateway's own CPU second; where others use the machine, only the latter means something.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from gateway.composition import SubgraphSDL, compose

PLACES = 32
ORDERS = 400  # an answer of half a megabyte, sent packed, so that reading it costs this process little
MOST_CONNECTIONS = 500
TRUSTED = 2.0  # seconds that an unused connection is taken to be there; the gateway closes it after five
SDL = """type Query { orders(first: Int): [Order] }
type Order { id: ID! total: Float placed: String lines: [Line] customer: Customer }
type Line { product: String quantity: Int price: Float }
type Customer { id: ID! name: String city: String }"""
QUERY = "{ orders { id total placed lines { product quantity price } customer { id name city } } }"
LIMITS = f"[gateway]\nconcurrent = {PLACES}\nwaiting = 64\npatience = 2.0\n"


def _answer() -> bytes:
    lines = [{"product": f"product {number}", "quantity": number, "price": 9.5} for number in range(12)]
    orders = [
        {"id": str(number), "total": 99.5, "placed": "2026-11-01", "lines": lines,
         "customer": {"id": str(number % 7), "name": "A Customer", "city": "Springfield"}}
        for number in range(ORDERS)
    ]  # fmt: skip
    return json.dumps({"data": {"orders": orders}}).encode()


class _Canned(asyncio.Protocol):
    """Says the same to every request; a request is taken to come in one piece."""

    said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.said)


async def serve_subgraph() -> None:
    """Serve on a free port, which is printed, until standard input ends."""
    body = _answer()
    _Canned.said = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@dataclass
class Load:
    """What became of requests. ``times`` are seconds until an answer, ``bare`` refusals that said not when to come back.

    ``lost`` are requests whose connection ended without an answer.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    health: list[tuple[int, float]] = field(default_factory=list)
    bare: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    lost: int = 0

    @property
    def served(self) -> int:
        return self.statuses[200]

    def quantile(self, part: float) -> float:
        """Milliseconds within which so many of those served had their answer."""
        return 1000 * sorted(self.times)[int(len(self.times) * part)] if self.times else 0.0


class Client:
    """Sends requests to one port over connections that are kept."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.room = asyncio.Semaphore(MOST_CONNECTIONS)
        body = json.dumps({"query": QUERY}).encode()
        self.request = (
            b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
            b"accept-encoding: zstd\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        )

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Status and head of one answer."""
        async with self.room:
            reader, writer = await self._connected()
            try:
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
                await reader.readexactly(length)
            except BaseException:
                writer.transport.abort()
                raise
            self.idle.append((time.monotonic(), reader, writer))
            return int(head[9:12]), head

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self.idle:
            since, reader, writer = self.idle.pop()
            if time.monotonic() - since < TRUSTED:
                return reader, writer
            writer.transport.abort()
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)

    async def ask(self, load: Load) -> None:
        """One query."""
        began = time.perf_counter()
        try:
            status, head = await self.exchange(self.request)
        except (OSError, asyncio.IncompleteReadError):
            load.lost += 1
            return
        load.statuses[status] += 1
        if status == 200:
            load.times.append(time.perf_counter() - began)
        elif b"\r\nretry-after:" not in head:
            load.bare += 1

    async def watch_health(self, load: Load) -> None:
        """Ask for the gateway's health, ten times a second, until cancelled."""
        while True:
            began = time.perf_counter()
            status, _ = await self.exchange(b"GET /health/ready HTTP/1.1\r\nhost: gateway\r\n\r\n")
            load.health.append((status, time.perf_counter() - began))
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Leave."""
        for _, _, writer in self.idle:
            writer.transport.abort()
        await asyncio.sleep(0)  # connections are told of their end by the loop


async def measured(client: Client, gateway: psutil.Process, run: Callable[[Load], Awaitable[None]]) -> Load:
    """What became of the requests that ``run`` sends, and what they cost the gateway."""
    load, doctor = Load(), Client(client.port)
    watching = asyncio.ensure_future(doctor.watch_health(load))
    before, began = gateway.cpu_times(), time.perf_counter()
    await run(load)
    after, load.seconds = gateway.cpu_times(), time.perf_counter() - began
    load.cpu = after.user + after.system - before.user - before.system
    watching.cancel()
    await asyncio.wait([watching])
    await doctor.close()
    return load


async def kept_busy(client: Client, load: Load, seconds: float) -> None:
    """As many requests under way as have a place."""
    until = time.perf_counter() + seconds

    async def one_after_another() -> None:
        while time.perf_counter() < until:
            await client.ask(load)

    await asyncio.gather(*(one_after_another() for _ in range(PLACES)))


async def at_pace(client: Client, load: Load, seconds: float, rate: float) -> None:
    """A request every ``1 / rate`` seconds, whatever becomes of those before."""
    began, asking = time.perf_counter(), set()
    for number in range(int(seconds * rate)):
        late = began + number / rate - time.perf_counter()
        if late > 0:
            await asyncio.sleep(late)
        task = asyncio.ensure_future(client.ask(load))
        asking.add(task)
        task.add_done_callback(asking.discard)
    if asking:
        await asyncio.wait(asking)


@contextlib.contextmanager
def gateway_process(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """A gateway over the canned subgraph: its port and its process."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.overload", "--subgraph"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as subgraph:
        assert subgraph.stdout is not None
        assert subgraph.stdin is not None
        port = int(subgraph.stdout.readline())
        graph = compose([SubgraphSDL("orders", f"http://127.0.0.1:{port}/graphql", SDL)]).supergraph_sdl
        (folder / "supergraph.graphql").write_text(graph)
        (folder / "limits.toml").write_text(LIMITS)
        command = [sys.executable, "-m", "gateway", "serve", "--supergraph", str(folder / "supergraph.graphql"),
                   "--policy", "unrestricted", "--port", "0"]  # fmt: skip
        environment = {**os.environ, "TWS_LIMITS": str(folder / "limits.toml"), "COLUMNS": "200"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as serving:
            assert serving.stdout is not None
            try:
                listening = int(serving.stdout.readline().decode().rpartition(":")[2].partition("/")[0])
                yield listening, psutil.Process(serving.pid)
            finally:
                serving.terminate()
                subgraph.stdin.close()


async def _ready(port: int) -> None:
    for _ in range(600):
        client = Client(port)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            status, _ = await client.exchange(b"GET /health/ready HTTP/1.1\r\nhost: gateway\r\n\r\n")
            await client.close()
            if status == 200:
                return
        await asyncio.sleep(0.1)
    raise SystemExit("the gateway does not become ready")


def row(name: str, load: Load, peak: Load) -> str:
    """One line of the table."""
    well = sum(status == 200 for status, _ in load.health)
    slowest = 1000 * max(seconds for _, seconds in load.health)
    by_cpu, peak_by_cpu = load.served / load.cpu, peak.served / peak.cpu
    return (
        f"| {name} | {sum(load.statuses.values()) / load.seconds:.0f} | {load.served / load.seconds:.0f} | {by_cpu:.0f} "
        f"| {100 * by_cpu / peak_by_cpu:.0f} % | {load.statuses[503]} | {load.bare} "
        f"| {load.quantile(0.5):.0f} / {load.quantile(0.99):.0f} | {well} of {len(load.health)}, {slowest:.0f} |"
    )


@dataclass
class Run:
    """What became of the three loads."""

    peak: Load
    level: Load
    flood: Load

    @property
    def kept(self) -> bool:
        """Whether the gateway served under the flood what it serves at its peak, less a tenth, for the CPU it used."""
        return self.flood.served / self.flood.cpu >= 0.9 * self.peak.served / self.peak.cpu

    @property
    def healthy(self) -> bool:
        """Whether its health was told whenever it was asked for."""
        return all(status == 200 for load in (self.peak, self.level, self.flood) for status, _ in load.health)

    @property
    def others(self) -> list[int]:
        """Statuses that are neither an answer nor a refusal; 0 where there was no answer at all."""
        loads = (self.peak, self.level, self.flood)
        found = {status for load in loads for status in load.statuses} | {0 for load in loads if load.lost}
        return sorted(found - {200, 503})

    def table(self) -> str:
        """The figures."""
        head = (
            "| | asked/s | served/s | served per CPU-s | of peak | shed (503) | without Retry-After | ms p50 / p99 "
            "| health: 200s, slowest ms |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
        )
        named = (
            ("peak: all places taken", self.peak),
            ("at the peak's pace", self.level),
            ("four times that", self.flood),
        )
        return "\n".join((head, *(row(name, load, self.peak) for name, load in named)))


async def overloaded(seconds: float) -> Run:
    """The three loads, one after another, each for so many seconds."""
    with tempfile.TemporaryDirectory() as folder, gateway_process(Path(folder)) as (port, gateway):
        await _ready(port)
        client = Client(port)
        await kept_busy(client, Load(), seconds / 4)
        peak = await measured(client, gateway, lambda load: kept_busy(client, load, seconds))
        rate = peak.served / peak.seconds
        level = await measured(client, gateway, lambda load: at_pace(client, load, seconds, rate))
        flood = await measured(client, gateway, lambda load: at_pace(client, load, seconds, 4 * rate))
        await client.close()
    return Run(peak, level, flood)


def main() -> None:
    """Run it."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seconds", type=float, default=8.0)
    given.add_argument("--subgraph", action="store_true", help=argparse.SUPPRESS)
    options = given.parse_args()
    if options.subgraph:
        asyncio.run(serve_subgraph())
        return
    run = asyncio.run(overloaded(options.seconds))
    print(run.table())
    print(f"within a tenth of the peak: {run.kept}; health always told: {run.healthy}; other statuses: {run.others}")
    raise SystemExit(0 if run.kept and run.healthy and not run.others and not run.flood.bare else 1)


if __name__ == "__main__":
    main()
