"""A port that listens through every fault, and the officer whose revocations it has to hear of: each once."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import orjson

from tests.benchmarks.revocations import HEARD, REVOKE
from tests.faults.load import Asked, ask

__all__ = ["Revoking", "Watch"]

SILENCE = 4.0
"""Seconds without a beat after which the port subscribes anew; beats come every second here."""


@dataclass
class _Going:
    """Something that goes on, on a thread of its own, for as long as the block lasts."""

    addresses: Sequence[str]
    token: str
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def _go(self) -> None:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._go)
        self._thread.start()


@dataclass
class Revoking(_Going):
    """An officer who revokes one visa after the other; what was ``acknowledged``. One that was not may have been revoked too."""

    foils: Sequence[str] = ()
    acknowledged: list[str] = field(default_factory=list)

    def __enter__(self) -> Revoking:
        self._start()
        return self

    def _go(self) -> None:
        for number, foil in enumerate(self.foils):
            if self._over.wait(0.2):
                break
            body = orjson.dumps({"query": REVOKE, "variables": {"foil": foil}})
            try:
                status, told = ask(self.addresses[number % len(self.addresses)], Asked("revoke", self.token, body))
            except OSError:
                continue
            if status == 200 and orjson.loads(told).get("data") == {"revokeVisa": {"status": "REVOKED"}}:
                self.acknowledged.append(foil)

    def until(self, count: int, patience: float = 60.0) -> None:
        """Return once ``count`` visas were revoked; raises ``AssertionError`` where the patience ends before."""
        until = time.monotonic() + patience
        while len(self.acknowledged) < count:
            assert time.monotonic() < until, "nothing is revoked"
            time.sleep(0.05)


@dataclass
class Watch(_Going):
    """The port: it goes on after its last cursor, at the next address, whenever its stream ends or falls silent."""

    heard: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    turns: int = 0
    _cursor: str = ""

    def again(self) -> None:
        """Let it go on where it was, once more."""
        self._over = threading.Event()

    def __enter__(self) -> Watch:
        self._start()
        until = time.monotonic() + 30
        while not self._cursor:
            assert time.monotonic() < until, "no stream could be opened"
            time.sleep(0.05)
        return self

    def _go(self) -> None:
        while not self._over.is_set():
            with suppress(OSError, ValueError, http.client.HTTPException):  # where it was is in the cursor
                self._listen(self.addresses[self.turns % len(self.addresses)])
            self.turns += 1
            self._over.wait(0.1)

    def _listen(self, address: str) -> None:
        place = urlsplit(address)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=SILENCE)
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream",
            "authorization": f"Bearer {self.token}",
            **({"last-event-id": self._cursor} if self._cursor else {}),
        }
        try:
            connection.request("POST", "/graphql", json.dumps({"query": HEARD}), headers)
            with connection.getresponse() as response:
                if response.status == 200:
                    self._read(response)
                else:
                    self.ended.append(str(json.loads(response.read())["errors"][0]["extensions"]["code"]))
        finally:
            connection.close()

    def _read(self, response: http.client.HTTPResponse) -> None:
        block: dict[bytes, bytes] = {}
        while not self._over.is_set() and (line := response.readline()):
            name, _, value = line.strip().partition(b": ")
            if name:
                block[name] = value
                continue
            page = json.loads(block[b"data"]) if block.get(b"data") else {}
            if "errors" in page:
                self.ended.append(str(page["errors"][0]["extensions"]["code"]))
            elif page:
                self.heard.append(page["data"]["visaRevoked"]["foilNumber"])
            if b"id" in block:
                self._cursor = block[b"id"].decode()
            block = {}

    def until(self, count: int, patience: float = 60.0) -> list[str]:
        """What was heard, once it is ``count`` events, or the patience is over."""
        until = time.monotonic() + patience
        while len(self.heard) < count and time.monotonic() < until:
            time.sleep(0.05)
        return list(self.heard)
