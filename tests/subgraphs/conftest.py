"""Fixtures: ``subgraph(name, rows)`` gives a running subgraph with a fresh, migrated database that holds ``rows``.

Every test that uses it runs on SQLite, and on PostgreSQL as well when ``TWS_TEST_POSTGRES=1`` (marker ``postgres``).
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.identity import SigningKey
from subgraphs.kit.app import make_app
from subgraphs.kit.database import Database
from subgraphs.kit.migrate import upgrade
from subgraphs.kit.registry import read_registry
from subgraphs.kit.settings import Settings
from tests.subgraphs.harness import NOW, Asked, Denies
from tests.subgraphs.postgres import server, why_not
from tests.support import cannot_start

SubgraphFactory: TypeAlias = Callable[..., Awaitable[Asked]]
ENTRIES = read_registry()
BACKENDS: list[Any] = ["sqlite"]
if os.environ.get("TWS_TEST_POSTGRES"):
    BACKENDS.append(pytest.param("postgres", marks=pytest.mark.postgres))
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of migrated, empty SQLite files, one per subgraph asked for."""
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A throwaway PostgreSQL server for the session."""
    if reason := why_not():
        cannot_start("PostgreSQL", reason)
    with server() as url:
        yield url


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """The gateway's key in tests."""
    return SigningKey.generate()


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path, templates: Path) -> Callable[[str], Awaitable[str]]:
    """A function that makes a migrated, empty database for a subgraph and gives its address."""
    backend: str = request.param
    server_url: str = request.getfixturevalue("postgres_url") if backend == "postgres" else ""

    async def make(name: str) -> str:
        if backend == "postgres":
            return await _postgres_database(server_url, name)
        template = templates / f"{name}.sqlite3"
        if not template.exists():
            await _migrate(f"sqlite+aiosqlite:///{template}", name)
        copy = tmp_path / f"{name}-{next(_numbers)}.sqlite3"
        shutil.copyfile(template, copy)
        return f"sqlite+aiosqlite:///{copy}"

    return make


@pytest.fixture
async def subgraph(
    database_url: Callable[[str], Awaitable[str]], signing_key: SigningKey, tmp_path: Path
) -> AsyncIterator[SubgraphFactory]:
    """The factory ``await subgraph(name, rows, policy=Denies(...))``; closes every database at the end."""
    made: list[Asked] = []

    async def make(name: str, rows: Iterable[Any] = (), *, policy: Denies | None = None, **more: Any) -> Asked:
        entry = ENTRIES[name]
        url = await database_url(name)
        policy = policy or Denies()
        settings = Settings(
            data=tmp_path,
            keys=tmp_path,
            policy=tmp_path / "policy",
            supergraph=tmp_path / "supergraph.graphql",
            database_urls={name: url},
            cursor_secret="test secret",
        )
        app = make_app(
            name,
            entry.load_schema(),
            settings,
            events=entry.load_events(),
            keys=signing_key.public(),
            policy=policy,
            clock=lambda: NOW,
            **more,
        )
        asked = Asked(app, app.state.subgraph, signing_key, policy)
        made.append(asked)
        async with asked.subgraph.database.writing() as session:
            for row in rows:
                session.add(row)
                await session.flush()
        return asked

    yield make
    for asked in made:
        await asked.subgraph.database.dispose()


async def _migrate(url: str, name: str) -> None:
    database = Database(url, name)
    try:
        await upgrade(database, ENTRIES[name])
    finally:
        await database.dispose()


async def _postgres_database(server_url: str, name: str) -> str:
    """A new database made from a migrated template, itself made at first use."""
    engine = create_async_engine(server_url, isolation_level="AUTOCOMMIT")
    template, fresh = f"template_{name}", f"test_{name}_{next(_numbers)}"
    url = make_url(server_url)
    try:
        async with engine.connect() as connection:
            found = await connection.scalar(text("select 1 from pg_database where datname = :n"), {"n": template})
            if not found:
                await connection.execute(text(f'create database "{template}"'))
                await _migrate(url.set(database=template).render_as_string(hide_password=False), name)
            await connection.execute(text(f'create database "{fresh}" template "{template}"'))
    finally:
        await engine.dispose()
    return url.set(database=fresh).render_as_string(hide_password=False)
