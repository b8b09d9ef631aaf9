"""Databases are made and changed through migrations only; this runs them and writes new ones.

``python -m subgraphs.kit.migrate upgrade [NAME...]`` brings databases to the newest version,
``... revision NAME "message"`` writes a migration from the difference between tables and migrations,
``... check [NAME...]`` fails where the two differ.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from subgraphs.kit.database import Database
from subgraphs.kit.registry import Entry, read_registry
from subgraphs.kit.settings import ROOT, Settings
from subgraphs.kit.tables import UtcDateTime

__all__ = ["differences", "main", "new_revision", "render_item", "upgrade"]


async def upgrade(database: Database, entry: Entry) -> None:
    """Bring ``database`` to the newest version of the subgraph's tables; makes it where it is new."""
    async with database.engine.connect() as connection:
        connection = await connection.execution_options(tws_write=True)
        if not database.on_sqlite:
            await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{entry.name}"'))
        await connection.run_sync(lambda sync: command.upgrade(_config(entry, sync), "head"))
        await connection.commit()


async def differences(entry: Entry) -> list[Any]:
    """What the subgraph's migrations lack against its tables; empty when they agree."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, entry.load_tables()))

    found: list[Any] = await _on_scratch(entry, compare)
    return found


async def new_revision(entry: Entry, message: str) -> None:
    """Write the migration that brings the subgraph's newest version to its present tables."""
    entry.versions.mkdir(exist_ok=True)
    number = f"{len(list(entry.versions.glob('[0-9]*.py'))) + 1:04}"

    def revise(connection: Connection) -> None:
        command.revision(_config(entry, connection), message=message, autogenerate=True, rev_id=number)

    await _on_scratch(entry, revise)
    written = [str(path) for path in entry.versions.glob(f"{number}_*.py")]
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *written], check=False)  # noqa: S603, ASYNC221


def render_item(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """The text of a column type in a migration; only the kit's own types need one."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen.imports.add("\nfrom subgraphs.kit.tables import UtcDateTime")
        return "UtcDateTime()"
    return False


async def _on_scratch(entry: Entry, work: Any) -> Any:
    """The result of ``work`` on a scratch database at the newest version."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'scratch.sqlite3'}", entry.name)
        try:
            await upgrade(database, entry)
            async with database.engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await database.dispose()


def _config(entry: Entry, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "subgraphs" / "kit" / "migrations"))
    config.set_main_option("version_locations", str(entry.versions))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    metadata: MetaData = entry.load_tables()
    config.attributes.update(connection=connection, metadata=metadata)
    return config


main = typer.Typer(help=__doc__, no_args_is_help=True)
Names = Annotated[list[str] | None, typer.Argument(help="Subgraphs; all of the registry by default.")]


@main.command("upgrade")
def upgrade_command(names: Names = None) -> None:
    """Bring databases to the newest version."""
    settings = Settings.from_env()

    async def run() -> None:
        for name, entry in read_registry().items():
            if not names or name in names:
                database = Database(settings.database_url(name), name)
                try:
                    await upgrade(database, entry)
                finally:
                    await database.dispose()

    asyncio.run(run())


@main.command("revision")
def revision_command(name: str, message: str) -> None:
    """Write a migration for one subgraph from its tables."""
    asyncio.run(new_revision(read_registry()[name], message))


@main.command("check")
def check_command(names: Names = None) -> None:
    """Fail where tables and migrations differ."""
    stale = False
    for name, entry in read_registry().items():
        if not names or name in names:
            found = asyncio.run(differences(entry))
            stale = stale or bool(found)
            for difference in found:
                typer.echo(f"{name}: {difference}", err=True)
    raise typer.Exit(1 if stale else 0)


if __name__ == "__main__":
    main()
