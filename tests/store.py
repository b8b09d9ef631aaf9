"""A store that gateways share, run for a test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import cannot_start

__all__ = ["running_store"]


@contextmanager
def running_store(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The URL and the process of a Valkey or Redis that listens on a socket in ``folder``."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        cannot_start("Valkey or Redis", "there is no valkey-server or redis-server on the path")
    socket = folder / "s"
    arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder), "--daemonize", "no"]
    with subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"ready to accept connections" in line.lower():
                break
        try:
            yield f"unix://{socket}", process
        finally:
            process.terminate()
            process.communicate(timeout=10)
