"""``python -m subgraphs.kit.seed``: creates every subgraph's database and fills it with the synthetic world.

Idempotent: a database that already holds the same world (seed, scale, day) is left alone; one that holds another, or
half of one, is made anew; one with rows that no seed wrote is refused. Memory stays bounded: the world is a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from subgraphs.kit.database import Database
from subgraphs.kit.migrate import upgrade
from subgraphs.kit.registry import Entry, read_registry
from subgraphs.kit.settings import Settings
from subgraphs.kit.world.generator import DEFAULT_SEED, SCALES, TODAY, journeys
from subgraphs.kit.world.model import Journey

__all__ = ["SeedRefused", "World", "fill", "main"]

BATCH = 250
"""Journeys between two commits; a journey is some tens of rows."""
BEGUN, DONE = "worldSeedBegun", "worldSeeded"


class SeedRefused(Exception):  # noqa: N818 - a refusal, not a fault
    """A database holds rows that no seed wrote; they are not for this command to delete."""


@dataclass(frozen=True, slots=True)
class World:
    """Which world: the same values give the same rows. ``travelers``: only so many of the scale's, the first ones."""

    seed: int = DEFAULT_SEED
    scale: str = "small"
    today: datetime = TODAY
    travelers: int | None = None

    @property
    def mark(self) -> dict[str, Any]:
        """How the outbox names it."""
        mark = {"seed": self.seed, "scale": self.scale, "today": self.today.isoformat()}
        return mark if self.travelers is None else mark | {"travelers": self.travelers}

    def journeys(self) -> Iterator[Journey]:
        """Its travelers' journeys, one at a time."""
        return islice(journeys(self.seed, self.scale, self.today), self.travelers)


@dataclass(slots=True)
class _Target:
    """One database being filled, with the rows that wait for the next commit."""

    entry: Entry
    database: Database
    waiting: list[Any] = field(default_factory=list)
    written: int = 0

    async def prepare(self, world: World) -> bool:
        """Make the database ready to be filled; ``False`` when it already holds ``world``. Raises ``SeedRefused``."""
        state = await self._state()
        if state == world.mark:
            return False
        if state is not None:
            await self._wipe()
        await upgrade(self.database, self.entry)
        await self._note(BEGUN, world)
        module = self.entry.module("seed")
        if hasattr(module, "world_rows"):
            self.waiting.extend(module.world_rows(world.seed, world.scale, world.today))
        return True

    def take(self, journey: Journey) -> None:
        """Keep the rows of ``journey`` for the next commit."""
        self.waiting.extend(self.entry.module("seed").rows(journey))

    async def commit(self) -> None:
        """Write the waiting rows, parents' tables first."""
        rows, self.waiting = self.waiting, []
        if rows:
            async with self.database.writing() as session:
                await _insert(session, rows)
            self.written += len(rows)

    async def finish(self, world: World) -> None:
        """Write what waits and note that the world is whole."""
        await self.commit()
        await self._note(DONE, world)

    async def _state(self) -> Mapping[str, Any] | None:
        """The mark of the world inside (``{}`` for half of one); ``None`` for no database or an empty one."""

        def tables(connection: Connection) -> set[str]:
            return set(inspect(connection).get_table_names())

        async with self.database.engine.connect() as connection:
            found = await connection.run_sync(tables)
        if "events" not in found:
            return None
        event = self.entry.load_events()
        async with self.database.session() as session:
            marks = (await session.scalars(select(event).where(event.kind.in_((BEGUN, DONE))))).all()
            if not marks:
                for table in self.entry.load_tables().sorted_tables:
                    if table.name in found and (await session.execute(select(table).limit(1))).first() is not None:
                        raise SeedRefused(f"the database of {self.entry.name} holds rows that no seed wrote")
                return {}
        done = [mark.payload for mark in marks if mark.kind == DONE]
        return done[0] if done else {}

    async def _wipe(self) -> None:
        if self.database.on_sqlite:
            await self.database.dispose()
            _unlink(str(self.database.url.database))
            return
        async with self.database.engine.begin() as connection:
            await connection.execute(text(f'DROP SCHEMA IF EXISTS "{self.entry.name}" CASCADE'))

    async def _note(self, kind: str, world: World) -> None:
        event = self.entry.load_events()
        async with self.database.writing() as session:
            session.add(
                event(
                    at=world.today,
                    kind=kind,
                    entity="World",
                    entity_key=world.scale,
                    payload=world.mark,
                    actor="seed",
                    case_reference="",
                )
            )


async def fill(
    settings: Settings, entries: Iterable[Entry], world: World, tick: Callable[[int], None] = lambda _: None
) -> dict[str, int]:
    """Rows written per subgraph (0 where the world was there already); ``tick`` is told how many journeys are done."""
    if settings.mode != "development":
        raise SeedRefused(f"synthetic data is for mode development; the mode is {settings.mode}")
    targets = [_Target(entry, Database(settings.database_url(entry.name), entry.name)) for entry in entries]
    try:
        pending = [target for target in targets if await target.prepare(world)]
        if pending:
            for count, journey in enumerate(world.journeys(), 1):
                for target in pending:
                    target.take(journey)
                if count % BATCH == 0:
                    await asyncio.gather(*(target.commit() for target in pending))
                tick(count)
            await asyncio.gather(*(target.finish(world) for target in pending))
        return {target.entry.name: target.written for target in targets}
    finally:
        for target in targets:
            await target.database.dispose()


def _unlink(path: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(path + suffix).unlink(missing_ok=True)


async def _insert(session: AsyncSession, rows: list[Any]) -> None:
    copied = session.get_bind().dialect.name == "postgresql"
    if copied:  # the first statement opens the transaction that the copies belong to
        await session.execute(text("set local synchronous_commit = off"))
    for model, values in _grouped(rows):
        if not (copied and await _copy(session, model, values)):
            await session.execute(insert(model), values, execution_options={"render_nulls": True})


async def _copy(session: AsyncSession, model: type[Any], values: list[dict[str, Any]]) -> bool:
    """Write ``values`` by COPY; ``False``, with nothing written, where the value of a column has to be computed."""
    columns = [getattr(model, name).property.columns[0] for name in values[0]]
    fixed: list[Any] = []
    for column in inspect(model).columns:
        if column not in columns and column.default is not None:
            if not column.default.is_scalar:
                return False
            columns.append(column)
            fixed.append(column.default.arg)
    bound = [
        column.type.dialect_impl(dialect := session.get_bind().dialect).bind_processor(dialect) for column in columns
    ]
    records = (
        tuple(
            value if bind is None else bind(value) for bind, value in zip(bound, (*each.values(), *fixed), strict=True)
        )
        for each in values
    )
    raw = await (await session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(
        model.__tablename__, records=records, columns=[column.name for column in columns]
    )
    return True


def _grouped(rows: list[Any]) -> Iterator[tuple[type[Any], list[dict[str, Any]]]]:
    """The rows' values by table, referenced tables first; within a table, rows that set the same columns together."""
    groups: dict[tuple[type[Any], frozenset[str]], list[dict[str, Any]]] = {}
    for row in rows:
        values = {name: value for name, value in vars(row).items() if name != "_sa_instance_state"}
        groups.setdefault((type(row), frozenset(values)), []).append(values)
    if not groups:
        return
    metadata = next(iter(groups))[0].metadata
    order = {table.name: place for place, table in enumerate(metadata.sorted_tables)}
    for (model, _), group in sorted(groups.items(), key=lambda item: order[item[0][0].__tablename__]):
        yield model, group


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Subgraphs; all of the registry by default.")] = None,
    scale: Annotated[str, typer.Option(help=f"One of {', '.join(SCALES)}.")] = "small",
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = DEFAULT_SEED,
    data: Annotated[Path | None, typer.Option(help="The folder of the SQLite files.")] = None,
    today: Annotated[datetime, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="The world's day.")] = TODAY,
    travelers: Annotated[int | None, typer.Option(min=1, help="Only the first so many travelers of the scale.")] = None,
) -> None:
    """Create and fill the subgraphs' databases with the synthetic world."""
    if scale not in SCALES:
        raise typer.BadParameter(f"the scales are {', '.join(SCALES)}")
    settings = Settings.from_env()
    if data is not None:
        settings = replace(settings, data=data)
    entries = [entry for name, entry in read_registry().items() if not names or name in names]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns) as progress:
            total = min(SCALES[scale], travelers or SCALES[scale])
            task = progress.add_task(f"world {scale}", total=total)
            world = World(seed, scale, today, travelers)
            done = asyncio.run(fill(settings, entries, world, lambda count: progress.update(task, completed=count)))
            progress.update(task, completed=total)
    except SeedRefused as refused:
        typer.echo(f"Refused: {refused}.", err=True)
        raise typer.Exit(1) from None
    for name, count in done.items():
        typer.echo(f"{name}: {count or 'was there already'}{' rows' if count else ''}")


if __name__ == "__main__":
    typer.run(main)
