"""A subgraph asked directly: without the gateway's word, with a word for something else, or for its own description."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from gateway.caller import Caller
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.identity import development_key, sign_assertion
from gateway.identity.assertions import HEADER
from tests.scenarios.asking import TODAY, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

OFFICER = Caller("STATE_CA", "consular-officer", "visa-adjudication", "AA00S01002", "door", "NWD")
QUERY = "query($f: String!) { visa(foilNumber: $f) { status } }"
BODY = orjson.dumps({"query": QUERY, "variables": {"f": "S0100001"}})
GRANTS = {"Query.visa": "allow", "Visa.status": "allow"}
SUBGRAPHS = (
    "admissions",
    "enforcement",
    "exchange_visitors",
    "petitions",
    "security_reviews",
    "travelers",
    "visas",
)


def word(world: World, *, now: datetime | None = None, **changed: Any) -> str:
    """The gateway's own assertion for ``BODY`` to visas, with something changed."""
    key = development_key(world.opened.settings.var / "keys", "gateway", mode="development")
    given: dict[str, Any] = {
        "audience": "visas",
        "caller": OFFICER,
        "epoch": world.opened.graph.policy.epoch,
        "grants": GRANTS,
        "body": BODY,
        "at": TODAY,
    }
    return sign_assertion(key, **{**given, **changed}, now=now or datetime.now(UTC))


async def knock(world: World, token: str | None, body: bytes = BODY, subgraph: str = "visas") -> tuple[int, Any]:
    """Status and page of a request straight to a subgraph."""
    headers = {} if token is None else {HEADER: token}
    response: SubgraphResponse = await world.traffic.inner.send(SubgraphRequest(subgraph, body, headers=headers))
    return response.status, orjson.loads(response.body)


def code(page: Any) -> str:
    """The code of the only error; there is no data beside it."""
    assert page.get("data") is None
    (error,) = page["errors"]
    return str(error["extensions"]["code"])


async def test_with_the_gateways_word_it_answers(world: World) -> None:
    """The control: the same knock with everything right."""
    assert await knock(world, word(world)) == (200, {"data": {"visa": {"status": "ISSUED"}}})


@pytest.mark.parametrize("subgraph", SUBGRAPHS)
async def test_without_an_assertion_nothing(world: World, subgraph: str) -> None:
    """Each of the seven refuses a stranger before it parses anything."""
    status, page = await knock(world, None, b'{"query": "{ __typename }"}', subgraph)
    assert (status, code(page)) == (401, "ASSERTION_MISSING")


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"body": b'{"query": "{ __typename }"}'}, (401, "ASSERTION_WRONG_BODY")),
        ({"audience": "petitions"}, (401, "ASSERTION_WRONG_AUDIENCE")),
        ({"now": datetime.now(UTC) - timedelta(days=1)}, (401, "ASSERTION_EXPIRED")),
        ({"now": datetime.now(UTC) + timedelta(days=1)}, (401, "ASSERTION_NOT_YET_VALID")),
        ({"grants": {"Query.visa": "allow", "Visa.foilNumber": "allow"}}, (403, "NOT_PERMITTED")),
    ],
    ids=["another-body", "another-subgraph", "expired", "not-yet-valid", "another-coordinate"],
)
async def test_a_word_for_something_else(world: World, changed: dict[str, Any], refused: tuple[int, str]) -> None:
    """One assertion is for one body, one subgraph, its coordinates and its minute."""
    status, page = await knock(world, word(world, **changed))
    assert (status, code(page)) == refused
    assert "S0100001" not in str(page)


async def test_a_word_signed_by_somebody_else(world: World, tmp_path: Any) -> None:
    """The right claims under a stranger's key."""
    stranger = development_key(tmp_path / "keys", "gateway", mode="development")
    token = sign_assertion(
        stranger, audience="visas", caller=OFFICER, epoch=world.opened.graph.policy.epoch, grants=GRANTS, body=BODY,
        at=TODAY, now=datetime.now(UTC),
    )  # fmt: skip
    status, page = await knock(world, token)
    assert (status, code(page)) == (401, "ASSERTION_UNKNOWN_KEY")


async def test_the_agencys_own_copy_of_the_agreements_has_the_last_word(world: World) -> None:
    """A gateway that grants what no agreement gives is refused by the agency itself, with the coordinate named."""
    status, page = await knock(world, word(world, caller=replace(OFFICER, agency="ICE_ERO", role="ero-officer", purpose="enforcement-case")))  # fmt: skip
    assert (status, code(page)) == (403, "NOT_PERMITTED")
    assert page["errors"][0]["extensions"]["coordinates"] == ["Query.visa", "Visa.foilNumber", "Visa.status"]


@pytest.mark.parametrize("subgraph", SUBGRAPHS)
async def test_no_subgraph_describes_itself(world: World, subgraph: str) -> None:
    """Neither ``_service`` nor introspection, not even to the gateway's word for ordinary fields."""
    for query in ("{ _service { sdl } }", "{ __schema { types { name } } }"):
        body = orjson.dumps({"query": query})
        status, page = await knock(world, None, body, subgraph)
        assert (status, code(page)) == (401, "ASSERTION_MISSING")
        token = word(world, audience=subgraph, body=body, grants={"Query.visa": "allow"})
        status, page = await knock(world, token, body, subgraph)
        assert (status, code(page)) == (403, "NOT_PERMITTED")
