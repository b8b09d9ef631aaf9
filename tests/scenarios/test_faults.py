"""Subgraphs that are down, wrong, strange or slow; the authority that is down; the record that is down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.errors import FetchError, RecordUnavailable
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.resilience import Breaker, Retries, Timeouts
from tests.scenarios.asking import Answered, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

GRACE = "TRV-01KST0RY000000000000000029"
SECRET = "database password hunter2 at visas-db.internal"
QUESTION = """query($t: ID!) { traveler(id: $t) {
  names { family } visas { totalCount nodes { status } } visaApplications { nodes { petitionReceipts } }
  admissions { totalCount nodes { admittedAt } } } }"""
OTHERS = {
    "names": [{"family": "Adeyemi"}, {"family": "Adeyemi-Cole"}, {"family": "ADEYEMI"}],
    "admissions": {
        "totalCount": 2,
        "nodes": [{"admittedAt": "2024-11-21T18:45:00Z"}, {"admittedAt": "2019-12-30T18:45:00Z"}],
    },
}
MISSING = [
    "traveler.visaApplications UNAVAILABLE SOURCE_UNAVAILABLE STATE_CA",
    "traveler.visas UNAVAILABLE SOURCE_UNAVAILABLE STATE_CA",
]

Fault = Callable[[SubgraphRequest], Any]


def down(request: SubgraphRequest) -> SubgraphResponse:
    """Nobody answers."""
    raise FetchError("SUBGRAPH_UNREACHABLE", f"Subgraph {request.subgraph} could not be reached.")


def broken(request: SubgraphRequest) -> SubgraphResponse:
    """500 with a stack trace."""
    return SubgraphResponse(500, f"Traceback: {SECRET}".encode())


def failing(request: SubgraphRequest) -> SubgraphResponse:
    """200 and nothing but an error that says too much."""
    return SubgraphResponse(200, orjson.dumps({"data": None, "errors": [{"message": SECRET}]}))


def babble(request: SubgraphRequest) -> SubgraphResponse:
    """200 and no JSON."""
    return SubgraphResponse(200, f"<html>{SECRET}</html>".encode())


def no_data(request: SubgraphRequest) -> SubgraphResponse:
    """JSON of another shape."""
    return SubgraphResponse(200, orjson.dumps([SECRET]))


def short(request: SubgraphRequest) -> SubgraphResponse:
    """Fewer entities than were asked for."""
    return SubgraphResponse(200, orjson.dumps({"data": {"_e0": [], "_e1": []}}))


def text_for_entities(request: SubgraphRequest) -> SubgraphResponse:
    """A string where the entities belong."""
    return SubgraphResponse(200, orjson.dumps({"data": {"_e0": SECRET, "_e1": SECRET}}))


FAULTS: dict[str, tuple[Fault, str]] = {
    "down": (down, "SUBGRAPH_UNREACHABLE"),
    "500": (broken, "SUBGRAPH_HTTP_STATUS"),
    "errors-only": (failing, "SUBGRAPH_ERROR"),
    "not-json": (babble, "SUBGRAPH_NOT_JSON"),
    "another-shape": (no_data, "SUBGRAPH_WRONG_SHAPE"),
    "short": (short, "SUBGRAPH_ENTITY_COUNT"),
    "text": (text_for_entities, "SUBGRAPH_WRONG_SHAPE"),
}


def check_rest(found: Answered) -> None:
    """What other subgraphs know is there, what this one knows is unavailable, and nothing was said of how."""
    assert found.data["traveler"] == {**OTHERS, "visas": None, "visaApplications": None}
    assert found.sharing() == MISSING
    assert SECRET.encode() not in found.body
    for word in (b"Traceback", b"hunter2", b"internal"):
        assert word not in found.body


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_rest_of_the_answer_arrives(ask: Asker, world: World, fault: str) -> None:
    """State's subgraph fails in one of many ways; the traveler's names and crossings are told all the same."""
    broken_by, code = FAULTS[fault]
    world.traffic.broken["visas"] = broken_by
    found = await asyncio.wait_for(ask("cbp-secondary-nyc", QUESTION, t=GRACE), 20)
    check_rest(found)
    assert {each["extensions"]["code"] for each in found.errors} == {code}
    assert {each["extensions"]["service"] for each in found.errors} == {"visas"}
    assert {(each["subgraph"], each["code"]) for each in world.record(found)["failures"]} == {("visas", code)}


async def test_a_type_that_nobody_decided_on_is_dropped(ask: Asker, world: World) -> None:
    """A subgraph answers with another type than it was asked about: what it claims to be is not shown."""

    async def strange(request: SubgraphRequest) -> SubgraphResponse:
        answer = await world.traffic.inner.send(request)
        page = orjson.loads(answer.body)
        for found in page["data"].get("search") or []:
            found["__typename"] = "Lookout"
            found["instruction"] = SECRET
        return SubgraphResponse(200, orjson.dumps(page))

    world.traffic.broken["travelers"] = strange
    found = await ask(
        "consular-officer-nwd", '{ search(text: "AA00S01002") { __typename ... on VisaApplication { status } } }'
    )
    assert SECRET.encode() not in found.body
    assert b"Lookout" not in found.body
    assert found.data["search"] in ([], None)


async def test_a_slow_subgraph_is_given_up_on(ask: Asker, world: World) -> None:
    """Slower than its limit: the request is abandoned after a tenth of a second, and the answer does not wait."""
    never = asyncio.Event()

    class Slow:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        async def send(self, request: SubgraphRequest) -> SubgraphResponse:
            if request.subgraph == "visas":
                await never.wait()
            return await self.inner.send(request)  # type: ignore[no-any-return]

    inner = world.traffic.inner
    limits = dict.fromkeys(("admissions", "petitions", "travelers"), 20.0)
    world.traffic.inner = Timeouts(Slow(inner), 0.1, per=limits)
    try:
        found = await asyncio.wait_for(ask("cbp-secondary-nyc", QUESTION, t=GRACE), 20)
    finally:
        world.traffic.inner = inner
    check_rest(found)
    assert {each["extensions"]["code"] for each in found.errors} == {"SUBGRAPH_TIMEOUT"}


async def test_a_breaker_leaves_the_failing_one_alone(ask: Asker, world: World) -> None:
    """After two failures nobody is sent to it until it has rested; then one request is tried and it is well."""
    now = 100.0
    sent: list[str] = []
    sick = True

    class Sick:
        async def send(self, request: SubgraphRequest) -> SubgraphResponse:
            if request.subgraph == "visas":
                sent.append(request.subgraph)
                if sick:
                    return down(request)
            return await inner.send(request)

    inner = world.traffic.inner
    world.traffic.inner = Retries(Breaker(Sick(), lambda: now, failures=2, rest=10.0))
    try:
        for _ in range(4):
            check_rest(await ask("cbp-secondary-nyc", QUESTION, t=GRACE))
        assert len(sent) == 2
        sick, now = False, 111.0
        well = await ask("cbp-secondary-nyc", QUESTION, t=GRACE)
    finally:
        world.traffic.inner = inner
    assert well.data["traveler"]["visas"]["totalCount"] == 2
    assert well.sharing() == []
    assert len(sent) == 3


# -- the case and the flags --


async def test_an_unreadable_case_opens_nothing(ask: Asker, world: World) -> None:
    """The officer's own subgraph is down, so his case cannot be read: unavailable, not denied and not visible."""
    world.traffic.broken["visas"] = down
    found = await ask(
        "consular-officer-nwd",
        "query($t: ID!) { traveler(id: $t) { admissions { totalCount } overstay { status } } }",
        t="TRV-01KST0RY000000000000000001",
    )
    assert found.data["traveler"] is None or set(found.data["traveler"].values()) == {None}
    assert {line.split(" ")[1] for line in found.sharing()} == {"UNAVAILABLE"}
    assert found.errors != []


FILINGS = """query($t: ID!) { traveler(id: $t) {
  petitions { totalCount nodes { formType status } } benefitRequests { totalCount nodes { status } } } }"""


async def _only_flags_down(world: World) -> Callable[[SubgraphRequest], Awaitable[SubgraphResponse]]:
    async def answer(request: SubgraphRequest) -> SubgraphResponse:
        if b"statutoryProtections" in request.body:
            return down(request)
        return await world.traffic.inner.send(request)

    return answer


@pytest.mark.parametrize(("story", "case"), [("10", "ERC-00100001"), ("25", "ERC-00250001")])
async def test_flags_that_cannot_be_had_close_what_they_guard(ask: Asker, world: World, story: str, case: str) -> None:
    """Protected or not is unknown, so nothing is visible of the protected person nor of the other, and both alike."""
    world.traffic.broken["petitions"] = await _only_flags_down(world)
    found = await ask("ero-officer", FILINGS, case=case, t=f"TRV-01KST0RY0000000000000000{story}")
    for word in (b"I918", b"I130", b"I485", b"PENDING", b"APPROVED", b"RECEIVED"):
        assert word not in found.body
    assert {line.split(" ")[1] for line in found.sharing()} == {"UNAVAILABLE"}
    codes = {each["extensions"]["code"] for each in found.errors}
    assert codes == {"FACT_UNAVAILABLE"}


async def test_flags_down_does_not_tell_who_is_protected(ask: Asker, world: World) -> None:
    """With the authority down, a protected person and one who never filed read alike: no row is counted."""
    world.traffic.broken["petitions"] = down
    protected = await ask("ero-officer", FILINGS, case="ERC-00100001", t="TRV-01KST0RY000000000000000010")
    never = await ask("ero-officer", FILINGS, case="ERC-00210001", t="TRV-01KST0RY000000000000000021")
    assert protected.data == never.data
    assert protected.sharing() == never.sharing()
    assert protected.body.replace(protected.request_id.encode(), b"") == never.body.replace(
        never.request_id.encode(), b""
    )


async def test_a_fact_that_fails_is_not_a_fact_that_is_null(ask: Asker, world: World) -> None:
    """The form of each petition comes back as null with an error: protected or not is unknown, so nothing is shown."""

    async def forgetful(request: SubgraphRequest) -> SubgraphResponse:
        answer = await world.traffic.inner.send(request)
        page = orjson.loads(answer.body)
        errors = []
        for index, found in enumerate((page.get("data") or {}).get("_e0") or []):
            for row, node in enumerate((found.get("petitions") or {}).get("nodes") or []):
                node["__f_formType"] = None
                errors.append({"message": SECRET, "path": ["_e0", index, "petitions", "nodes", row, "__f_formType"]})
        return SubgraphResponse(200, orjson.dumps({**page, "errors": errors} if errors else page))

    world.traffic.broken["petitions"] = forgetful
    found = await ask(
        "ero-officer", "query($t: ID!) { traveler(id: $t) { petitions { nodes { status } } } }",
        t="TRV-01KST0RY000000000000000025",
    )  # fmt: skip
    assert found.data["traveler"]["petitions"]["nodes"] == [{"status": None}]
    assert found.sharing() == ["traveler.petitions.nodes.[].status UNAVAILABLE FACT_UNAVAILABLE USCIS"]
    assert SECRET.encode() not in found.body


# -- the record --


async def test_nothing_leaves_when_the_record_cannot_be_written(ask: Asker, world: World) -> None:
    """503 and no data: what is not on record is not disclosed."""

    class Full:
        async def append(self, record: Any) -> Any:
            raise RecordUnavailable("RECORD_UNAVAILABLE", "The record of disclosures cannot be written.")

    house = world.opened.house
    world.opened.house = replace(house, record=Full())
    try:
        with pytest.raises(RecordUnavailable) as refused:
            await ask("cbp-secondary-nyc", QUESTION, t=GRACE)
    finally:
        world.opened.house = house
    assert (refused.value.status, refused.value.code) == (503, "RECORD_UNAVAILABLE")
    assert "Adeyemi" not in str(refused.value.as_graphql())


async def test_a_merged_list_says_whose_part_is_missing(world: World, ask: Asker) -> None:
    """The timeline without State's events is no timeline in which State had nothing to tell."""
    world.traffic.broken["visas"] = down
    found = await ask(
        "consular-supervisor-nwd",
        "query($t: ID!) { traveler(id: $t) { story: timeline(first: 20) { kind } } }",
        t=GRACE,
    )
    assert "traveler.story UNAVAILABLE SOURCE_UNAVAILABLE STATE_CA" in found.sharing()
    assert ["traveler", "story"] in [each["path"] for each in found.errors]
    assert "__f_" not in found.body.decode()


async def test_a_row_that_is_absent_does_not_show_itself_when_the_authority_is_down(world: World, ask: Asker) -> None:
    """No consular officer is given receipts by the cross-reference: not while USCIS answers, and not while it does not."""
    query = "query($t: ID!) { traveler(id: $t) { identifiers { kind value } } }"
    well = await ask("consular-supervisor-nwd", query, t=GRACE)
    kinds = [each["kind"] for each in well.data["traveler"]["identifiers"]]
    assert "RECEIPT" not in kinds
    world.traffic.broken["petitions"] = down
    ill = await ask("consular-supervisor-nwd", query, t=GRACE)
    assert [each["kind"] for each in ill.data["traveler"]["identifiers"]] == kinds
