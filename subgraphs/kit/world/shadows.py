"""What befalls some generated travelers whatever their visa: protection, asylum, removal, lookouts, odd records."""

from datetime import timedelta

from subgraphs.kit.world.build import cbp, ero, uscis
from subgraphs.kit.world.courses import Life
from subgraphs.kit.world.model import (
    DepartureVerificationFact,
    DiscrepancyFact,
    LinkEvidenceFact,
    PetitionerFact,
    ReliefFact,
    RemovalOrderFact,
)
from subgraphs.kit.world.people import FLIGHT_PORTS

__all__ = ["cast", "protected"]

PROTECTED = 0.05
_REMOVAL = 0.012
_LOOKOUT = 0.006
_OPEN_INSPECTION = 0.006
_SELF = PetitionerFact("Self", None, None, "Withheld", 0)


def protected(life: Life) -> None:
    """Half of the protected have a T, U or VAWA filing and flag, half an asylum or credible-fear case."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    days = chance.number(60, 1800)
    at = chance.ago(today, days)
    draft.alien_number(at)
    if chance.share(0.5):
        kind, form, classification = chance.of((("U", "I918", "U1"), ("T", "I914", "T1"), ("VAWA", "I360", "204B21")))
        steps: list[uscis.Step] = [("IAA", at)]
        ended = chance.share(0.06)
        if ended:
            steps.append(("EA", chance.ago(today, days // 2)))
        elif kind == "T":
            steps.append(("FZA", chance.ago(today, days // 2)))
        uscis.petition(draft, form, classification, _SELF, steps)
        uscis.protect(draft, kind, at.date(), today.day(days // 4) if ended else None)
        return
    ways = (("AFFIRMATIVE", "INTERVIEW_SCHEDULED"), ("DEFENSIVE", "REFERRED"), ("CREDIBLE_FEAR", "FOUND"))
    kind, stage = chance.of(ways)
    uscis.asylum(draft, kind, stage, at.date(), chance.of(("ZAT", "ZNY", "ZLA")))
    if kind == "CREDIBLE_FEAR":
        arrival = cbp.arrive(draft, chance.of(FLIGHT_PORTS), at - timedelta(days=1))
        cbp.inspect(
            draft,
            arrival,
            "CREDIBLE_FEAR_REFERRAL",
            stage="SECONDARY",
            reason="235(b)(1)(A)(ii)",
            forms=("I-860", "M-444"),
            referred_for="No visa",
            narrative="Synthetic narrative.",
        )


def _removed(life: Life) -> None:
    """An encounter and a case: half ended in a verified removal, the others are in proceedings or under an order."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    days = chance.number(40, 2000)
    opened = chance.ago(today, days)
    nta = opened.date() + timedelta(days=3)
    way = chance.of(("REMOVED", "REMOVED", "IN_PROCEEDINGS", "FINAL_ORDER"))
    ordered = today.day(days // 2)
    order = None if way == "IN_PROCEEDINGS" else RemovalOrderFact("REMOVAL", "EOIR", ordered, True)
    gone = today.day(max(1, days // 2 - 15))
    verified = DepartureVerificationFact(gone, "MIA", "WITNESSED", "UTO", True) if way == "REMOVED" else None
    relief = (ReliefFact("CANCELLATION", "PENDING", nta + timedelta(days=20)),) if way == "IN_PROCEEDINGS" else ()
    case = ero.removal_case(draft, way, opened, nta=nta, order=order, relief=relief, verification=verified)
    ero.encounter(draft, opened, case=case)
    if chance.share(0.5):
        out = opened + timedelta(days=min(30, days // 3))
        ero.detain(draft, case, "Utopia Processing Center", opened, out, release_code="BOND", bond_usd=500_000)
    if chance.share(0.3):
        ero.convict(draft, "Theft", opened.date() - timedelta(days=90), "UT county court", "2399")


def cast(life: Life) -> None:
    """Everything that may befall a generated traveler beside the visa's own course."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    if chance.share(PROTECTED):
        protected(life)
    if chance.share(_REMOVAL):
        _removed(life)
    if chance.share(_LOOKOUT):
        cbp.look_out(draft, "VISA_CHECK", "CBP", today.ago(chance.number(5, 300)), "Refer to secondary")
    usable = [visa for visa in draft.visas if visa.status == "ISSUED" and visa.expires_on > today.now.date()]
    inside = any(not any(gone.i94_number == item.i94_number for gone in draft.departures) for item in draft.admissions)
    if usable and not inside and chance.share(_OPEN_INSPECTION * 4):
        arrival = cbp.arrive(draft, chance.of(("NYC", "ATL")), today.minutes(chance.number(30, 90)), visa=usable[-1])
        cbp.inspect(draft, arrival, None)
    _records(life)


def _records(life: Life) -> None:
    """Partial births, aliases, disagreeing sources and link evidence."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    if chance.share(0.03):
        draft.was_born(str(draft.born.year), "YEAR")
    elif chance.share(0.02):
        draft.was_born(draft.born.isoformat(), "DAY")
        other = draft.born + timedelta(days=365)
        draft.was_born(other.isoformat(), "DAY", "CBP", "ADIS")
        values = (draft.born.isoformat(), other.isoformat())
        draft.discrepancies.append(DiscrepancyFact("birth.date", values, ("OBIM", "CBP"), today.ago(200)))
    if chance.share(0.04):
        draft.called("PRIMARY", draft.family, draft.given)
        draft.called("ALIAS", f"{draft.family}-{draft.given[0]}", draft.given, "CBP", "ADIS")
    if draft.fin is not None:
        draft.link_evidence.append(LinkEvidenceFact("fin-equal", 1.0, "BIOMETRIC", None))
    elif len(draft.identifiers) > 1:
        draft.link_evidence.append(LinkEvidenceFact("name-birth-passport", 0.93, "BIOGRAPHIC", "obim-analyst-1"))
