"""Whatever fails, and when: each null and each row that is gone is told as UNAVAILABLE, and nothing else is said.

Every request of every ready query fails, one at a time and in pairs, in each of the ways in which an agency is away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import orjson
import pytest

from gateway.enforcement.facts import NOBODY
from gateway.errors import FetchError, GatewayError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.identity import load_personas
from gateway.web.explorer import ready_queries
from subgraphs.kit.context import Context
from tests.faults.load import covers
from tests.scenarios.asking import ROOT, Answered, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

READY = ready_queries()
PERSONAS = tuple(load_personas(ROOT / "schema" / "personas.toml"))
PROTECTED = "TRV-01KST0RY000000000000000010"
PERSONS = ("traveler", "holder", "applicant")
ROWS = ("totalCount", "hasNextPage", "__typename", "kind")
Path = tuple[str, ...]


def timed_out(request: SubgraphRequest) -> SubgraphResponse:
    """It does not answer in time."""
    raise FetchError("SUBGRAPH_TIMEOUT", f"Subgraph {request.subgraph} did not answer in time.")


def without_database(_: SubgraphRequest) -> SubgraphResponse:
    """It answers, and its database does not."""
    error = {"message": "no", "extensions": {"code": "DATABASE_UNAVAILABLE"}}
    return SubgraphResponse(503, orjson.dumps({"data": None, "errors": [error]}))


@dataclass
class Losing:
    """A database that is lost when it is read for the ``turn``-th time: for that time only (``once``) or from then on."""

    turn: int
    once: bool
    reads: int = 0

    def read(self) -> None:
        """Raises ``OSError`` where it is lost."""
        self.reads += 1
        if self.reads == self.turn or (self.reads > self.turn and not self.once):
            raise OSError("the line is gone")


_LOSING: ContextVar[Losing | None] = ContextVar("_LOSING", default=None)


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read of a subgraph's database asks ``_LOSING`` first."""
    for name in ("rows", "scalar"):
        read = getattr(Context, name)

        async def lost(self: Context, statement: Any, read: Any = read) -> Any:
            where = _LOSING.get()
            if where is not None:
                where.read()
            return await read(self, statement)

        monkeypatch.setattr(Context, name, lost)


# -- the judge --


def unsaid(well: Any, told: Any, missing: Sequence[Path], path: Path = ()) -> Iterator[Path]:
    """The paths at which ``told`` is another than ``well`` and no path of ``missing`` says why.

    Where nobody can say whether a record is there for the caller it is told of without a value: ``told`` may have rows
    and objects more, of nulls. Below a person of whom nobody can say so stands what is the caller's own agency's.
    """
    if well == told:
        return
    said = any(covers(each, path) for each in missing)
    if well is None and path[-1] in PERSONS:
        return
    if isinstance(well, dict) and isinstance(told, dict):
        for name in well:
            yield from unsaid(well[name], told[name], missing, (*path, name))
    elif isinstance(well, list) and isinstance(told, list):
        if len(well) == len(told):
            for one, other in zip(well, told, strict=True):
                yield from unsaid(one, other, missing, (*path, "[]"))
        elif not (said and values(told) <= values(well)):
            yield path
    elif path[-1] == "totalCount" and isinstance(told, int):
        if not any(covers(each, path[:-1]) for each in missing):
            yield path
    elif not (said and values(told) <= values(well)):
        yield path


def values(tree: Any) -> set[str]:
    """The values of ``tree``, as JSON; what only tells of rows is none."""
    if isinstance(tree, dict):
        inner = (values(each) for name, each in tree.items() if name not in ROWS)
        return set().union(*inner)
    if isinstance(tree, list):
        return set().union(*(values(each) for each in tree))
    return set() if tree is None else {orjson.dumps(tree).decode()}


@pytest.mark.parametrize(
    ("told", "missing", "found"),
    [
        ({"a": {"b": 1}, "rows": [1, 2]}, [], []),
        ({"a": {"b": None}, "rows": [1, 2]}, [("a", "b")], []),
        ({"a": None, "rows": [1, 2]}, [("a", "b")], []),
        ({"a": None, "rows": [1, 2]}, [("rows",)], [("a",)]),
        ({"a": {"b": 2}, "rows": [1, 2]}, [("a", "b")], [("a", "b")]),
        ({"a": {"b": 1}, "rows": [2]}, [("rows",)], []),
        ({"a": {"b": 1}, "rows": [2]}, [], [("rows",)]),
        ({"a": {"b": 1}, "rows": [2, 3, 4]}, [("rows",)], [("rows",)]),
        ({"a": {"b": 1}, "rows": [1, 2, None]}, [("rows",)], []),
    ],
)  # fmt: skip
async def test_the_judge_of_this_page(told: Any, missing: list[Path], found: list[Path]) -> None:
    assert list(unsaid({"a": {"b": 1}, "rows": [1, 2]}, told, missing)) == found


# -- what is asked, and what fails --


@dataclass
class Sweep:
    """One ready query as ``who`` can write it, of ``traveler`` where it names one, with the answer while all is well."""

    ask: Asker
    ready: dict[str, Any]
    who: str
    traveler: str = ""

    async def answer(self) -> Answered:
        """The answer now; raises ``GatewayError``."""
        given = dict(self.ready["variables"])
        if self.traveler and "traveler" in given:
            given["traveler"] = self.traveler
        case = self.ready["case"] if self.who == self.ready["persona"] else None
        return await self.ask(self.who, self.ask.nameable(self.who, self.ready["query"]), case=case, **given)

    async def begin(self) -> list[tuple[str, bytes]]:
        """The requests that are sent while all is well: subgraph and body."""
        self.ask.world.traffic.broken.clear()
        self.ask.world.traffic.requests.clear()
        self.well = await self.answer()
        return list(dict.fromkeys((each.subgraph, each.body) for each in self.ask.world.traffic.requests))

    async def run(self, *failing: tuple[str, bytes], how: Callable[[SubgraphRequest], Any]) -> None:
        """Ask while the requests ``failing`` go ``how``; asserts that nothing is missing that is not told of."""
        world = self.ask.world

        async def send(request: SubgraphRequest) -> SubgraphResponse:
            if (request.subgraph, request.body) in failing:
                found = how(request)
                return found if isinstance(found, SubgraphResponse) else await found
            return await world.traffic.inner.send(request)

        world.traffic.broken.update({name: send for name, _ in failing})
        try:
            found = await self.answer()
        finally:
            world.traffic.broken.clear()
        missing = [
            tuple(each["path"]) for each in found.page["extensions"]["sharing"] if each["outcome"] == "UNAVAILABLE"
        ]
        where = list(unsaid(self.well.data, found.data, missing))
        assert where == [], f"{self.ready['name']} for {self.who}, {how.__name__} {failing}: {where}"


async def sweep(world: World, ready: dict[str, Any], who: str, traveler: str = "") -> int:
    """Each request fails by itself; how many there are. 0 where ``who`` cannot ask that."""
    asked = Sweep(Asker(world), ready, who, traveler)
    try:
        requests = await asked.begin()
    except GatewayError:
        return 0
    for each in requests:
        for how in (timed_out, without_database):
            await asked.run(each, how=how)
    return len(requests)


@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready["name"])
async def test_one_request_fails(world: World, ready: dict[str, Any]) -> None:
    """The case, the flags, a root field or entities cannot be had."""
    assert await sweep(world, ready, ready["persona"]) > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "ready", [each for each in READY if "traveler" in each["variables"]], ids=lambda ready: ready["name"]
)
async def test_one_request_about_a_protected_person_or_nobody_fails(world: World, ready: dict[str, Any]) -> None:
    for traveler in (PROTECTED, NOBODY):
        assert await sweep(world, ready, ready["persona"], traveler) > 0


@pytest.mark.slow
@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready["name"])
async def test_two_requests_fail(world: World, ready: dict[str, Any]) -> None:
    asked = Sweep(Asker(world), ready, ready["persona"])
    pairs = tuple(combinations(await asked.begin(), 2))
    assert pairs, "there is nothing that could fail together"
    for pair in pairs:
        await asked.run(*pair, how=timed_out)


@pytest.mark.slow
@pytest.mark.usefixtures("losing")
@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready["name"])
async def test_a_database_is_lost_halfway(world: World, ready: dict[str, Any]) -> None:
    """Some of a request's fields are answered and others are not."""
    asked = Sweep(Asker(world), ready, ready["persona"])
    inner, lost_at = world.traffic.inner, 0
    for each in await asked.begin():
        for once in (True, False):
            where = Losing(0, once)
            while where.reads >= where.turn:
                where = Losing(where.turn + 1, once)

                async def lost(request: SubgraphRequest, where: Losing = where) -> SubgraphResponse:
                    token = _LOSING.set(where)
                    try:
                        return await inner.send(request)
                    finally:
                        _LOSING.reset(token)

                await asked.run(each, how=lost)
                lost_at += where.reads >= where.turn
    assert lost_at, "no database was read, so none was lost"


@pytest.mark.slow
@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready["name"])
async def test_one_request_of_any_caller_fails(world: World, ready: dict[str, Any]) -> None:
    asked = [await sweep(world, ready, who) for who in PERSONAS if who != ready["persona"]]
    assert sum(asked) > 10
