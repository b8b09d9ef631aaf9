"""A PostgreSQL server with the seven agencies' databases filled with many travelers, kept in a folder between runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from subgraphs.kit.registry import read_registry
from subgraphs.kit.seed import World, fill
from subgraphs.kit.settings import Settings
from tests.scenarios.asking import TODAY
from tests.subgraphs.postgres import PROGRAMS, Server, agencies, run_as_postgres

__all__ = ["filled", "kept"]

OPTIONS = "-c shared_buffers=1GB -c effective_cache_size=4GB -c max_wal_size=4GB -c random_page_cost=1.1 -c log_min_duration_statement=200"


@contextmanager
def kept(folder: Path) -> Iterator[Server]:
    """The server whose data is in ``folder``, made at first use; stopped at the end, its data kept."""
    made = Server(folder, OPTIONS)
    if not (folder / "data").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        run_as_postgres(
            str(PROGRAMS / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "--auth=trust", "-E", "UTF8"
        )
    made.start()
    try:
        yield made
    finally:
        made.stop("fast")  # it is started again, and should not have to recover first


def filled(server: Server, travelers: int, told: Callable[[str], object] = print) -> Mapping[str, str]:
    """The agencies' addresses on ``server``, with the first ``travelers`` of the world ``load`` in them; analyzed."""
    addresses = agencies(server.url)
    began = time.monotonic()

    def tick(count: int) -> None:
        if count % 10_000 == 0:
            told(f"{count:,} of {travelers:,} travelers after {time.monotonic() - began:.0f} s")

    world = World(scale="load", today=TODAY, travelers=travelers)
    written = asyncio.run(fill(Settings(database_urls=addresses), read_registry().values(), world, tick))
    if any(written.values()):
        asyncio.run(_analyze(addresses))
        told(f"{sum(written.values()):,} rows in {time.monotonic() - began:.0f} s, analyzed")
        told(f"{_size(server.folder):.1f} GB on disk")
    return addresses


async def _analyze(addresses: Mapping[str, str]) -> None:
    for url in addresses.values():
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text("vacuum analyze"))
        await engine.dispose()


def _size(folder: Path) -> float:
    said = subprocess.run(["du", "-sk", str(folder)], check=True, capture_output=True, text=True)
    return int(said.stdout.split()[0]) / 1024 / 1024
