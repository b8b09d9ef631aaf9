"""The seed: the whole world in every database, once; another world replaces it; strangers' rows are left alone."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from subgraphs.kit.database import Database
from subgraphs.kit.migrate import upgrade
from subgraphs.kit.registry import read_registry
from subgraphs.kit.seed import SeedRefused, World, fill
from subgraphs.kit.settings import Settings
from subgraphs.kit.world.generator import journeys
from subgraphs.travelers.tables import RecordRow, TravelerRow
from tests.subgraphs.conftest import BACKENDS
from tests.subgraphs.test_travelers import traveler

ENTRIES = read_registry()
TRAVELERS = [ENTRIES["travelers"]]


def content(folder: Path, name: str) -> dict[str, list[Any]]:
    """Every table of a SQLite file, sorted."""
    with sqlite3.connect(folder / f"{name}.sqlite3") as file:
        tables = [row[0] for row in file.execute("select name from sqlite_master where type = 'table'")]
        found = {table: sorted(map(repr, file.execute(f'select * from "{table}"'))) for table in tables}
    file.close()
    return found


async def counts(settings: Settings) -> tuple[int, int]:
    """How many travelers and records are there."""
    database = Database(settings.database_url("travelers"), "travelers")
    try:
        async with database.session() as session:
            travelers = await session.scalar(select(func.count()).select_from(TravelerRow))
            records = await session.scalar(select(func.count()).select_from(RecordRow))
        return int(travelers or 0), int(records or 0)
    finally:
        await database.dispose()


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return Settings(data=tmp_path)
    url = make_url(request.getfixturevalue("postgres_url"))
    return Settings(data=tmp_path, database_urls={"*": url.render_as_string(hide_password=False)})


async def rows(settings: Settings, name: str) -> dict[str, list[str]]:
    """Every table of a subgraph's database, sorted."""
    database = Database(settings.database_url(name), name)
    found = {}
    try:
        async with database.session() as session:
            for table in ENTRIES[name].load_tables().sorted_tables:
                found[table.name] = sorted(repr(tuple(row)) for row in await session.execute(select(table)))
        return found
    finally:
        await database.dispose()


async def test_the_rows_are_the_same_on_every_database(settings: Settings, tmp_path: Path) -> None:
    """Copied into PostgreSQL or inserted into a file, defaults and all."""
    file = Settings(data=tmp_path / "file")
    world = World(seed=7)  # another than the other tests', whose database it is as well
    await fill(settings, ENTRIES.values(), world)
    await fill(file, ENTRIES.values(), world)
    for name in ENTRIES:
        assert await rows(settings, name) == await rows(file, name)


async def test_the_first_travelers_of_a_world_are_a_world(tmp_path: Path) -> None:
    """So many and no more, and another number is another world."""
    settings = Settings(data=tmp_path)
    await fill(settings, TRAVELERS, World(travelers=40))
    assert (await counts(settings))[0] == 40
    await fill(settings, TRAVELERS, World(travelers=30))
    assert (await counts(settings))[0] == 30


async def test_the_world_is_written_once(settings: Settings) -> None:
    ticks: list[int] = []
    first = await fill(settings, TRAVELERS, World(), ticks.append)
    assert (first["travelers"] > 1_000, ticks[-1]) == (True, 150)
    there = await counts(settings)
    assert there[0] == 150
    assert await fill(settings, TRAVELERS, World()) == {"travelers": 0}
    assert await counts(settings) == there
    other = await fill(settings, TRAVELERS, World(seed=5))
    assert other["travelers"] > 1_000
    assert (await counts(settings))[0] == 150


async def test_every_subgraph_is_filled_and_every_record_is_located(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    done = await fill(settings, ENTRIES.values(), World())
    assert list(done) == list(ENTRIES)
    assert min(done.values()) > 20
    located = set(content(tmp_path, "travelers")["records"])
    for journey in journeys():
        for visa in journey.visas:
            assert repr(("Visa", visa.foil_number, journey.traveler_id)) in located


async def test_the_same_world_is_the_same_rows(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        await fill(Settings(data=folder), ENTRIES.values(), World())
    for name in ENTRIES:
        assert content(folders[0], name) == content(folders[1], name), name


async def test_half_a_world_is_made_anew(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)

    def stop(count: int) -> None:
        if count == 140:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await fill(settings, TRAVELERS, World(), stop)
    assert await counts(settings) == (0, 0)  # what was not whole is not there
    assert (await fill(settings, TRAVELERS, World()))["travelers"] > 1_000
    assert (await counts(settings))[0] == 150


async def test_rows_of_others_and_other_modes_are_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    database = Database(settings.database_url("travelers"), "travelers")
    await upgrade(database, ENTRIES["travelers"])
    async with database.writing() as session:
        session.add(traveler())
    await database.dispose()
    with pytest.raises(SeedRefused, match="no seed wrote"):
        await fill(settings, TRAVELERS, World())
    assert await counts(settings) == (1, 0)
    with pytest.raises(SeedRefused, match="production"):
        await fill(replace(settings, mode="production"), TRAVELERS, World())
