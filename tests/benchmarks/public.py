"""The public gateways benchmark, whole: ``python -m tests.benchmarks.public KIT [rates] [memory]``, or ``make compare``.

``KIT`` is the folder of the benchmark (docs/performance.md says what is in it). Every gateway is pinned to the first core,
subgraphs and load (``wrk``) to the second. All are started at once, warmed until each has used ``WARM`` seconds of CPU, and
asked in turn; each answer's bytes are compared with the benchmark's before and after.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.benchmarks.measured import table
from tests.benchmarks.side_by_side import Server, free_port, running
from tests.scenarios.asking import ROOT

__all__ = ["memory", "rates"]

ROUNDS, SECONDS, WARM = int(os.environ.get("ROUNDS", "5")), 3, 4.0
_SMALL: Final = b'{"query":"{ __typename }"}'
_OURS: Final = "this gateway"
_Command = tuple[list[str], dict[str, str]]


@dataclass(slots=True)
class _Heard:
    """What rounds of one gateway came to; ``cold`` is the first request's milliseconds of CPU."""

    cold: float
    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    failed: int = 0


def _ours(kit: Path, port: int, shared: bool) -> _Command:
    file = str(kit / "supergraph.graphql")
    command = [sys.executable, "-m", "gateway", "serve", "--supergraph", file, "--policy", "unrestricted"]
    return [*command, "--port", str(port)], {"PYTHONPATH": str(ROOT), "TWS_JOINED": "answers" if shared else "off"}


def _commands(kit: Path, ports: Mapping[str, int], shared: bool) -> dict[str, _Command]:
    """How each is started, and its environment."""
    file, planned = str(kit / "supergraph.graphql"), {"APP": "starlette", "CLIENT": "pyreqwest", "EXEC": "structs"}
    planned |= {"GCMODE": "high", "PYTHON": sys.executable, "DEDUPE": "1" if shared else "0"}
    suffix = "-dedupe" if shared else ""
    return {
        _OURS: _ours(kit, ports[_OURS], shared),
        "bound": ([str(kit / "bound/run.sh"), str(ports["bound"])], planned),
        "Hive, Rust planner": ([str(kit / "peers/hive.sh"), "rust" + suffix, file, str(ports["Hive, Rust planner"])], {}),
        "Hive, JavaScript": ([str(kit / "peers/hive.sh"), "js" + suffix, file, str(ports["Hive, JavaScript"])], {}),
        "Apollo Gateway": (["node", str(kit / "peers/apollo.mjs"), file, str(ports["Apollo Gateway"])], {"NODE_ENV": "production"}),
    }  # fmt: skip


def _check(server: Server, body: bytes, expected: object) -> None:
    """Ask once. Raises ``RuntimeError`` where the answer is not the expected one."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/graphql", body, {"content-type": "application/json", "accept": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    if answer != expected:
        raise RuntimeError(f"a wrong answer at port {server.port}: {str(answer)[:300]}")


def _load(kit: Path, server: Server, body: Path, connections: int, seconds: int) -> dict[str, Any]:
    """What ``wrk`` tells of ``seconds`` of load."""
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s"]
    command += [str(kit / "load.lua"), f"http://127.0.0.1:{server.port}/graphql"]
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=kit, env={**os.environ, "BODY": str(body)}
    )
    line = next(line for line in told.stdout.splitlines() if line.startswith("JSON "))
    page: dict[str, Any] = json.loads(line[5:])
    return page


def rates(kit: Path, connections: int, *, shared: bool) -> str:
    """The table of one mode: ``ratio`` is how many times more this gateway answers per CPU-second, at the median of rounds."""
    body, expected = kit / "body.json", json.loads((kit / "expected.json").read_bytes())
    names = [_OURS, "bound", "Hive, Rust planner", "Hive, JavaScript"] + ([] if shared else ["Apollo Gateway"])
    ports = {name: free_port() for name in (*names, "Apollo Gateway")}
    commands, heard = _commands(kit, ports, shared), dict[str, _Heard]()
    with TemporaryDirectory() as scratch, ExitStack() as stack:
        servers = dict[str, Server]()
        for name in names:
            command, environment = commands[name]
            pinned = ["taskset", "-c", "0", *command]
            servers[name] = stack.enter_context(running(pinned, ports[name], environment, Path(scratch), kit))
        for name, server in servers.items():
            began = _nanoseconds(server)
            _check(server, body.read_bytes(), expected)
            heard[name] = _Heard((_nanoseconds(server) - began) / 1e6)
        for server in servers.values():
            goal, tries = server.cpu() + WARM, 0
            while server.cpu() < goal and tries < 40:
                _load(kit, server, body, 16, 2)
                tries += 1
        for turn in range(ROUNDS):
            order = list(servers.items())
            for name, server in order if turn % 2 == 0 else reversed(order):
                before = server.cpu()
                told = _load(kit, server, body, connections, SECONDS)
                _note(heard[name], told, server.cpu() - before)
        for server in servers.values():
            _check(server, body.read_bytes(), expected)
        held = {name: server.memory() for name, server in servers.items()}
    ours = heard[_OURS].rate
    rows = [
        (
            name,
            statistics.median(each.rate),
            statistics.median([mine / theirs for mine, theirs in zip(ours, each.rate, strict=True)]),
            statistics.median(each.p50),
            statistics.median(each.p99),
            held[name],
            each.cold,
            each.failed,
        )
        for name, each in heard.items()
    ]
    mode = "equal requests shared" if shared else "nothing shared"
    head = ("gateway", "requests per CPU-s", "ratio", "p50 ms", "p99 ms", "MB", "first request, CPU ms", "failed")
    return table(f"Public benchmark, {connections} connections, {mode}, {ROUNDS} rounds", head, rows)


def _nanoseconds(server: Server) -> int:
    """CPU time of its processes' threads, which one request is too short for ``Server.cpu`` to tell."""
    family = [server.process, *server.process.children(recursive=True)]
    threads = (each for process in family for each in Path(f"/proc/{process.pid}/task").iterdir())
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads)


def _note(heard: _Heard, told: Mapping[str, Any], spent: float) -> None:
    heard.rate.append(
        max(told["requests"], 1) / max(spent, 1e-3)
    )  # one that is stuck for a round has a ratio all the same
    heard.p50.append(told["p50_us"] / 1e3)
    heard.p99.append(told["p99_us"] / 1e3)
    heard.failed += sum(count for name, count in told.items() if name.startswith("err_"))


def memory(kit: Path, body: Path, requests: int, connections: int) -> str:
    """What this gateway's process holds in MB before, and after each fifth of so many ``requests``; nothing is shared."""
    port, rows = free_port(), list[tuple[str, float]]()
    command, environment = _ours(kit, port, False)
    with (
        TemporaryDirectory() as scratch,
        running(["taskset", "-c", "0", *command], port, environment, Path(scratch)) as server,
    ):
        rows.append(("0", server.memory()))
        done = 0
        for fifth in range(1, 6):
            while done < requests * fifth // 5:
                answered = _load(kit, server, body, connections, 5)["requests"]
                if not answered:
                    raise RuntimeError("no answers")
                done += answered
            rows.append((f"{done:,}", server.memory()))
    return table(f"Memory over {requests:,} requests of {body.name}", ("requests", "MB"), rows)


def main() -> None:
    """Print what is named: ``rates``, ``memory``; both where nothing is."""
    kit, parts = Path(sys.argv[1]).resolve(), sys.argv[2:] or ["rates", "memory"]
    if missing := [each for each in ("wrk", "taskset", "node") if shutil.which(each) is None]:
        raise SystemExit(f"The public benchmark needs {', '.join(missing)}.")
    subprocess.run([kit / "subgraphs.sh", "start"], check=True, cwd=kit)
    try:
        if "rates" in parts:
            print(rates(kit, 16, shared=False), flush=True)
            print(rates(kit, 50, shared=True), flush=True)
        if "memory" in parts:
            print(memory(kit, kit / "body.json", 100_000, 16), flush=True)
            with TemporaryDirectory() as scratch:
                small = Path(scratch) / "small.json"
                small.write_bytes(_SMALL)
                print(memory(kit, small, 1_000_000, 16), flush=True)
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run([kit / "subgraphs.sh", "stop"], check=True, cwd=kit)


if __name__ == "__main__":
    main()
