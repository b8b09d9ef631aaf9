"""Gateways over HTTP, all started at once and asked in turn: requests per CPU-second of each, and ratios within rounds.

Always: this gateway, the same engine's reference executor on a bare server, and the bound planned by hand. With
``PEERS`` naming a folder that has ``apollo.mjs``, ``hive.sh`` and their ``node_modules``, those as well.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import psutil

from gateway.execution.plain import Plain
from tests.benchmarks.graph import operation, supergraph
from tests.benchmarks.measured import table
from tests.scenarios.asking import ROOT

__all__ = ["Server", "free_port", "running", "side_by_side"]

FACTS, FIRST, CONNECTIONS, ROUNDS, SECONDS = 6, 100, 16, 5, 2.0
_BODY = orjson.dumps({"query": operation(FACTS), "variables": {"first": FIRST}})


@dataclass(slots=True)
class Server:
    """One gateway under load: its process, where it answers, and requests per CPU-second in each round."""

    process: psutil.Process
    port: int
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def cpu(self) -> float:
        """CPU seconds that it and its children have used."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(sum(each.cpu_times()[:2]) for each in family))

    def memory(self) -> float:
        """Megabytes that it and its children hold."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(each.memory_info().rss for each in family)) / 1e6


@contextmanager
def running(
    command: list[str], port: int, environment: Mapping[str, str], folder: Path, where: Path = ROOT
) -> Iterator[Server]:
    """The gateway that ``command`` starts in ``where``, once it listens; its log is in ``folder``. Ended on leaving."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=where, env={**clean, **environment}, stdout=log, stderr=log)
        try:
            _until_open(process, port)
            yield Server(psutil.Process(process.pid), port)
        finally:
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            for each in family:
                each.terminate()
            process.terminate()
            process.wait(20)


def _until_open(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nobody answers at port {port}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _commands(file: str, port: Mapping[str, int]) -> dict[str, list[str]]:
    python = sys.executable
    serve = ["-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--port"]
    found = {
        "this gateway": [python, "-m", "gateway", "serve", "--policy", "unrestricted", "--supergraph", file, "--port", str(port["this gateway"])],
        "reference executor": [python, "-m", "tests.execution.unrestricted_server", "--supergraph", file, "--port", str(port["reference executor"])],
        "bound": [python, *serve, str(port["bound"]), "tests.benchmarks.bound:app"],
    }  # fmt: skip
    if "Apollo Gateway" in port:
        peers = os.environ["PEERS"]
        found["Apollo Gateway"] = ["node", f"{peers}/apollo.mjs", file, str(port["Apollo Gateway"])]
        found["Hive, Rust planner"] = [f"{peers}/hive.sh", "rust", file, str(port["Hive, Rust planner"])]
    return found


async def _load(server: Server, seconds: float, expected: object = None) -> None:
    """Ask by ``CONNECTIONS`` connections for ``seconds``, and note what came of it; ``expected`` is compared once."""
    plain = Plain.to(
        f"http://127.0.0.1:{server.port}/graphql", timeout=30.0, connect_timeout=5.0, max_bytes=10**8, idle=CONNECTIONS
    )
    assert plain is not None
    if expected is not None:
        answer = await plain.post(_BODY, {})
        assert answer is not None
        assert orjson.loads(answer.body) == expected, answer.body[:300]
    waits: list[float] = []
    end = time.perf_counter() + seconds

    async def one() -> None:
        while (start := time.perf_counter()) < end:
            answer = await plain.post(_BODY, {})
            assert answer is not None
            assert answer.status == 200
            waits.append(time.perf_counter() - start)

    before = server.cpu()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    spent = server.cpu() - before
    plain.close()
    waits.sort()
    server.rates.append(len(waits) / max(spent, 1e-3))
    server.p50.append(waits[len(waits) // 2] * 1e3)
    server.p99.append(waits[len(waits) * 99 // 100] * 1e3)


async def _rounds(servers: Mapping[str, Server]) -> None:
    expected: object = None
    for server in servers.values():
        plain = Plain.to(
            f"http://127.0.0.1:{server.port}/graphql", timeout=30.0, connect_timeout=5.0, max_bytes=10**8, idle=1
        )
        assert plain is not None
        answer = await plain.post(_BODY, {})
        assert answer is not None
        plain.close()
        expected = expected or orjson.loads(answer.body)
        await _load(server, SECONDS * 2, expected)  # warm: just-in-time compilers have theirs
    for server in servers.values():
        server.rates.clear()
        server.p50.clear()
        server.p99.clear()
    for turn in range(ROUNDS):
        order = list(servers.values())
        for server in order if turn % 2 == 0 else reversed(order):
            await _load(server, SECONDS)


def side_by_side() -> str:
    """The table; ``ratio`` is how many times more this gateway answers per CPU-second, at the median of rounds."""
    names = ["this gateway", "bound", "reference executor"]
    if os.environ.get("PEERS") and shutil.which("node"):
        names += ["Hive, Rust planner", "Apollo Gateway"]
    with TemporaryDirectory() as scratch, ExitStack() as stack:
        folder, behind = Path(scratch), free_port()
        file = folder / "supergraph.graphql"
        file.write_text(supergraph(FACTS, f"http://127.0.0.1:{behind}"))
        answering = [
            sys.executable,
            "-m",
            "uvicorn",
            "--no-access-log",
            "--log-level",
            "warning",
            "--port",
            str(behind),
        ]
        stack.enter_context(running([*answering, "tests.benchmarks.subgraphs:app"], behind, {}, folder))
        ports = {name: free_port() for name in names}
        commands = _commands(str(file), ports)
        environment = {
            "BENCH_SUBGRAPHS": f"http://127.0.0.1:{behind}", "BENCH_FACTS": str(FACTS), "NODE_ENV": "production",
        }  # fmt: skip
        servers = {
            name: stack.enter_context(running(commands[name], ports[name], environment, folder)) for name in names
        }
        asyncio.run(_rounds(servers))
        ours = servers["this gateway"]
        rows = [
            (
                name,
                statistics.median(server.rates),
                statistics.median([mine / theirs for mine, theirs in zip(ours.rates, server.rates, strict=True)]),
                statistics.median(server.p50),
                statistics.median(server.p99),
                server.memory(),
            )
            for name, server in servers.items()
        ]
    title = f"Side by side over HTTP: {FACTS + 1} requests, {FIRST} items, {CONNECTIONS} connections, {ROUNDS} rounds"
    return table(title, ("gateway", "requests per CPU-s", "ratio", "p50 ms", "p99 ms", "MB"), rows)
