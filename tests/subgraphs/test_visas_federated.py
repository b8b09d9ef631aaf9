"""State's, the programs' and the Visa Security Program's subgraphs in the one graph: composed, planned, executed.

What one subgraph needs of another (``@requires``), gives on another's behalf (``@provides``) or took over
(``@override``) shows only here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.composition import SubgraphSDL, compose
from gateway.execution.execute import execute
from gateway.execution.project import project
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.operation.read import read_operation
from gateway.planning import plan_operation
from gateway.supergraph import Supergraph, load_supergraph
from subgraphs.kit.registry import read_registry
from subgraphs.kit.testing import Asked
from subgraphs.visas.enums import VisaApplicationStatus
from subgraphs.visas.tables import PimsRow
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.test_exchange_visitors import record, sponsor
from tests.subgraphs.test_security_reviews import ADVICE, FIRST, review
from tests.subgraphs.test_visas import ANA, CCD, application, visa


@cache
def supergraph() -> Supergraph:
    sdls = [SubgraphSDL(name, entry.url, entry.load_schema().as_str()) for name, entry in read_registry().items()]
    return load_supergraph(compose(sdls).supergraph_sdl)


@dataclass
class Signed:
    """Carries each request to the subgraph under test, signed for what it selects, and keeps whom it asked."""

    apps: dict[str, Asked]
    asked: list[str]

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        self.asked.append(request.subgraph)
        body = json.loads(request.body)
        answer = await self.apps[request.subgraph].send(body["query"], body.get("variables"))
        return SubgraphResponse(answer.status, answer.body)


async def answer(apps: dict[str, Asked], query: str, **variables: Any) -> tuple[Any, list[str]]:
    """The client's data, and the subgraphs asked, in order; fails on errors."""
    graph = supergraph()
    operation = read_operation(query, graph.api_schema, variables)
    plan = plan_operation(graph, operation)
    carrier = Signed(apps, [])
    merged = await execute(plan, graph, operation.variables, carrier)
    shaped = project(operation, merged.data, graph.api_schema, merged.failures)
    assert not shaped.errors, shaped.errors
    return shaped.data, carrier.asked


async def test_the_window_is_what_state_says_at_this_moment(subgraph: SubgraphFactory) -> None:
    apps = {
        "visas": await subgraph("visas", [application(status=VisaApplicationStatus.APPROVED_NOT_ISSUED)]),
        "security_reviews": await subgraph("security_reviews", [review()]),
    }
    query = "query($id: String!) { securityReview(reviewId: $id) { reviewStatus windowState } }"
    data, asked = await answer(apps, query, id=FIRST)
    assert data == {"securityReview": {"reviewStatus": "IN_VETTING", "windowState": "APPROVED_NOT_ISSUED"}}
    assert asked == ["security_reviews", "visas", "security_reviews"]
    # State's own act moves the window; nothing in the program's database changes
    issued = await apps["visas"].ask(
        """mutation { issueVisa(input: {applicationId: "AA00000001", foilNumber: "S0100001",
             controlNumber: "20260010000001", expiresOn: "2029-11-01", entries: ONE}) { status } }"""
    )
    assert issued == {"data": {"issueVisa": {"status": "ISSUED"}}}
    data, _ = await answer(apps, query, id=FIRST)
    assert data["securityReview"]["windowState"] == "ISSUED"
    assert await apps["security_reviews"].events() == []


async def test_the_instant_of_submission_is_provided_without_asking_state(subgraph: SubgraphFactory) -> None:
    apps = {"security_reviews": await subgraph("security_reviews", [review()])}
    query = "query($id: String!) { securityReview(reviewId: $id) { application { applicationId submittedAt } } }"
    data, asked = await answer(apps, query, id=FIRST)
    assert data["securityReview"]["application"] == {
        "applicationId": "AA00000001",
        "submittedAt": "2026-10-01T08:00:00Z",
    }
    assert asked == ["security_reviews"]


async def test_advice_is_read_from_states_application_beside_states_own_status(subgraph: SubgraphFactory) -> None:
    apps = {
        "visas": await subgraph("visas", [application()]),
        "security_reviews": await subgraph("security_reviews", [review(**ADVICE)]),
    }
    data, asked = await answer(
        apps, '{ visaApplication(applicationId: "AA00000001") { status vspRecommendation { value ground } } }'
    )
    assert data["visaApplication"] == {
        "status": "IN_ADJUDICATION",
        "vspRecommendation": {"value": "RECOMMEND_REFUSE", "ground": "212(a)(3)(B)"},
    }
    assert asked == ["visas", "security_reviews"]


async def test_petition_evidence_is_asked_of_state_alone(subgraph: SubgraphFactory) -> None:
    pims = PimsRow(receipt_number="IOE0926001001", present=True, verified_by="KCC", **CCD)
    apps = {"visas": await subgraph("visas", [application(), pims])}
    data, asked = await answer(
        apps,
        '{ visaApplication(applicationId: "AA00000001") { petitions { receiptNumber pims { present verifiedBy } } } }',
    )
    assert data["visaApplication"]["petitions"] == [
        {"receiptNumber": "IOE0926001001", "pims": {"present": True, "verifiedBy": "KCC"}}
    ]
    assert asked == ["visas"]


async def test_one_persons_three_chapters_are_asked_for_side_by_side(subgraph: SubgraphFactory) -> None:
    apps = {
        "visas": await subgraph("visas", [application(status=VisaApplicationStatus.ISSUED), visa()]),
        "security_reviews": await subgraph("security_reviews", [review()]),
        "exchange_visitors": await subgraph("exchange_visitors", [sponsor(), record()]),
    }
    data, asked = await answer(
        apps,
        """{ visa(foilNumber: "S0100001") { holder { id
               visas { totalCount } securityReviews { nodes { reviewId } }
               exchangePrograms { nodes { sevisId sponsor { name } } } } } }""",
    )
    assert data["visa"]["holder"] == {
        "id": ANA,
        "visas": {"totalCount": 1},
        "securityReviews": {"nodes": [{"reviewId": FIRST}]},
        "exchangePrograms": {"nodes": [{"sevisId": "N0000100001", "sponsor": {"name": "Utopia Au Pair Exchange"}}]},
    }
    assert asked[0] == "visas"
    assert sorted(asked[1:]) == ["exchange_visitors", "security_reviews"]
