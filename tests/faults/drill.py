"""What the drill of backup and restore needs: the page's own commands, a writer, a listener, and what is in the tables."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import insert, select

from subgraphs.kit.database import Database
from subgraphs.kit.registry import read_registry
from subgraphs.kit.settings import Settings
from subgraphs.visas.tables import Event, VisaApplicationRow, VisaRow
from tests.benchmarks.revocations import HEARD, OFFICER, PORT, REVOKE
from tests.scenarios.asking import ROOT
from tests.web.server import Served

__all__ = ["Officer", "Port", "Shell", "add_visas", "resumed", "revoked", "tables"]

_BLOCK = re.compile(r"<!-- drill: (?P<name>[^>]+) -->\n```sh\n(?P<text>.*?)```", re.DOTALL)
_HOLDERS = "S2400001"


@dataclass(frozen=True)
class Shell:
    """Runs commands as somebody who has the package installed would, under ``environment``."""

    folder: Path
    environment: Mapping[str, str]

    def block(self, name: str) -> str:
        """Run the commands of docs/operations.md under that name; what they printed. Raises when one fails."""
        page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        blocks = {found["name"]: found["text"] for found in _BLOCK.finditer(page)}
        status, said = self.run(blocks[name])
        assert status == 0, f"{name}: {said}"
        return said

    def run(self, text: str) -> tuple[int, str]:
        """Exit code and everything that was said."""
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        for name, command in (("python", ""), ("gateway", "-m gateway ")):
            (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {command}"$@"\n', encoding="utf-8")
            (programs / name).chmod(0o755)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
        environment = {**clean, **self.environment, "PATH": f"{programs}:{clean['PATH']}", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["sh", "-euc", text], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr


@dataclass
class Officer:
    """State's officer, who revokes visas one after the other until told to stop; ``done`` are those acknowledged."""

    gateway: Served
    foils: list[str]
    done: list[str] = field(default_factory=list)
    wrong: list[object] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _more: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Officer:
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join()

    def _work(self) -> None:
        token = f"Bearer {self.gateway.token(OFFICER)}"
        for foil in self.foils:
            if self._over.is_set():
                break
            body = {"query": REVOKE, "variables": {"foil": foil}}
            try:
                status, page = self.gateway.fetch("/graphql", body, authorization=token)
            except OSError:  # it was killed
                break
            if (status, page.get("data")) != (200, {"revokeVisa": {"status": "REVOKED"}}):
                self.wrong.append(page)
                break
            with self._more:
                self.done.append(foil)
                self._more.notify_all()

    def after(self, more: int) -> list[str]:
        """What was acknowledged, once that is ``more`` visas than now."""
        with self._more:
            wanted = len(self.done) + more
            assert self._more.wait_for(lambda: len(self.done) >= wanted or self.wrong, 60), "nothing is revoked"
            assert not self.wrong, self.wrong
            return list(self.done)


@dataclass
class Port:
    """A port that listens; ``heard`` maps what it heard to the cursor that came with it."""

    gateway: Served
    heard: dict[str, str] = field(default_factory=dict)
    first: str = ""
    _connection: http.client.HTTPConnection | None = None
    _thread: threading.Thread | None = None
    _more: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Port:
        self._connection, response = _subscribed(self.gateway)
        assert response.status == 200, response.read()
        self._thread = threading.Thread(target=self._read, args=(response,))
        self._thread.start()
        with self._more:
            assert self._more.wait_for(lambda: self.first, 30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        assert self._connection is not None
        if self._connection.sock is not None:
            with suppress(OSError):  # the gateway is gone
                self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connection.close()

    def _read(self, response: http.client.HTTPResponse) -> None:
        cursor = ""
        with response, suppress(OSError, ValueError, http.client.HTTPException):  # the gateway is gone, or it is over
            while line := response.readline():
                if line.startswith(b"id: "):
                    cursor = line[4:].strip().decode()
                elif line.startswith(b"data: {"):
                    foil = json.loads(line[6:])["data"]["visaRevoked"]["foilNumber"]
                    with self._more:
                        self.heard[foil] = cursor
                        self._more.notify_all()
                with self._more:
                    self.first = self.first or cursor
                    self._more.notify_all()

    def until(self, foil: str) -> str:
        """The cursor of the event about ``foil``, once it was heard."""
        with self._more:
            assert self._more.wait_for(lambda: foil in self.heard, 30), f"{foil} was not heard"
            return self.heard[foil]


def _subscribed(gateway: Served, resume: str = "") -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    address = urlsplit(gateway.address)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "authorization": f"Bearer {gateway.token(PORT)}",
        **({"last-event-id": resume} if resume else {}),
    }
    connection.request("POST", "/graphql", json.dumps({"query": HEARD}), headers)
    return connection, connection.getresponse()


def resumed(gateway: Served, cursor: str) -> tuple[int, str]:
    """Status and code with which a stream from ``cursor`` is refused."""
    connection, response = _subscribed(gateway, cursor)
    try:
        with response:
            page = json.loads(response.read())
        return response.status, str(page["errors"][0]["extensions"]["code"])
    finally:
        connection.close()


def add_visas(settings: Settings, count: int) -> list[str]:
    """The foil numbers of ``count`` more visas of the traveler at the port, each with an application of its own."""
    foils = [f"D{number:07d}" for number in range(count)]

    async def add(database: Database) -> None:
        visas, applications = VisaRow.__table__, VisaApplicationRow.__table__
        async with database.writing() as session:
            visa = dict((await session.execute(select(visas).where(visas.c.foil_number == _HOLDERS))).mappings().one())
            own = applications.c.application_id == visa["application_id"]
            application = dict((await session.execute(select(applications).where(own))).mappings().one())
            for number, foil in enumerate(foils):
                application["application_id"] = visa["application_id"] = f"AAD{number:07d}"
                visa |= {"foil_number": foil, "control_number": f"{99 * 10**12 + number}"}
                await session.execute(insert(VisaApplicationRow), [application])
                await session.execute(insert(VisaRow), [visa])

    asyncio.run(_with(settings, "visas", add))
    return foils


def revoked(settings: Settings) -> tuple[set[str], list[str]]:
    """The added visas that are revoked, and those that the outbox has an event about, in order."""
    found: tuple[set[str], list[str]] = (set(), [])

    async def read(database: Database) -> None:
        async with database.session() as session:
            visas = await session.scalars(select(VisaRow).where(VisaRow.foil_number.like("D%")))
            found[0].update(each.foil_number for each in visas if each.status.name == "REVOKED")
            events = await session.scalars(select(Event).where(Event.kind == "visaRevoked").order_by(Event.id))
            found[1].extend(each.entity_key for each in events)

    asyncio.run(_with(settings, "visas", read))
    return found


def tables(settings: Settings) -> dict[str, str]:
    """A hash of all rows of each table of each agency."""
    hashes: dict[str, str] = {}

    async def read(database: Database) -> None:
        for table in read_registry()[database.schema].load_tables().sorted_tables:
            async with database.session() as session:
                rows = (await session.execute(select(table))).all()
            text = "\n".join(sorted(repr(tuple(row)) for row in rows))
            hashes[f"{database.schema}.{table.name}"] = hashlib.sha256(text.encode()).hexdigest()

    for name in read_registry():
        asyncio.run(_with(settings, name, read))
    return hashes


async def _with(settings: Settings, name: str, work: Callable[[Database], Awaitable[None]]) -> None:
    database = Database(settings.database_url(name), name)
    try:
        await work(database)
    finally:
        await database.dispose()
