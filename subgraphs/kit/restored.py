"""``python -m subgraphs.kit.restored``: what an agency does after its database was restored from a backup, before it serves.

The events since the backup are gone, and subscribers remember their numbers. So that no number is ever used twice, the
outbox goes on far behind them, with an event of its own kind that says so. Whoever comes with a place before it is told
(``EVENTS_LOST``): between it and now there may have been events that are gone, and nobody passes one over unawares.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from sqlalchemy import func, select, text

from subgraphs.kit.database import Database
from subgraphs.kit.outbox import KIND_RESTORED, RESTORED
from subgraphs.kit.registry import Entry, read_registry
from subgraphs.kit.settings import Settings

__all__ = ["SKIPPED", "main", "mark_restored"]

SKIPPED: Final = 10_000_000
"""Numbers left out: more than an agency's events of a month."""


async def mark_restored(database: Database, entry: Entry, at: datetime, actor: str = "operator") -> tuple[int, int]:
    """The number of the last event that was restored and that of the first one after, which is written now."""
    event = entry.load_events()
    async with database.writing() as session:
        last = int(await session.scalar(select(func.max(event.id))) or 0)
        session.add(
            event(
                id=last + SKIPPED,
                at=at,
                kind=KIND_RESTORED,
                entity="Outbox",
                entity_key=RESTORED,
                payload={"last": last},
                actor=actor,
                case_reference="",
            )
        )
        await session.flush()
        if not database.on_sqlite:
            await session.execute(
                text("select setval(pg_get_serial_sequence(:name, 'id'), :number)"),
                {"name": f"{entry.name}.{event.__tablename__}", "number": last + SKIPPED},
            )
    return last, last + SKIPPED


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Subgraphs; all of the registry by default.")] = None,
) -> None:
    """Say that these databases were restored: their events go on where no lost one can be mistaken for a new one."""
    settings = Settings.from_env()

    async def run() -> None:
        for name, entry in read_registry().items():
            if not names or name in names:
                database = Database(settings.database_url(name), name)
                try:
                    last, begins = await mark_restored(database, entry, datetime.now(UTC))
                finally:
                    await database.dispose()
                typer.echo(f"{name}: events up to {last} are here; the next ones come after {begins}")

    asyncio.run(run())


if __name__ == "__main__":
    typer.run(main)
