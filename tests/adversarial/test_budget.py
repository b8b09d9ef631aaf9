"""A26: what many allowed answers tell together is bounded, and the bound itself tells of nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.caller import Caller
from gateway.enforcement.apply import Applied
from gateway.errors import RequestError
from gateway.house import Question
from gateway.limits import LimitsPage
from gateway.operation import Operation
from gateway.terms import spend
from gateway.traffic import MemorySeen, SubjectBudget
from tests.scenarios.asking import TODAY, Asker, World

STORY = "TRV-01KST0RY0000000000000000"
PAGE = LimitsPage.read({"subjects": {"most": 2, "warn": 2}})
QUERY = "query($t: ID!) { traveler(id: $t) { names { family } } }"
WHO = "ero-lead"


@pytest_asyncio.fixture(loop_scope="session")
async def bounded(world: World) -> AsyncIterator[list[tuple[str, str]]]:
    """The house with a budget of two travelers; what its metrics are told."""
    told: list[tuple[str, str]] = []
    whole = world.opened.house
    budget = SubjectBudget(PAGE, MemorySeen(lambda: 0.0), b"k", lambda event, of: told.append((event, of)))
    world.opened.house = replace(whole, subjects=budget)
    yield told
    world.opened.house = whole


async def travelers(ask: Asker, who: str) -> list[str]:
    """Those of the stories of whom ``who`` is given something."""
    found = []
    for number in range(1, 31):
        answered = await ask(who, QUERY, t=f"{STORY}{number:02}")
        if answered.data["traveler"] and answered.data["traveler"]["names"]:
            found.append(f"{STORY}{number:02}")
    return found


@pytest.mark.asyncio(loop_scope="session")
async def test_a26_a_user_is_given_something_of_so_many_travelers_and_no_more(
    ask: Asker, world: World, bounded: list[tuple[str, str]]
) -> None:
    """The second is warned of, in the answer and on record; afterwards everything is refused, before it is fetched."""
    unbounded = replace(world.opened.house, subjects=None)
    kept, world.opened.house = world.opened.house, unbounded
    seen = await travelers(ask, WHO)
    world.opened.house = kept
    assert len(seen) > 3

    first = await ask(WHO, QUERY, t=seen[0])
    again = await ask(WHO, QUERY, t=seen[0])
    second = await ask(WHO, QUERY, t=seen[1])
    assert ["subjects" in each.page["extensions"] for each in (first, again, second)] == [False, False, True]
    assert second.page["extensions"]["subjects"] == {"used": 2, "most": 2, "seconds": 24 * 3600}
    assert world.record(second)["note"] == {"subjects": "2 of 2"}

    world.traffic.requests.clear()
    refusals = set()
    for traveler in (seen[2], seen[0], STORY + "06", "TRV-01KST0RY0000000000000000ZZ"):
        with pytest.raises(RequestError) as refused:
            await ask(WHO, QUERY, t=traveler)
        refusals.add(str(refused.value))
    assert len(refusals) == 1  # whoever is asked about, and whether there is anybody
    assert world.traffic.requests == []
    assert bounded == [("subjects_warned", "enforcement-lead")] + [("subjects_refused", "enforcement-lead")] * 4
    told = [each for each in world.kept.records.values() if each.kind == "refusal"]
    assert [dict(each.note)["code"] for each in told[-4:]] == ["SUBJECT_BUDGET_SPENT"] * 4
    other = replace(ask.caller(WHO), user="somebody-else")
    assert (await ask(other, QUERY, t=seen[0])).data["traveler"]["names"]  # another user's budget is another


@pytest.mark.asyncio(loop_scope="session")
async def test_a26_who_is_withheld_costs_nothing_so_what_is_left_tells_of_nobody(
    ask: Asker, bounded: list[tuple[str, str]]
) -> None:
    """A protected person and nobody at all leave the budget as it was."""
    caller = replace(ask.caller(21), case="ERC-00100001")
    query = "query($t: ID!) { traveler(id: $t) { petitions { totalCount nodes { receiptNumber } } } }"
    for traveler in (STORY + "10", "TRV-01KST0RY0000000000000000ZZ") * 3:
        assert "subjects" not in (await ask(caller, query, t=traveler)).page["extensions"]
    assert bounded == []


@pytest.mark.asyncio(loop_scope="session")
async def test_a26_one_answer_about_too_many_is_refused_whole(
    ask: Asker, world: World, bounded: list[tuple[str, str]]
) -> None:
    """Three travelers in one question: nothing of it leaves, and none of them counts."""
    kept, world.opened.house = world.opened.house, replace(world.opened.house, subjects=None)
    seen = await travelers(ask, WHO)
    world.opened.house = kept
    query = (
        "{ "
        + " ".join(f'a{n}: traveler(id: "{each}") {{ names {{ family }} }}' for n, each in enumerate(seen[:3]))
        + " }"
    )
    with pytest.raises(RequestError, match="2 travelers"):
        await ask(WHO, query)
    assert (await ask(WHO, QUERY, t=seen[0])).data["traveler"]["names"]
    assert bounded == [("subjects_refused", "enforcement-lead")]


@pytest.mark.asyncio(loop_scope="session")
async def test_a26_what_was_changed_is_answered(world: World) -> None:
    """An act that its owner has done cannot be undone by refusing its answer; the next question is refused."""
    budget = SubjectBudget(LimitsPage.read({"subjects": {"most": 1}}), MemorySeen(lambda: 0.0))
    house = replace(world.opened.house, subjects=budget)
    caller, question = Caller("CBP", "cbp-primary", "inspection", user="u"), Question("mutation { act }")
    applied = Applied([], given={("TRV-A", "CBP"), ("TRV-B", "CBP")})
    act = Operation("mutation", "Mutation", ())

    async def spent(operation: Operation) -> object:
        return await spend(applied, question, operation, caller, world.opened.graph, house, TODAY, "r")

    assert await spent(act) is None
    with pytest.raises(RequestError):
        await spent(replace(act, kind="query"))
