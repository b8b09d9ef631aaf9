"""Asking the house in tests: personas, recorded traffic, and answers that are easy to look into."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from graphql import REMOVE, FieldNode, TypeInfo, TypeInfoVisitor, Visitor, parse, print_ast, visit

from gateway.audit import AuditRecord
from gateway.caller import Caller
from gateway.config import Settings
from gateway.duties import Glass, approve, ask_for
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.house import Question, Record
from gateway.identity import load_personas
from gateway.opening import OpenHouse, open_house
from gateway.pipeline import answer
from subgraphs.kit.registry import read_registry
from subgraphs.kit.seed import World as Which
from subgraphs.kit.seed import fill
from subgraphs.kit.settings import Settings as KitSettings
from subgraphs.kit.world.questions import PERSONAS, question

ROOT = Path(__file__).resolve().parents[2]
TODAY = datetime(2026, 11, 1, 12, tzinfo=UTC)

__all__ = ["ROOT", "TODAY", "Answered", "Asker", "Kept", "Recorded", "World", "open_world", "seed_world"]


def seed_world(folder: Path, urls: Mapping[str, str] | None = None) -> None:
    """Fill every subgraph's database under ``folder``, or where ``urls`` says, with the small world."""
    asyncio.run(fill(_kit(folder, urls=urls), read_registry().values(), Which(today=TODAY)))


def _kit(
    folder: Path, schema: Path = ROOT / "schema", urls: Mapping[str, str] | None = None, events: str = ""
) -> KitSettings:
    return KitSettings(
        data=folder / "data", keys=folder / "keys", policy=schema, database_urls=urls or {}, events=events
    )


@dataclass(slots=True)
class Recorded:
    """A transport that keeps every request it passes on; ``broken`` maps a subgraph to what happens instead."""

    inner: Transport
    requests: list[SubgraphRequest] = field(default_factory=list)
    broken: dict[str, Callable[[SubgraphRequest], Any]] = field(default_factory=dict)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The answer, or what ``broken`` says."""
        self.requests.append(request)
        if request.subgraph in self.broken:
            found = self.broken[request.subgraph](request)
            return await found if asyncio.iscoroutine(found) else found  # type: ignore[no-any-return]
        return await self.inner.send(request)

    def bodies(self, subgraph: str = "") -> str:
        """Everything sent to ``subgraph`` (to all when not given), as one text."""
        return "\n".join(each.body.decode() for each in self.requests if subgraph in ("", each.subgraph))


@dataclass(slots=True)
class Kept:
    """A record that keeps what was appended to ``inner``, once that is durable."""

    inner: Record
    records: dict[str, AuditRecord] = field(default_factory=dict)

    async def append(self, record: AuditRecord) -> Any:
        """The record's place in the log."""
        place = await self.inner.append(record)
        self.records[record.request_id] = record
        return place


@dataclass(slots=True)
class World:
    """An open house with its traffic and its record kept."""

    opened: OpenHouse
    traffic: Recorded
    kept: Kept
    apps: Mapping[str, Any] = field(default_factory=dict)  # the subgraphs, as Starlette applications

    @property
    def log(self) -> Path:
        """Where the record is."""
        return self.opened.settings.var / "record" / "record.sqlite3"

    def record(self, answered: Answered) -> dict[str, Any]:
        """What the record says of an answer, as it was appended."""
        return self.kept.records[answered.request_id].as_json()

    def basis(self, answered: Answered) -> list[str]:
        """What stands behind an answer, from its record: coordinate, outcome, agreement and article, or the reason."""
        return sorted(
            " ".join(
                filter(
                    None,
                    (
                        item["coordinate"],
                        item["outcome"] + (f":{item['mask']}" if item["mask"] else ""),
                        f"{item['agreement']}/{item['version']}" if item["version"] else item["agreement"],
                        item["article"],
                        item["reason"],
                    ),
                )
            )
            for item in self.record(answered)["disclosed"]
        )


@asynccontextmanager
async def open_world(
    folder: Path, schema: Path = ROOT / "schema", urls: Mapping[str, str] | None = None, events: str = ""
) -> AsyncIterator[World]:
    """The house over the databases in ``folder``, its subgraphs in this process, all under the policy in ``schema``.

    ``urls`` names the databases by subgraph where they are on a server; ``events`` the NATS server that tells of events.
    """
    kit = _kit(folder, schema, urls, events)
    apps = {name: entry.module("app").create_app(kit) for name, entry in read_registry().items()}
    settings = Settings(
        mode="development", schema=schema, var=folder, subgraph_transport="asgi", today=TODAY, events=events
    )
    opened = open_house(settings, apps)
    assert opened.house.record is not None
    traffic, kept = Recorded(opened.house.transport), Kept(opened.house.record)
    opened.house = replace(opened.house, transport=traffic, record=kept, clock=lambda: TODAY)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(opened.close)
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield World(opened, traffic, kept, apps)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer taken apart: data, errors, ledger."""

    page: Mapping[str, Any]
    body: bytes

    @property
    def data(self) -> Any:
        """The data."""
        return self.page["data"]

    @property
    def errors(self) -> list[Any]:
        """The errors, empty where there are none."""
        return self.page.get("errors", [])  # type: ignore[no-any-return]

    @property
    def request_id(self) -> str:
        """The number under which the answer stands in the record."""
        return str(self.page["extensions"]["record"])

    def sharing(self) -> list[str]:
        """The ledger as sorted lines: path, outcome, mask or reason, owner, and the agreement of a mask."""
        return sorted(
            " ".join(
                filter(
                    None,
                    (
                        ".".join(entry["path"]),
                        entry["outcome"],
                        entry.get("mask") or entry["reason"],
                        entry["owner"],
                        entry.get("agreement", ""),
                    ),
                )
            )
            for entry in self.page["extensions"]["sharing"]
        )

    def ledger(self) -> dict[str, tuple[str, str]]:
        """Path (dotted) to outcome and reason or mask."""
        return {
            ".".join(entry["path"]): (entry["outcome"], entry.get("mask") or entry["reason"])
            for entry in self.page["extensions"]["sharing"]
        }


class _Nameable(Visitor):
    """Takes out the fields that a schema does not have, and what is left without any selection."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info

    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        """Out with a field that the parent type does not have."""
        return None if self.info.get_field_def() is not None else REMOVE

    def leave_field(self, node: FieldNode, *_: Any) -> Any:
        """Out with a composite field of which nothing is left."""
        return REMOVE if node.selection_set is not None and not node.selection_set.selections else None


@dataclass(slots=True)
class Asker:
    """Asks the pipeline as somebody, whose client acknowledges what his agreements ask to be acknowledged.

    Where the purpose breaks the glass, a colleague approves it first.
    """

    world: World
    acknowledged: tuple[str, ...] = ("USCIS-ERO-STATUS",)

    async def __call__(
        self, who: str | int | Caller, query: str, /, case: str | None = None, **variables: Any
    ) -> Answered:
        """The answer for a persona of schema/personas.toml, a question's number, or a caller."""
        caller = self.caller(who)
        if case is not None:
            caller = replace(caller, case=case)
        opened = self.world.opened
        extensions: dict[str, Any] = {"acknowledged": list(self.acknowledged)}
        if caller.purpose in opened.graph.policy.vocabulary.break_glass:
            extensions["breakGlass"] = self.glass(caller).id
        question = Question(query, variables, extensions=extensions)
        reply = await answer(question, caller, opened.graph, opened.house)
        return Answered(orjson.loads(reply.body), reply.body)

    def nameable(self, who: str | int | Caller, query: str) -> str:
        """``query`` without the fields that are no fields to ``who``: what a client of theirs could have written."""
        schema = self.world.opened.graph.views.documents(self.caller(who), TODAY).shown
        assert schema is not None
        info = TypeInfo(schema)
        return print_ast(visit(parse(query), TypeInfoVisitor(info, _Nameable(info))))

    def glass(self, caller: Caller) -> Glass:
        """A grant for the caller and its case, approved by a colleague just now."""
        opened = self.world.opened
        vocabulary, at, duties = opened.graph.policy.vocabulary, opened.house.clock(), opened.house.duties
        assert duties is not None
        page = {"reason": "A child of nine is missing since this morning.", "case": caller.case, "minutes": 60}
        asked = ask_for(caller, page, vocabulary, at, opened.house.new_id())
        duties.glass.add(asked)
        approved = approve(asked, replace(caller, user=f"{caller.user}-colleague"), vocabulary, at)
        duties.glass.approve(approved)
        return approved

    def caller(self, who: str | int | Caller) -> Caller:
        """The caller that ``who`` means."""
        if isinstance(who, Caller):
            return who
        if isinstance(who, int):
            asked = question(who)
            found = PERSONAS[asked.persona]
            return Caller(
                found.agency, found.role, found.purpose, asked.case or "", found.user, found.location,
                found.portfolio, found.training,
            )  # fmt: skip
        return load_personas(ROOT / "schema" / "personas.toml")[who].caller
