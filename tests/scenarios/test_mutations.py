"""Changes, end to end, on databases of one's own: the owner's officers may, everybody else is denied and nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from gateway.audit import AuditRecord
from gateway.caller import Caller
from gateway.errors import RecordUnavailable
from gateway.house import Record
from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

GRACE = "TRV-01KST0RY000000000000000029"
OFFICER = Caller("STATE_CA", "consular-officer", "visa-adjudication", "AA00S29003", "mut-ca", "NWD")
PRIMARY = Caller("CBP", "cbp-primary", "border-inspection-primary", "INS-NYC-00290002", "mut-cbp", "NYC")
ADJUDICATOR = Caller("USCIS", "uscis-adjudicator", "petition-adjudication", "IOE0926009002", "mut-cis", "CSC")
AGENT = Caller("ICE_VSP", "vsp-agent", "visa-security-review", "VSR-2026-0003001", "mut-vsp", "CRO")
SUPERVISOR = Caller("ICE_ERO", "ero-supervisor", "enforcement-case", "ERC-00070001", "mut-ero", "ATL")
PROGRAM = Caller("STATE_ECA", "eca-program-officer", "exchange-program-oversight", "P-3-00017", "mut-eca", "ECA", ("P-3-00017",))  # fmt: skip
AUDITOR = Caller("OVERSIGHT", "auditor", "oversight-audit", "", "mut-oig")
EVERYBODY = {
    "USCIS": ADJUDICATOR,
    "STATE_CA": OFFICER,
    "STATE_ECA": PROGRAM,
    "ICE_VSP": AGENT,
    "CBP": PRIMARY,
    "ICE_ERO": SUPERVISOR,
    "OVERSIGHT": AUDITOR,
}

DECIDE = """mutation { decidePetition(input: { receiptNumber: "IOE0926009002", decision: APPROVED,
  validFrom: "2026-11-01", validTo: "2029-10-31" }) { receiptNumber status validTo } }"""
REVOKE = """mutation { revokeVisa(input: { foilNumber: "S2400001", kind: PRUDENTIAL, ground: "212(a)(3)(B)" }) {
  foilNumber status revocation { kind } } }"""
RECOMMEND = """mutation { sendRecommendation(input: { reviewId: "VSR-2026-0003001", value: NO_OBJECTION,
  tearline: "The match was a namesake." }) { reviewStatus recommendation { value } } }"""
ADMIT = """mutation { recordInspection(input: { inspectionId: "INS-NYC-00290002", outcome: ADMITTED,
  classOfAdmission: "H1B", stay: { kind: DATE, until: "2027-09-22" } }) { inspectionId state outcome } }"""
CHARGE = """mutation { placeInProceedings(input: { eventNumber: "ATL2700700001", charges: ["237(a)(1)(B)"],
  ntaServedOn: "2026-11-01" }) { caseId stage } }"""
ACTS = {
    "decidePetition": (DECIDE, "USCIS"),
    "revokeVisa": (REVOKE, "STATE_CA"),
    "sendRecommendation": (RECOMMEND, "ICE_VSP"),
    "recordInspection": (ADMIT, "CBP"),
    "placeInProceedings": (CHARGE, "ICE_ERO"),
}


async def test_uscis_decides_a_petition(fresh: World) -> None:
    """Evidence in, then the decision; State, whose applicant she is not yet, and ERO read it only as their agreements say."""
    ask = Asker(fresh)
    evidence = 'mutation { recordEvidence(input: { receiptNumber: "IOE0926009002" }) { status } }'
    assert (await ask(ADJUDICATOR, evidence)).data == {"recordEvidence": {"status": "EVIDENCE_RECEIVED"}}
    made = await ask(ADJUDICATOR, DECIDE)
    assert made.data == {
        "decidePetition": {"receiptNumber": "IOE0926009002", "status": "APPROVED", "validTo": "2029-10-31"}
    }
    assert "Mutation.decidePetition ALLOW USCIS-INTERNAL/1 2.1" in fresh.basis(made)
    assert fresh.record(made)["operation"]["kind"] == "mutation"
    again = await ask(ADJUDICATOR, DECIDE)
    assert again.data == {"decidePetition": None}
    assert [each["extensions"]["code"] for each in again.errors] == ["ILLEGAL_TRANSITION"]
    assert again.ledger() == {}  # the owner was reached and refused; nothing is missing
    read = await ask(ADJUDICATOR, 'query { petition(receiptNumber: "IOE0926009002") { status validTo } }')
    assert read.data == {"petition": {"status": "APPROVED", "validTo": "2029-10-31"}}


async def test_state_revokes_and_the_port_sees_it(fresh: World) -> None:
    """The officer at primary reads ISSUED, State revokes, the same officer reads REVOKED, with State's instant."""
    ask = Asker(fresh)
    question = 'query { visa(foilNumber: "S2400001") { status provenance { asOf } } }'
    before = await ask("cbp-primary-atl", question)
    assert before.data["visa"]["status"] == "ISSUED"
    made = await ask(replace(OFFICER, case="AA00S24001"), REVOKE)
    assert made.data == {
        "revokeVisa": {"foilNumber": "S2400001", "status": "REVOKED", "revocation": {"kind": "PRUDENTIAL"}}
    }
    assert "Mutation.revokeVisa ALLOW CA-INTERNAL/1 2.2" in fresh.basis(made)
    after = await ask("cbp-primary-atl", question)
    assert after.data["visa"] == {"status": "REVOKED", "provenance": {"asOf": "2026-11-01T12:00:00Z"}}
    assert "Visa.status ALLOW CA-CBP-VISA/3 III.1" in fresh.basis(after)


async def test_vsp_recommends_and_the_officer_sees_it(fresh: World) -> None:
    """The old word is withdrawn, a new one sent; the officer in Cairo reads the new one, and it decides nothing."""
    ask = Asker(fresh)
    withdraw = """mutation { withdrawRecommendation(input: { reviewId: "VSR-2026-0003001", reason: "A namesake" }) {
      recommendation { value } } }"""
    assert (await ask(AGENT, withdraw)).data == {"withdrawRecommendation": {"recommendation": {"value": "WITHDRAWN"}}}
    made = await ask(AGENT, RECOMMEND)
    assert made.data == {
        "sendRecommendation": {"reviewStatus": "RECOMMENDATION_SENT", "recommendation": {"value": "NO_OBJECTION"}}
    }
    assert "Mutation.sendRecommendation ALLOW VSP-INTERNAL/1 2.2" in fresh.basis(made)
    seen = await ask(
        "consular-officer-cai",
        """query { visaApplication(applicationId: "AA00S03001") { status
          securityReview { recommendation { value tearline } } } }""",
    )
    assert seen.data["visaApplication"] == {
        "status": "APPROVED_NOT_ISSUED",
        "securityReview": {"recommendation": {"value": "NO_OBJECTION", "tearline": "The match was a namesake."}},
    }


async def test_cbp_admits_and_the_window_closes(fresh: World) -> None:
    """The admission is there for the post; the inspection is closed, so State's records are the port's no longer."""
    ask = Asker(fresh)
    visa = 'query { visa(foilNumber: "S2900002") { status } }'
    assert (await ask(PRIMARY, visa)).data == {"visa": {"status": "ISSUED"}}
    made = await ask(PRIMARY, ADMIT)
    assert made.data == {
        "recordInspection": {"inspectionId": "INS-NYC-00290002", "state": "CLOSED", "outcome": "ADMITTED"}
    }
    assert "Mutation.recordInspection ALLOW CBP-INTERNAL/1 2.1" in fresh.basis(made)
    post = await ask(
        OFFICER,
        "query($t: ID!) { traveler(id: $t) { admissions { totalCount nodes { authorizedStay { until } } } } }",
        t=GRACE,
    )
    assert post.data["traveler"]["admissions"] == {
        "totalCount": 3,
        "nodes": [
            {"authorizedStay": {"until": "2027-09-22"}},
            {"authorizedStay": {"until": "2027-11-06"}},
            {"authorizedStay": {"until": None}},
        ],
    }
    closed = await ask(PRIMARY, visa)
    assert closed.data == {"visa": None}
    assert closed.sharing() == ["visa DENY CASE_CONDITION STATE_CA"]


async def test_ero_places_in_proceedings(fresh: World) -> None:
    """The supervisor's act, not the officer's; the case moves and its state is the case's own from then on."""
    ask = Asker(fresh)
    officer = replace(SUPERVISOR, role="ero-officer")
    refused = await ask(officer, CHARGE)
    assert refused.data == {"placeInProceedings": None}
    assert refused.sharing() == ["placeInProceedings DENY ROLE_NOT_COVERED ICE_ERO"]
    made = await ask(SUPERVISOR, CHARGE)
    assert made.data == {"placeInProceedings": {"caseId": "ERC-00070001", "stage": "CHARGED"}}
    assert "Mutation.placeInProceedings ALLOW ERO-INTERNAL/1 2.2" in fresh.basis(made)
    read = await ask(officer, 'query { removalCase(caseId: "ERC-00070001") { stage charges ntaServedOn } }')
    assert read.data == {"removalCase": {"stage": "CHARGED", "charges": ["237(a)(1)(B)"], "ntaServedOn": "2026-11-01"}}


async def test_a_protected_petition_cannot_be_decided_by_who_may_not_know_of_it(fresh: World) -> None:
    """8 U.S.C. 1367 bars use as well: without the training the number is nobody's, and nothing happens to it."""
    ask = Asker(fresh)
    text = """mutation($r: String!) { decidePetition(input: { receiptNumber: $r, decision: DENIED }) { status } }"""
    protected = await ask(ADJUDICATOR, text, r="IOE0925010001")
    nobodys = await ask(ADJUDICATOR, text, r="IOE0925099999")
    assert protected.data == {"decidePetition": None}
    assert [each["extensions"]["code"] for each in protected.errors] == ["NO_SUCH_RECORD"]
    assert protected.body.replace(protected.request_id.encode(), b"") == nobodys.body.replace(
        nobodys.request_id.encode(), b""
    )
    officer = Caller(
        "USCIS",
        "uscis-protection-officer",
        "benefit-adjudication",
        "IOE0925010001",
        "mut-vsc",
        "VSC",
        training=("1367",),
    )
    left = await ask(officer, 'query { petition(receiptNumber: "IOE0925010001") { formType status } }')
    assert left.data["petition"] == {"formType": "I918", "status": "EVIDENCE_RECEIVED"}
    trained = replace(ADJUDICATOR, training=("1367",))
    assert (await ask(trained, text, r="IOE0925010001")).data == {"decidePetition": {"status": "DENIED"}}


@pytest.mark.parametrize(
    ("act", "agency"),
    [(act, agency) for act, (_, owner) in ACTS.items() for agency in EVERYBODY if agency != owner],
)
async def test_nobody_else_writes_and_nothing_is_sent(ask: Asker, world: World, act: str, agency: str) -> None:
    """A change by another agency is denied by name, and no subgraph ever reads the word."""
    text, owner = ACTS[act]
    found = await ask(EVERYBODY[agency], text)
    assert found.data == {act: None}
    assert found.sharing() == [f"{act} DENY NO_AGREEMENT {owner}"]
    assert found.errors == []
    assert f"Mutation.{act} DENY NO_AGREEMENT" in world.basis(found)
    assert act not in world.traffic.bodies()
    assert "mutation" not in world.traffic.bodies()


async def test_a_denied_change_does_not_hold_up_an_allowed_one(fresh: World) -> None:
    """Two changes in one document: the allowed one is made, the other is denied, in the client's order."""
    both = """mutation { decidePetition(input: { receiptNumber: "IOE0926009002", decision: DENIED }) { status }
      revokeVisa(input: { foilNumber: "S2400001", kind: PRUDENTIAL, ground: "221(i)" }) { status } }"""
    found = await Asker(fresh)(replace(OFFICER, case="AA00S24001"), both)
    assert found.data == {"decidePetition": None, "revokeVisa": {"status": "REVOKED"}}
    assert list(found.data) == ["decidePetition", "revokeVisa"]
    assert found.sharing() == ["decidePetition DENY NO_AGREEMENT USCIS"]
    assert "decidePetition" not in fresh.traffic.bodies()


@dataclass
class Watching:
    """A record that notes of each entry its kind and what subgraphs had been sent by then; ``broken`` refuses a kind."""

    world: World
    inner: Record
    broken: str = ""
    kept: list[tuple[AuditRecord, str]] = field(default_factory=list)

    async def append(self, record: AuditRecord) -> object:
        """The place in the log; raises what a full disk raises."""
        if record.kind == self.broken:
            raise RecordUnavailable("AUDIT_UNAVAILABLE", "The disk is full.")
        self.kept.append((record, self.world.traffic.bodies()))
        return await self.inner.append(record)


def watch(world: World, broken: str = "") -> Watching:
    """The world's record, watched from here on."""
    house = world.opened.house
    assert house.record is not None
    watching = Watching(world, house.record, broken)
    world.opened.house = replace(house, record=watching)
    return watching


async def test_a_change_is_on_record_before_it_is_sent(fresh: World) -> None:
    """What somebody is about to change is durable first: a crash between the act and its answer leaves a trace."""
    watching = watch(fresh)
    denied = 'decidePetition(input: { receiptNumber: "IOE0926009002", decision: DENIED }) { status }'
    both = REVOKE.replace("mutation {", f"mutation {{ {denied}")
    made = await Asker(fresh)(replace(OFFICER, case="AA00S24001"), both)
    assert made.data["revokeVisa"]["status"] == "REVOKED"
    (intent, sent), (release, later) = watching.kept
    assert (intent.kind, release.kind) == ("intent", "release")
    assert "revokeVisa" not in sent
    assert "revokeVisa" in later
    assert intent.request_id == release.request_id == made.request_id
    assert dict(intent.note) == {"changes": "Mutation.revokeVisa"}  # what is denied is not intended
    assert intent.operation_kind == "mutation"
    assert "S2400001" not in intent.operation_text


async def test_a_change_that_cannot_be_put_on_record_is_not_made(fresh: World) -> None:
    """The record is full: refused before the owner hears of it, and the visa stands."""
    watch(fresh, broken="intent")
    ask = Asker(fresh)
    with pytest.raises(RecordUnavailable) as refused:
        await ask(replace(OFFICER, case="AA00S24001"), REVOKE)
    assert refused.value.code == "AUDIT_UNAVAILABLE"
    assert "mutation" not in fresh.traffic.bodies()
    seen = await ask("cbp-primary-atl", 'query { visa(foilNumber: "S2400001") { status } }')
    assert seen.data["visa"] == {"status": "ISSUED"}


async def test_what_changes_nothing_leaves_no_intent(fresh: World) -> None:
    """Neither a question nor a change that is denied before anything is sent."""
    watching = watch(fresh)
    ask = Asker(fresh)
    await ask("cbp-primary-atl", 'query { visa(foilNumber: "S2400001") { status } }')
    await ask(PRIMARY, REVOKE)
    assert [record.kind for record, _ in watching.kept] == ["release", "release"]
