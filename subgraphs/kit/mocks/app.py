"""A mock as a running subgraph: the SDL's fields answered by :class:`Records`, behind the kit's own trust and masks."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLResolveInfo, is_abstract_type

from subgraphs.kit.app import Settings, Starlette, Subgraph, serve
from subgraphs.kit.cursors import Cursors
from subgraphs.kit.database import Database
from subgraphs.kit.errors import Refusal
from subgraphs.kit.mocks.federated import Federated, read_sdl
from subgraphs.kit.mocks.records import Record, Records
from subgraphs.kit.operations import Operations
from subgraphs.kit.outbox import GRANT, MOST_SECONDS, Asked, Outbox
from subgraphs.kit.trust import Clock, PolicyCopy, Trust, system_clock
from subgraphs.kit.trust_mocks import Law, read_law
from subgraphs.kit.trust_words import PublicKeys
from subgraphs.kit.world.stories import STORIES
from subgraphs.kit.world.tales.telling import story_id

__all__ = ["create_app", "make_mock"]


@dataclass(slots=True)
class _Mock(Subgraph):
    """A subgraph without a database: it is always ready."""

    async def ready(self) -> bool:
        return True


class _Quiet(Outbox):
    """The outbox of a mock, in which nothing ever happens."""

    async def answer(self, asked: Asked, grants: Mapping[str, str]) -> dict[str, Any]:
        if GRANT not in grants:
            raise Refusal("NOT_PERMITTED", "The assertion does not grant the events")
        await asyncio.sleep(min(asked.wait, MOST_SECONDS))
        return {"last": 0, "events": []}


def create_app(name: str, settings: Settings | None = None) -> Starlette:
    """The mock of the registered subgraph ``name``; ``settings`` from the environment where not given.

    Its SDL is the file that the registry beside the agreements names. Raises ``KeyError`` for a name it does not know.
    """
    settings = settings or Settings.from_env()
    registry = tomllib.loads((settings.policy / "registry.toml").read_text(encoding="utf-8"))
    path = registry["subgraphs"][name].get("sdl", f"schema/subgraphs/{name}.graphql")
    sdl = (Path(settings.policy).parent / path).read_text(encoding="utf-8")
    return make_mock(name, sdl, settings, law=read_law(settings.policy))


def make_mock(
    name: str,
    sdl: str,
    settings: Settings,
    *,
    law: Law | None = None,
    keys: PublicKeys | None = None,
    policy: PolicyCopy | None = None,
    clock: Clock = system_clock,
) -> Starlette:
    """A mock of the subgraph that ``sdl`` describes, as an ASGI application that trusts as the kit's own do.

    ``law`` says which values conditions compare with; tests inject ``keys``, ``policy`` and ``clock``.
    """
    graph = read_sdl(sdl)
    records = Records(graph, law or Law(), {each.slug: story_id(each.number) for each in STORIES})
    _answered(graph, records)
    database = Database("sqlite+aiosqlite://", name)
    mock = _Mock(
        name=name,
        core=graph.core,
        settings=settings,
        database=database,
        cursors=Cursors(b"mock", name),
        operations=Operations(graph.core),
        trust=Trust(name, settings, graph.key_fields, clock, keys, policy),
        events=None,
        outbox=_Quiet(database, None, {}),
    )
    return serve(mock)


def _answered(graph: Federated, records: Records) -> None:
    """Give every field of the schema its resolver, and every abstract type a way to tell what an object is."""
    for kind in graph.core.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                field.resolve = records.resolve
        elif is_abstract_type(kind):
            kind.resolve_type = _type_of
    query = graph.core.query_type
    if query is not None:
        query.fields["_service"].resolve = lambda *_: {"sdl": graph.sdl}
        graph.core.type_map["_Service"].fields["sdl"].resolve = lambda source, _: source["sdl"]  # type: ignore[attr-defined]
        if "_entities" in query.fields:
            query.fields["_entities"].resolve = lambda _source, _info, representations: [
                records.entity(each) for each in representations
            ]


def _type_of(value: Any, _info: GraphQLResolveInfo[Any], _kind: GraphQLAbstractType) -> str | None:
    return value.type if isinstance(value, Record) else None
