"""Made ready beforehand: after a start or a reload nobody's request reads, permits or plans for the first time.

Counted, never timed: how often a document is read, a view made and an operation planned while somebody waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import house as house_module
from gateway import warming
from gateway.config import Settings
from gateway.enforcement import view as view_module
from gateway.errors import PolicyError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import Asked
from gateway.opening import open_unrestricted
from gateway.operation import Operation
from gateway.operation import read as read_module
from gateway.reloading import reload
from gateway.warming import asked_by_everyone, read_operations, warm, warm_beside, warm_open
from gateway.web.app import create_app
from subgraphs.kit import trust as trust_module
from tests.reload.test_reload import FOIL, change, suspend
from tests.scenarios.asking import TODAY, Asker, World
from tests.support import ask_app
from tests.web.client import Face
from tests.web.test_joined import SHOP

QUESTIONS = (
    "query($f: String!) { visa(foilNumber: $f) { status } }",
    "query($f: String!) { visa(foilNumber: $f) { expiresOn holder { names { family } } } }",
    "query($f: String!) { visa(foilNumber: $f) { foilNumber annotation issuedOn } }",
)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What was worked out on the event loop's thread, where requests wait for it."""
    done: Counter[str] = Counter()
    here = threading.get_ident()

    def counted(what: str, module: Any, name: str) -> None:
        original = getattr(module, name)

        def working(*given: Any, **more: Any) -> Any:
            done[what if threading.get_ident() == here else f"{what} beside"] += 1
            return original(*given, **more)

        monkeypatch.setattr(module, name, working)

    counted("read", read_module, "read_document")
    counted("view", view_module, "view_sdl")
    counted("plan", house_module, "plan_operation")
    counted("compile", trust_module, "compile_policy")  # a subgraph's own copy
    return done


async def test_load_across_a_reload_meets_nothing_for_the_first_time(
    ask: Asker, world: World, schema: Path, work: Counter[str]
) -> None:
    """Callers keep asking while the policy changes: none makes gateway or subgraph read, plan or compile for the first time."""
    for query in QUESTIONS:
        await ask(12, query, f=FOIL)
    assert work["read"] >= 3, "what the test counts is not counted"
    assert work["view"] >= 1
    assert work["plan"] >= 3
    work.clear()

    stop, before, after = asyncio.Event(), asyncio.Event(), asyncio.Event()
    epochs: list[str] = []

    async def load() -> None:
        while not stop.is_set():
            for query in QUESTIONS:
                answered = await ask(12, query, f=FOIL)
                epochs.append(world.record(answered)["epoch"])
            before.set()
            if epochs.count(world.opened.graph.policy.epoch) >= 24:
                after.set()

    loading = [asyncio.create_task(load()) for _ in range(4)]
    await before.wait()
    after.clear()
    change(schema, "agreements/state_ca-cbp-visa.toml", 'title = "', 'title = "New: ')
    for _ in range(2):  # what each subgraph does every two seconds
        for app in world.apps.values():
            await app.state.subgraph.trust.look()
    assert work["compile beside"] == 1, "the agencies' copies were not made ready"
    done = await reload(world.opened)
    assert not done.code, done.error
    after.clear()
    await after.wait()
    stop.set()
    await asyncio.gather(*loading)

    assert len(set(epochs)) == 2, "the load did not go across the reload"
    assert (work["read"], work["view"], work["plan"], work["compile"]) == (0, 0, 0, 0), work
    assert work["read beside"] == 3
    assert work["view beside"] == 1
    assert work["compile beside"] == 1, "a request waited for the agency's copy"
    trust = world.apps["visas"].state.subgraph.trust
    assert trust.policy.epoch == world.opened.graph.policy.epoch, "the agency answers by its old copy"


async def test_what_a_new_policy_cuts_otherwise_is_planned_before_it_is_asked(
    ask: Asker, world: World, schema: Path, work: Counter[str]
) -> None:
    """Names are no longer given: the operation that asks for them is another one, and its plan is there already."""
    for query in QUESTIONS:
        await ask(12, query, f=FOIL)
    work.clear()
    change(schema, "agreements/obim-all-identity.toml", 'fields = ["Traveler.names", ', "fields = [")
    assert not (await reload(world.opened)).code
    assert work["plan beside"] == 1, work
    for query in QUESTIONS:
        await ask(12, query, f=FOIL)
    assert (work["read"], work["view"], work["plan"]) == (0, 0, 0), work


async def test_a_reload_waits_for_readiness_no_longer_than_it_may(ask: Asker, world: World, work: Counter[str]) -> None:
    """A suspended agreement is suspended at once, whatever was asked lately; then the first who asks does the work."""
    graph = world.opened.graph
    await ask(12, QUESTIONS[0], f=FOIL)
    renewed = graph.under(graph.policy)
    work.clear()
    assert (await warm_beside(renewed, graph.lately(), TODAY, seconds=0)).ready == 0
    assert work == Counter()
    assert (await warm_beside(renewed, graph.lately(), TODAY)).ready == 1


async def test_a_reload_that_cannot_make_ready_is_a_reload(
    ask: Asker, world: World, schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong beside it, the new policy is in force."""
    await ask(12, QUESTIONS[0], f=FOIL)

    def broken(*given: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(warming, "permitted_of", broken)
    suspend(schema)
    assert not (await reload(world.opened)).code
    found = await ask(12, QUESTIONS[0], f=FOIL)
    assert found.sharing() == ["visa DENY NOT_IN_FORCE STATE_CA"]


async def test_what_is_kept_in_mind_names_no_user_and_is_bounded(ask: Asker, world: World) -> None:
    """One example of each kind of caller and question, without user and token; the oldest goes first."""
    await ask(12, QUESTIONS[0], f=FOIL)
    (asked,) = world.opened.graph.lately()
    assert (asked.caller.user, asked.caller.token_id) == ("", "")
    graph, operation = world.opened.graph, Operation("query", "Query", ())
    for number in range(1000):
        graph.asked(asked.caller, f"{{ a{number} }}", operation, {}, {})
    assert len(graph.lately()) == 256
    assert graph.lately()[0].text == "{ a999 }"


async def test_every_kind_of_caller_is_ready_after_a_start(world: World, face: Face, work: Counter[str]) -> None:
    """What a file names is ready for each who may ask it, and a persona's first request finds it so."""
    graph = world.opened.graph
    asked = [each for each in asked_by_everyone(graph, QUESTIONS[:1]) if each.caller.agency == "CBP"]
    assert len({each.caller.kind for each in asked}) > 3
    warmed = warm(graph, asked, TODAY)
    assert warmed.ready + warmed.left_out == len(asked)
    assert warmed.ready > 0
    work.clear()
    answered = await face.ask(QUESTIONS[0], "cbp-secondary-nyc", variables={"f": FOIL})
    assert answered.status == 200
    assert (work["read"], work["view"]) == (0, 0), work


async def test_what_nobody_may_ask_is_left_out(world: World) -> None:
    """A field that is not there, a filter on what is withheld: told to whoever asks, and no obstacle here."""
    caller = world.opened.personas["cbp-primary-nyc"].caller
    warmed = warm(world.opened.graph, [Asked(caller, "{ nothing }"), Asked(caller, QUESTIONS[0], "None")], TODAY)
    assert (warmed.ready, warmed.left_out) == (0, 2)


# -- a graph that governs nothing


class Shop:
    """Answers every question."""

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        return SubgraphResponse(200, b'{"data":{"price":7}}')


async def test_an_open_graph_is_ready_with_its_programs(tmp_path: Path, work: Counter[str]) -> None:
    """The first request reads and plans nothing, and has a program."""
    text = "query A($of: String) { price(of: $of) } query B { price }"
    opened = open_unrestricted(SHOP, Settings(log="off"), Shop())
    warmed = warm_open(opened.graph, [text, "{ nothing }"], TODAY)
    assert (warmed.ready, warmed.left_out) == (2, 1)
    programs = dict(opened.graph.fast._kept)
    work.clear()
    body = orjson.dumps({"query": text, "operationName": "A", "variables": {"of": "pen"}})
    status, _, told = await ask_app(
        create_app(opened), "POST", "/graphql", headers={"content-type": "application/json"}, body=body
    )
    assert (status, told) == (200, b'{"data":{"price":7}}')
    assert work == Counter()
    assert dict(opened.graph.fast._kept) == programs


def test_files_of_operations(tmp_path: Path) -> None:
    """A document, a manifest, and what is neither."""
    document, manifest = tmp_path / "all.graphql", tmp_path / "trusted.json"
    document.write_text("query A { a } query B { b }")
    assert read_operations(document) == ("query A { a } query B { b }",)
    digest = "7f56e67dd21ab3f30d1ff8b7bed08893f0a0db86449836189b361dd1e56ddb4b"
    manifest.write_bytes(orjson.dumps({"desk": {digest: "{ __typename }"}}))
    assert read_operations(manifest) == ("{ __typename }",)
    document.write_text("query {")
    for wrong, code in ((document, "WARMING_WRONG"), (tmp_path / "none.graphql", "WARMING_WRONG")):
        with pytest.raises(PolicyError) as caught:
            read_operations(wrong)
        assert (caught.value.code, caught.value.mistakes[0].where) == (code, str(wrong))
    assert replace(Settings(), warm=document).warm == document
