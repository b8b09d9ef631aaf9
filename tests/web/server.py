"""The real gateway in a process of its own: started on a free port, asked over a socket, stopped at the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import orjson

from tests.scenarios.asking import ROOT

__all__ = ["Served", "serving"]

_ADDRESS = re.compile(r"answers at (http://\S+)/graphql")
_OPENER = build_opener(ProxyHandler({}))  # the machine itself is asked, never a proxy


@dataclass(frozen=True, slots=True)
class Served:
    """A running gateway: where it answers, and what it said when it started."""

    address: str
    welcome: str
    pid: int = 0

    def fetch(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and decoded body; a body makes it a POST of JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else orjson.dumps(body)
        request = Request(self.address + path, data, {"content-type": "application/json", **sent})
        try:
            with _OPENER.open(request, timeout=30) as response:
                return response.status, orjson.loads(response.read())
        except HTTPError as refused:
            with refused:
                return refused.code, orjson.loads(refused.read())

    def text(self, path: str) -> str:
        """The body of what is no JSON."""
        with _OPENER.open(self.address + path, timeout=30) as response:
            return str(response.read().decode())

    def token(self, persona: str) -> str:
        """A token of the development issuer."""
        status, page = self.fetch("/dev/token", {"persona": persona})
        assert status == 200, page
        return str(page["token"])


@contextmanager
def serving(*arguments: str | Path, **environment: str) -> Iterator[Served]:
    """``gateway serve`` with ``arguments`` on a free port, as a shell would start it."""
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", *(str(each) for each in arguments)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    with TemporaryFile("w+") as complaints:  # not a pipe: nobody reads the log while the gateway writes it
        process = subprocess.Popen(
            command, cwd=ROOT, env={**clean, **environment}, stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        with process:
            try:
                yield _ready(process, complaints)
            finally:
                process.terminate()
                process.wait(30)


def _ready(process: subprocess.Popen[str], complaints: IO[str]) -> Served:
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if "curl " in line or "nothing is recorded" in line:  # the last line of the welcome
            welcome = "".join(said)
            found = _ADDRESS.search(welcome)
            assert found is not None
            return Served(found.group(1), welcome, process.pid)
    complaints.seek(0)
    raise AssertionError(f"the gateway did not start: {''.join(said)}{complaints.read()}")
