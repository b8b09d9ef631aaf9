"""A NATS server with JetStream, run for a test, that can be killed and started again where it was."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import cannot_start

__all__ = ["NatsServer", "running_nats"]


def _program() -> str:
    found = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        cannot_start("NATS", "there is no nats-server on the path")
    return found


@dataclass
class NatsServer:
    """A server of this machine, its streams in ``folder``; ``options`` are those of the program."""

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        arguments = ["-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder), *self.options]
        self.process = subprocess.Popen(
            [_program(), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder
        )
        assert self.process.stderr is not None
        said = b""
        for line in self.process.stderr:
            said += line
            if b"Server is ready" in line:
                return
        raise AssertionError(f"nats-server did not start:\n{said.decode()}")

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=10)


@contextmanager
def running_nats(folder: Path, *options: str) -> Iterator[NatsServer]:
    """A server that has started; it is gone at the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = NatsServer(folder, port, options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
