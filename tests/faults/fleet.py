"""The house as it is deployed, in processes of its own that can be killed, paused, slowed and starved.

One PostgreSQL with the agencies' databases, a server for each subgraph, a Valkey, and two gateways that share nothing
but these and the folder of keys and records. Everything listens on this machine only.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from sqlalchemy.engine import make_url

from tests.faults.way import Way, way
from tests.scenarios.asking import ROOT
from tests.subgraphs.postgres import Server

__all__ = ["Fleet", "Program", "fleet"]

_OPENER = build_opener(ProxyHandler({}))
_PATIENCE = 90.0


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Program:
    """One process: how it is started, where it says that it is well, and what it said."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    address: str = ""
    health: str = ""
    process: subprocess.Popen[bytes] | None = None
    _said: IO[bytes] | None = None

    def start(self) -> None:
        """Start it; :meth:`ready` waits until it is well."""
        if self._said is not None:
            self._said.close()
        self._said = self.log.open("ab")
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=dict(self.environment), stdout=self._said, stderr=subprocess.STDOUT
        )

    def ready(self) -> None:
        """Return once it answers that it is well; raises ``AssertionError`` with what it said when it does not."""
        until = time.monotonic() + _PATIENCE
        while self.health:
            try:
                with _OPENER.open(self.health, timeout=2) as response:
                    if response.status == 200:
                        return
            except (URLError, OSError):
                pass
            over = time.monotonic() > until or (self.process is not None and self.process.poll() is not None)
            if over:
                raise AssertionError(f"{self.name} did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a power cut would: no farewell."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def starve(self) -> None:
        """No file of it may grow any more, as on a full disk."""
        assert self.process is not None
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def feed(self) -> None:
        """There is room again."""
        assert self.process is not None
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    @contextmanager
    def slowed(self, share: float = 0.01, beat: float = 0.2) -> Iterator[None]:
        """It runs ``share`` of the time only, a hundredth: what took a millisecond takes a tenth of a second."""
        over = threading.Event()

        def pulse() -> None:
            while not over.is_set():
                self.signal(signal.SIGSTOP)
                over.wait(beat * (1 - share))
                self.signal(signal.SIGCONT)
                over.wait(beat * share)

        thread = threading.Thread(target=pulse)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        if self._said is not None:
            self._said.close()


@dataclass
class Fleet:
    """Everything that runs, by name."""

    var: Path
    postgres: Server
    store: Program
    subgraphs: dict[str, Program] = field(default_factory=dict)
    gateways: list[Program] = field(default_factory=list)
    ways: dict[str, Way] = field(default_factory=dict)
    balancer: Program | None = None

    @property
    def addresses(self) -> list[str]:
        """Where clients reach the gateways; the last over its way, where it has one."""
        found = [each.address for each in self.gateways]
        if "gateway" in self.ways:
            found[-1] = f"http://127.0.0.1:{self.ways['gateway'].port}"
        return found


@contextmanager
def fleet(
    folder: Path,
    postgres: Server,
    urls: Mapping[str, str],
    store: str,
    *,
    gateways: int = 2,
    events: str = "",
    ways: bool = False,
    more: Mapping[str, str] | None = None,
) -> Iterator[Fleet]:
    """All of it running and well over the databases ``urls``; ``store`` is the Valkey's program. Stopped at the end.

    ``events`` is the NATS server's ``host:port``. With ``ways`` the ways to visas, to the database of admissions, to Valkey, to
    NATS and to the last gateway can be cut, and there is a balancer before the gateways. ``more`` is added to everybody's environment.
    """
    with ExitStack() as closing:
        made = Fleet(folder, postgres, _store(folder, store))
        ports = {name: free_port() for name in urls}
        urls = dict(urls)
        if ways:
            _lay(made, closing, urls, ports, events)
        limits = folder / "limits.toml"
        limits.write_text("[callers]\nrate = 100000\nburst = 100000\n")
        base = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
        base |= {"TWS_MODE": "development", "TWS_KEYS": str(folder / "keys"), "PYTHONPATH": str(ROOT)}
        if events:
            base["TWS_EVENTS"] = f"nats://127.0.0.1:{made.ways['events'].port}" if ways else f"nats://{events}"
        base |= more or {}
        for name, url in urls.items():
            made.subgraphs[name] = _subgraph(name, url, ports[name], folder, base)
        where = {f"TWS_URL_{name.upper()}": f"http://127.0.0.1:{port}/graphql" for name, port in ports.items()}
        if ways:
            where["TWS_URL_VISAS"] = f"http://127.0.0.1:{made.ways['visas'].port}/graphql"
        base |= where | {
            "TWS_TODAY": "2026-11-01T12:00:00+00:00",
            "TWS_LIMITS": str(limits),
            "TWS_VALKEY": f"redis://127.0.0.1:{made.ways['store'].port}" if ways else made.store.address,
            "TWS_LOG": "off",
            "TWS_SUBGRAPH_TIMEOUT": base.get("TWS_SUBGRAPH_TIMEOUT", "1"),
        }
        made.gateways = [_gateway(number, folder, base) for number in range(1, gateways + 1)]
        if ways:
            _balance(made, closing)
        programs = [made.store, *made.subgraphs.values(), *made.gateways, *([made.balancer] if made.balancer else [])]
        for program in programs:
            program.start()
            closing.callback(program.stop)
        for program in programs:
            program.ready()
        yield made


def _lay(made: Fleet, closing: ExitStack, urls: dict[str, str], ports: Mapping[str, int], events: str) -> None:
    """Lay the ways that can be cut."""
    targets = {
        "visas": f"127.0.0.1:{ports['visas']}",
        "database": f"{made.postgres.folder}/.s.PGSQL.5432",
        "store": made.store.address.removeprefix("unix://"),
        "events": events,
    }
    made.ways = {name: closing.enter_context(way(target)) for name, target in targets.items()}
    place = make_url(urls["admissions"]).set(host="127.0.0.1", port=made.ways["database"].port, query={})
    urls["admissions"] = place.render_as_string(hide_password=False)


def _balance(made: Fleet, closing: ExitStack) -> None:
    """A way to the last gateway, and a balancer before both."""
    where = [each.address.removeprefix("http://") for each in made.gateways]
    made.ways["gateway"] = closing.enter_context(way(where[-1]))
    port = str(free_port())
    command = [sys.executable, "-m", "tests.faults.way", port, *where]
    address = f"http://127.0.0.1:{port}"
    made.balancer = Program(
        "balancer", command, dict(os.environ), made.var / "balancer.log", address, f"{address}/health/live"
    )


def _subgraph(name: str, url: str, port: int, folder: Path, environment: Mapping[str, str]) -> Program:
    return Program(
        name,
        [sys.executable, "-m", "uvicorn", f"subgraphs.{name}.app:create_app", "--factory", "--port", str(port),
         "--log-level", "warning"],
        {**environment, f"TWS_DATABASE_URL_{name.upper()}": url},
        folder / f"{name}.log",
        health=f"http://127.0.0.1:{port}/health",
    )  # fmt: skip


def _gateway(number: int, folder: Path, environment: Mapping[str, str]) -> Program:
    port = str(free_port())
    command = [sys.executable, "-m", "gateway", "serve", "--subgraphs", "http", "--port", port, "--var", str(folder)]
    address = f"http://127.0.0.1:{port}"
    log = folder / f"gateway-{number}.log"
    return Program(f"gateway {number}", command, environment, log, address=address, health=f"{address}/health/live")


def _store(folder: Path, program: str) -> Program:
    place = folder / "store.sock"
    command = [program, "--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(folder)]
    return Program("valkey", command, dict(os.environ), folder / "valkey.log", address=f"unix://{place}")
