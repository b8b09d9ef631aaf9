"""One question over all seven subgraphs: how much it costs, and that nothing denied is ever asked for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    parse,
)

from gateway.coordinates import Coordinate
from gateway.execution.transport import SubgraphRequest
from gateway.identity import load_personas
from gateway.policy import Outcome
from tests.scenarios.asking import ROOT, TODAY, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

GRACE = "TRV-01KST0RY000000000000000029"
CASES = {
    "USCIS": "IOE0927029002",
    "STATE_CA": "AA00S29003",
    "STATE_ECA": "N0002900001",
    "ICE_VSP": "VSR-2026-0029002",
    "CBP": "INS-NYC-00290002",
    "ICE_ERO": "ERC-00290001",
}
PERSONAS = sorted(load_personas(ROOT / "schema" / "personas.toml"))

QUESTION = """query All($t: ID!) { traveler(id: $t) {
  id sex citizenships legalCategory names { kind family given } birth { date { value } country }
  identifiers { kind value } linkEvidence { rule } discrepancies { field }
  petitions { totalCount nodes { receiptNumber formType status classification { code } validFrom validTo jobTitle
    wageAnnualUsd rfeReasons fraudReferral { referred } petitioner { name ein } pims { present recordedAt } } }
  benefitRequests { totalCount nodes { form status } } asylumCases { caseNumber } protectedFlags { kind }
  visaApplications { totalCount nodes { applicationId kind status publicStatus submittedAt post { code }
    visaClass { code } refusals { ground at } biometricCheck { result } sao { program } passport { number expires }
    consularNotes { text } dsAnswers { employer }
    securityReview { reviewId reviewStatus screeningResult derogatory { source }
      recommendation { value ground tearline } }
    petitions { receiptNumber status } } }
  visas { totalCount nodes { foilNumber status issuedOn expiresOn entries revocation { kind at ground } } }
  exchangePrograms { nodes { sevisId status category { code } termination { code } funding { sponsorUsd }
    sponsor { name status } twoYearRule { subject } } }
  admissions { totalCount nodes { i94Number admittedAt poe { code } authorizedStay { kind until }
    arrival { flight usAddress } departure { at matchConfidence } visa { foilNumber status } } }
  inspections { nodes { outcome openedAt narrative } } lookouts { instruction kind }
  overstay { status basis daysOver }
  removalCases { nodes { caseId stage charges order { kind on final } relief { kind }
    departureVerification { on proof } } }
  detentions { nodes { facility } } criminalHistory { conviction } enforcementEncounters { nodes { at kind place } }
  securityReviews { nodes { reviewId reviewStatus windowState } }
  timeline { at kind summary } } }"""


def is_fact_reading(request: SubgraphRequest) -> bool:
    """Whether a request reads the case or the statutory flags, and nothing for the client."""
    return b"__f_case:" in request.body or b"statutoryProtections" in request.body


@pytest.mark.parametrize(("who", "most"), [("consular-supervisor-nwd", 9), ("cbp-secondary-nyc", 9)])
async def test_all_chapters_cost_nine_requests_in_three_waves(ask: Asker, world: World, who: str, most: int) -> None:
    """Seven subgraphs, more than forty fields; after the case and the flags at most nine requests, three deep."""
    caller = ask.caller(who)
    found = await ask(replace(caller, case=CASES[caller.agency]), ask.nameable(caller, QUESTION), t=GRACE)
    assert found.errors == []
    record = world.record(found)
    shown = {item["coordinate"] for item in record["disclosed"] if item["outcome"] in ("ALLOW", "MASK")}
    assert len(shown) > 40
    asked = [each for each in world.traffic.requests if not is_fact_reading(each)]
    assert len(asked) <= most
    assert len(asked) == len(record["fetches"])
    waves = record["plan"].splitlines()[0]
    assert waves == f"{len(asked)} fetches in 3 waves"


async def test_the_supervisor_hears_of_six_agencies(ask: Asker) -> None:
    """One answer, its values from six owners."""
    found = await ask("consular-supervisor-nwd", ask.nameable("consular-supervisor-nwd", QUESTION), t=GRACE)
    traveler = found.data["traveler"]
    assert [each["receiptNumber"] for each in traveler["petitions"]["nodes"]] == ["IOE0924029001", "IOE0927029002"]
    assert [each["pims"] for each in traveler["petitions"]["nodes"]] == [
        {"present": True, "recordedAt": "2024-09-16T12:00:00Z"},
        None,
    ]
    assert [each["applicationId"] for each in traveler["visaApplications"]["nodes"]] == [
        "AA00S29003",
        "AA00S29002",
        "AA00S29001",
    ]
    assert [each["securityReview"] and each["securityReview"]["reviewId"] for each in traveler["visaApplications"]["nodes"]] == [
        "VSR-2026-0029002",
        "VSR-2024-0029001",
        None,
    ]  # fmt: skip
    assert [each["visa"]["foilNumber"] for each in traveler["admissions"]["nodes"]] == ["S2900002", "S2900001"]
    assert traveler["removalCases"]["nodes"][0]["order"] == {
        "kind": "VOLUNTARY_DEPARTURE",
        "on": "2026-06-24",
        "final": False,
    }
    for unknown in ("asylumCases", "protectedFlags"):  # no words of a supervisor's graph
        assert unknown not in traveler
    for denied in ("exchangePrograms", "lookouts", "detentions", "criminalHistory", "benefitRequests"):
        assert traveler[denied] is None


def grants_of(request: SubgraphRequest) -> dict[str, str]:
    """What the assertion that travels with a request grants."""
    payload = request.headers["Gateway-Assertion"].split(".")[1]
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return dict(claims["grants"])


def selected(request: SubgraphRequest, schema: GraphQLSchema) -> Iterator[tuple[str, bool]]:
    """Each coordinate that the text of a request selects, on concrete types, and whether under a hidden key."""
    document = parse(orjson.loads(request.body)["query"])
    for definition in document.definitions:
        assert isinstance(definition, OperationDefinitionNode)
        yield from _walk(definition.selection_set, "Query", schema, hidden=False)


def _walk(
    selection: SelectionSetNode, parent: str, schema: GraphQLSchema, *, hidden: bool
) -> Iterator[tuple[str, bool]]:
    for node in selection.selections:
        if isinstance(node, InlineFragmentNode):
            inner = node.type_condition.name.value if node.type_condition else parent
            yield from _walk(node.selection_set, inner, schema, hidden=hidden)
            continue
        assert isinstance(node, FieldNode)
        name = node.name.value
        if name == "_entities":
            assert node.selection_set is not None
            yield from _walk(node.selection_set, "_Entity", schema, hidden=hidden)
        elif not name.startswith("__"):
            kind = schema.type_map[parent]
            below = hidden or bool(node.alias and node.alias.value.startswith("__"))
            for concrete in _concrete(parent, schema):
                yield f"{concrete}.{name}", below
            if node.selection_set is not None:
                target: str = get_named_type(getattr(kind, "fields")[name].type).name  # noqa: B009 - only composite types get here
                yield from _walk(node.selection_set, target, schema, hidden=below)


def _concrete(name: str, schema: GraphQLSchema) -> list[str]:
    kind = schema.type_map[name]
    return [each.name for each in schema.get_possible_types(kind)] if is_abstract_type(kind) else [name]


@pytest.mark.parametrize("who", PERSONAS)
async def test_what_is_denied_is_never_asked_for(ask: Asker, world: World, who: str) -> None:
    """No request of any persona selects a denied coordinate for the client, and every selection is vouched for."""
    caller = ask.caller(who)
    caller = replace(caller, case=CASES.get(caller.agency, ""))
    await ask(caller, ask.nameable(caller, QUESTION), t=GRACE)
    if caller.purpose in world.opened.graph.policy.vocabulary.break_glass:
        caller = replace(caller, break_glass="approved")  # as the request was
    policy, schema = world.opened.graph.policy, world.opened.graph.supergraph.api_schema
    checked = 0
    for request in world.traffic.requests:
        grants = grants_of(request)
        for coordinate, hidden in selected(request, schema):
            checked += 1
            assert coordinate in grants, f"{coordinate} is asked of {request.subgraph} without a grant"
            decision = policy.decide(caller, Coordinate.parse(coordinate), {}, TODAY)
            if decision.settled and decision.outcome in (Outcome.DENY, Outcome.ABSENT):
                assert grants[coordinate] in ("fact", "key"), f"{coordinate} is denied and asked of {request.subgraph}"
                assert hidden or grants[coordinate] == "key" or is_fact_reading(request), coordinate
    assert checked or not world.traffic.requests


@pytest.mark.parametrize("who", PERSONAS)
async def test_no_denied_field_is_in_the_text_of_any_request(ask: Asker, world: World, who: str) -> None:
    """The ledger's denials beside the bytes: a field that is denied on every type is a word no subgraph reads."""
    caller = ask.caller(who)
    found = await ask(replace(caller, case=CASES.get(caller.agency, "")), ask.nameable(caller, QUESTION), t=GRACE)
    denied = {e["coordinate"].split(".")[1] for e in found.page["extensions"]["sharing"] if e["outcome"] == "DENY"}
    record = world.record(found)
    given = {item["coordinate"].split(".")[1] for item in record["disclosed"] if item["outcome"] != "DENY"}
    words = {
        word
        for request in world.traffic.requests
        if not is_fact_reading(request)
        for coordinate, hidden in selected(request, world.opened.graph.supergraph.api_schema)
        for word in [coordinate.split(".")[1]]
        if not hidden and grants_of(request)[coordinate] != "key"
    }
    assert denied & (words - given) == set()
