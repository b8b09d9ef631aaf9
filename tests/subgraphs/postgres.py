"""A throwaway PostgreSQL server for tests, from the programs the machine has; nothing is downloaded."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from subgraphs.kit.database import Database
from subgraphs.kit.migrate import upgrade
from subgraphs.kit.registry import Entry, read_registry

__all__ = ["PROGRAMS", "Databases", "Server", "agencies", "run_as_postgres", "running", "server", "why_not"]

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def why_not() -> str:
    """Why PostgreSQL cannot be started here; empty when it can."""
    if not (PROGRAMS / "initdb").exists():
        return f"PostgreSQL's programs are not in {PROGRAMS}"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL refuses to run as root and there is no runuser"
    return ""


def run_as_postgres(*command: str) -> None:
    """Run one of PostgreSQL's programs as whom it wants to be run; raises ``CalledProcessError``."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")


@dataclass(frozen=True)
class Server:
    """A throwaway server: its SQLAlchemy address (database ``postgres``), and starting and stopping it."""

    folder: Path
    more: str = ""  # further options of the server's own

    @property
    def url(self) -> str:
        """Where it is reached: through a socket only."""
        return f"postgresql+asyncpg://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c max_connections=200"
        options += f" -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off {self.more}"
        log = str(self.folder / "log")
        run_as_postgres(
            str(PROGRAMS / "pg_ctl"), "-D", str(self.folder / "data"), "-l", log, "-w", "-t", "600", "-o", options,
            "start",
        )  # fmt: skip

    def signal(self, number: int) -> None:
        """Send a signal to all of its processes."""
        first = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split("\n")[0]))
        for each in (first, *first.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)

    def stop(self, how: str = "immediate") -> None:
        """Stop it: at once, as a crash would, or ``fast``, with what it has to write written."""
        run_as_postgres(str(PROGRAMS / "pg_ctl"), "-D", str(self.folder / "data"), "-m", how, "-w", "-t", "600", "stop")


@contextmanager
def running(more: str = "") -> Iterator[Server]:
    """A fresh server, with ``more`` options of its own; stopped and gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tws-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    made = Server(folder, more)
    data = str(folder / "data")
    try:
        run_as_postgres(
            str(PROGRAMS / "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync"
        )
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server() -> Iterator[str]:
    """The address of a fresh server (database ``postgres``), reachable through a socket only."""
    with running() as made:
        yield made.url


def agencies(url: str) -> dict[str, str]:
    """The addresses of a database for each subgraph on the server at ``url``, made where there is none."""

    async def make() -> None:
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            there = set(await connection.scalars(text("select datname from pg_database")))
            for name in read_registry():
                if name not in there:
                    await connection.execute(text(f'create database "{name}"'))
        await engine.dispose()

    asyncio.run(make())
    address = make_url(url)
    return {name: address.set(database=name).render_as_string(hide_password=False) for name in read_registry()}


@dataclass
class Databases:
    """Migrated, empty databases of one server; given back, they are emptied and used again: that is faster than new."""

    server: str
    free: dict[str, list[str]] = field(default_factory=dict)
    made: int = 0

    async def take(self, entry: Entry) -> str:
        """The address of an empty database of the subgraph."""
        free = self.free.setdefault(entry.name, [])
        if not free:
            return await self._make(entry)
        url = free.pop()
        tables = ", ".join(f'"{entry.name}"."{table.name}"' for table in entry.load_tables().sorted_tables)
        await self._run(url, f"truncate {tables} restart identity cascade")
        return url

    def give_back(self, entry: Entry, url: str) -> None:
        """Nobody uses the database any more."""
        self.free.setdefault(entry.name, []).append(url)

    async def _make(self, entry: Entry) -> str:
        self.made += 1
        name = f"test_{self.made}"
        await self._run(self.server, f'create database "{name}"')
        url = make_url(self.server).set(database=name).render_as_string(hide_password=False)
        database = Database(url, entry.name)
        try:
            await upgrade(database, entry)
        finally:
            await database.dispose()
        return url

    async def _run(self, url: str, statement: str) -> None:
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()
