"""A database that cannot be had is told apart from a fault of the subgraph: what waits for it may ask again."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import exc

from subgraphs.kit.database import Database, is_away


class Stated(Exception):  # noqa: N818 - as asyncpg's errors say it
    """An error of PostgreSQL with its state."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("text that may quote a record")
        self.sqlstate = sqlstate


def wrapped(fault: Exception, *, invalidated: bool = False) -> exc.DBAPIError:
    return exc.DBAPIError("SELECT 1", {}, fault, connection_invalidated=invalidated)


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionRefusedError("no"),
        TimeoutError(),
        FileNotFoundError("the socket of a server that stopped"),
        OSError("Multiple exceptions: one for each address"),
        exc.TimeoutError("QueuePool limit"),
        wrapped(Stated("57P01")),  # the server is being shut down
        wrapped(Stated("57P03")),  # it cannot take connections yet
        wrapped(Stated("08006")),
        wrapped(Stated("53300")),
        wrapped(RuntimeError("gone"), invalidated=True),
        exc.InterfaceError("SELECT 1", {}, RuntimeError("connection is closed")),
    ],
    ids=repr,
)
def test_the_database_is_away(fault: Exception) -> None:
    assert is_away(fault)
    outer = RuntimeError("while loading")
    outer.__cause__ = fault
    assert is_away(outer)


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("a mistake"),
        KeyError("row"),
        wrapped(Stated("42P01")),  # no such table: asking again does not help
        wrapped(Stated("23505")),
        sqlite3.OperationalError("no such table: visas"),
    ],
    ids=repr,
)
def test_a_mistake_is_none_of_the_databases(fault: Exception) -> None:
    assert not is_away(fault)


async def test_a_server_that_is_not_there() -> None:
    database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing", "visas")
    with pytest.raises(Exception) as fault:
        await database.ready()
    await database.dispose()
    assert is_away(fault.value)
