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

from gateway.identity import SigningKey
from subgraphs.kit.registry import Entry, read_registry
from subgraphs.kit.testing import Asked, Denies, migrated, opened
from tests.subgraphs.postgres import Databases, server, why_not
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
def postgres(postgres_url: str) -> Databases:
    """The session's databases on that server."""
    return Databases(postgres_url)


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """The gateway's key in tests."""
    return SigningKey.generate()


@pytest.fixture(params=BACKENDS)
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, templates: Path
) -> Iterator[Callable[[str], Awaitable[str]]]:
    """A function that gives the address of a migrated, empty database of a subgraph, nobody else's."""
    databases: Databases | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    taken: list[tuple[Entry, str]] = []

    async def make(name: str) -> str:
        if databases is not None:
            url = await databases.take(ENTRIES[name])
            taken.append((ENTRIES[name], url))
            return url
        template = templates / f"{name}.sqlite3"
        if not template.exists():
            await migrated(f"sqlite+aiosqlite:///{template}", ENTRIES[name])
        copy = tmp_path / f"{name}-{next(_numbers)}.sqlite3"
        shutil.copyfile(template, copy)
        return f"sqlite+aiosqlite:///{copy}"

    yield make
    if databases is not None:
        for entry, url in taken:
            databases.give_back(entry, url)


@pytest.fixture
async def subgraph(
    database_url: Callable[[str], Awaitable[str]], signing_key: SigningKey, tmp_path: Path
) -> AsyncIterator[SubgraphFactory]:
    """The factory ``await subgraph(name, rows, policy=Denies(...))``; closes every database at the end."""
    made: list[Asked] = []

    async def make(name: str, rows: Iterable[Any] = (), *, policy: Denies | None = None, **more: Any) -> Asked:
        url = await database_url(name)
        asked = await opened(ENTRIES[name], url, tmp_path, rows, key=signing_key, policy=policy, **more)
        made.append(asked)
        return asked

    yield make
    for asked in made:
        await asked.subgraph.database.dispose()
