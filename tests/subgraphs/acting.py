"""Asking a subgraph for what it does: a mutation's value or the code of its refusal, and what is stored then."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select as sql_select

from gateway.caller import Caller
from subgraphs.kit.testing import OFFICER, Asked

__all__ = ["act", "kinds", "stored"]


async def act(app: Asked, name: str, given: dict[str, Any], select: str, caller: Caller = OFFICER) -> Any:
    """The mutation's value, or the code of its refusal."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {select} }} }}"
    answer = await app.ask(query, {"input": given}, caller=caller)
    if "errors" in answer:
        assert answer["data"] == {name: None}
        return answer["errors"][0]["extensions"]["code"]
    return answer["data"][name]


async def kinds(app: Asked) -> list[str]:
    """The kinds of the outbox's events."""
    return [row["kind"] for row in await app.events()]


async def stored(app: Asked, model: type[Any]) -> list[Any]:
    """The rows of ``model``."""
    async with app.subgraph.database.session() as session:
        return list((await session.scalars(sql_select(model))).all())
