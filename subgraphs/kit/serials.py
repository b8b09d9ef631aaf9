"""Series of identifiers that an agency gives out one after the other, kept in a table of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from subgraphs.kit.context import Write

__all__ = ["SerialColumns", "next_number"]


class SerialColumns:
    """The last number given out of each series; the agency's table of them names itself."""

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int]


async def next_number(serials: type[Any], write: Write, model: type[Any], make: Callable[[int], str]) -> str:
    """The next identifier of ``model``'s series that no record has yet, as ``make`` writes it.

    ``serials`` is the agency's table of series; its row is locked until the change ends, so no two get the same.
    """
    name = str(model.__tablename__)
    serial = await write.session.get(serials, name, with_for_update=not write.context.database.on_sqlite)
    if serial is None:
        serial = serials(name=name, last=0)
        write.add(serial)
    while True:
        serial.last += 1
        key = make(serial.last)
        if await write.session.get(model, key) is None:
            await write.session.flush()
            return key
