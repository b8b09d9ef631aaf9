"""A gateway that is told to end: not ready at once, answering until others had the time to see that, then gone with 0."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from gateway.composition import SubgraphSDL, compose
from gateway.config import read_settings
from gateway.web.leaving import turn_away
from tests.faults.fleet import Program, free_port
from tests.scenarios.asking import ROOT

BODY = b'{"query":"{ __typename }"}'


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Program]:
    """A gateway that serves on for an hour after it is told to end."""
    composed = compose([SubgraphSDL("shop", "http://127.0.0.1:1/graphql", "type Query { name: String }")])
    graph = tmp_path / "supergraph.graphql"
    graph.write_text(composed.supergraph_sdl)
    address = f"http://127.0.0.1:{free_port()}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    environment |= {"TWS_DRAIN": "3600", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "gateway", "serve", "--supergraph", str(graph), "--policy", "unrestricted"]
    started = Program(
        "gateway", [*command, "--port", address.rpartition(":")[2]], environment, tmp_path / "log", address,
        f"{address}/health/ready",
    )  # fmt: skip
    started.start()
    try:
        started.ready()
        yield started
    finally:
        if started.process is not None and started.process.poll() is None:
            started.kill()
        started.stop()


def _connected(gateway: Program) -> http.client.HTTPConnection:
    place = urlsplit(gateway.address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    connection.connect()
    return connection


def _ask(connection: http.client.HTTPConnection, path: str = "/graphql") -> tuple[int, str | None, dict[str, object]]:
    """Status, what is said of the connection, and the page."""
    if path == "/graphql":
        connection.request("POST", path, BODY, {"content-type": "application/json"})
    else:
        connection.request("GET", path)
    with connection.getresponse() as response:
        return response.status, response.getheader("connection"), orjson.loads(response.read())


def _leaving(gateway: Program) -> None:
    """Tell it to end, and return once it says so."""
    gateway.signal(signal.SIGTERM)
    until = time.monotonic() + 30
    while True:
        with closing(_connected(gateway)) as connection:
            status, _, page = _ask(connection, "/health/ready")
        if status == 503:
            assert page["status"] == "leaving"
            return
        assert time.monotonic() < until, "it does not say that it leaves"


def test_it_says_that_it_leaves_and_answers_until_then_and_ends_with_0(gateway: Program) -> None:
    assert gateway.process is not None
    with closing(_connected(gateway)) as kept, closing(_connected(gateway)) as silent:
        assert _ask(kept)[:2] == (200, None)
        _leaving(gateway)
        with closing(_connected(gateway)) as fresh:
            assert _ask(fresh, "/health/live")[0] == 200
        with closing(_connected(gateway)) as fresh:
            assert _ask(fresh) == (200, "close", {"data": {"__typename": "Query"}})
        assert _ask(kept)[:2] == (200, "close")  # its next request goes where there is a tomorrow
        gateway.signal(signal.SIGTERM)  # the hour is over
        assert _ask(silent)[:2] == (200, "close")  # who was let in is answered
    assert gateway.process.wait(30) == 0, gateway.log.read_text()
    assert "Traceback" not in gateway.log.read_text()


def test_the_key_that_interrupts_does_not_wait(gateway: Program) -> None:
    assert gateway.process is not None
    gateway.signal(signal.SIGINT)
    gateway.process.wait(30)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone can tell a socket what to drop")
def test_who_is_in_line_is_let_in_and_who_comes_later_has_sent_nothing() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        with socket.create_connection(listening.getsockname()) as early, socket.socket() as later:
            turn_away(listening)
            later.settimeout(0.3)
            with pytest.raises(TimeoutError):
                later.connect(listening.getsockname())
            early.sendall(b"asked")
            inside, _ = listening.accept()
            with inside:
                assert inside.recv(5) == b"asked"


def test_a_socket_that_outlives_it_still_takes_who_comes_next(tmp_path: Path) -> None:
    """Whoever gave it the socket may have the next gateway on it already, as `gateway dev` does: nobody is turned away from that."""
    composed = compose([SubgraphSDL("shop", "http://127.0.0.1:1/graphql", "type Query { name: String }")])
    graph = tmp_path / "supergraph.graphql"
    graph.write_text(composed.supergraph_sdl)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    environment |= {"TWS_DRAIN": "0", "PYTHONPATH": str(ROOT)}
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        number = listening.fileno()
        command = [
            "-m",
            "gateway",
            "serve",
            "--supergraph",
            str(graph),
            "--policy",
            "unrestricted",
            "--fd",
            str(number),
        ]
        with subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, pass_fds=[number]) as started:
            try:
                with closing(
                    http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=60)
                ) as connection:
                    assert _ask(connection)[0] == 200
            finally:
                started.terminate()
            assert started.wait(30) == 0
        with socket.create_connection(listening.getsockname(), timeout=10) as later:
            later.sendall(b"asked")
            inside, _ = listening.accept()
            with inside:
                assert inside.recv(5) == b"asked"


def test_time_to_leave_is_what_is_set_else_five_seconds_and_none_in_development() -> None:
    assert read_settings({}).drain_seconds == 5.0
    assert read_settings({"TWS_MODE": "development"}).drain_seconds == 0.0
    assert read_settings({"TWS_MODE": "development", "TWS_DRAIN": "2.5"}).drain_seconds == 2.5
