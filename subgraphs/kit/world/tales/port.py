"""Stories of travelers at a port of entry."""

from datetime import date, timedelta

from subgraphs.kit.world.build import cbp, ero, exchange, state, uscis
from subgraphs.kit.world.build.draft import Today
from subgraphs.kit.world.model import (
    ActivitySiteFact,
    DepartureVerificationFact,
    FundingFact,
    Journey,
    RemovalOrderFact,
    Waiver212eFact,
)
from subgraphs.kit.world.sponsors import UNIVERSITY
from subgraphs.kit.world.tales.telling import RELATIVE, begin, story_id
from subgraphs.kit.world.tales.work import approved_h1b, enter, issued_visa, leave

__all__ = [
    "h1b_at_primary",
    "j1_two_year_rule",
    "missing_child",
    "paroled",
    "removed_and_back",
    "resident",
    "revoked_at_primary",
    "revoked_in_the_air",
]


def revoked_in_the_air(today: Today) -> Journey:
    """Story 5."""
    draft = begin(today, 5, "revoked-in-the-air", ("Okafor", "Chidi"), "M", date(1985, 7, 17), ("NGA", "Ibadan"))
    refused = state.refusal("214(b)", today.ago(900), "LGS")
    state.application(
        draft,
        "B2",
        "LGS",
        "REFUSED_214B",
        submitted=today.ago(930),
        interview=today.ago(900),
        decided=today.ago(900),
        refusals=(refused,),
    )
    applied = state.application(
        draft, "B2", "LGS", "REVOKED", submitted=today.ago(200), interview=today.ago(160), decided=today.ago(160)
    )
    revoked = state.revocation("PRUDENTIAL", today.minutes(300), "212(a)(3)(B)")
    visa = state.visa(
        draft, applied, issued=today.day(158), status="REVOKED", basis="INA 221(i)", revoked=revoked, entries="MULTIPLE"
    )
    arrival = cbp.arrive(draft, "ATL", today.minutes(55), visa=visa)
    cbp.inspect(draft, arrival, "REFERRED_SECONDARY", match="MATCH", after_minutes=5)
    cbp.inspect(draft, arrival, None, stage="SECONDARY", referred_for="Visa revoked", after_minutes=30)
    return draft.done()


def j1_two_year_rule(today: Today) -> Journey:
    """Story 6."""
    draft = begin(
        today, 6, "j1-two-year-rule", ("Banerjee", "Priya"), "F", date(1989, 11, 23), ("IND", "Kolkata"), 1500
    )
    validated = today.ago(395)
    record = exchange.program(
        draft,
        UNIVERSITY,
        "6",
        "51.1201",
        today.day(400),
        today.day(-330),
        "ACTIVE",
        validated=validated,
        site=ActivitySiteFact("Example State Hospital", "9 Campus Way, Springfield"),
        funding=FundingFact(5_600_000, 0, 1_000_000, 0),
        two_year_basis="PHYSICIAN",
        dependents=(story_id(30),),
        waiver=Waiver212eFact(draft.numbers.serial("WRS-"), "CONRAD_STATE_30", "PENDING", today.day(30)),
    )
    visa = issued_visa(draft, "J1", "NWD", 430, sevis_id=record.sevis_id, annotation="TWO YEAR RULE DOES APPLY")
    leave(draft, enter(draft, visa, "NYC", 398, sevis_id=record.sevis_id), "NYC", 20)
    arrival = cbp.arrive(draft, "NYC", today.minutes(40), visa=visa)
    cbp.inspect(draft, arrival, None, after_minutes=10)
    return draft.done()


def resident(today: Today) -> Journey:
    """Story 14."""
    draft = begin(today, 14, "resident", ("Santos", "Isabel"), "F", date(1978, 2, 14), ("PHL", "Cebu"), 1800)
    filed = uscis.petition(
        draft, "I130", "201B", RELATIVE, [("IAA", today.ago(2000)), ("DA", today.ago(1500)), ("KO", today.ago(1490))]
    )
    applied = state.application(
        draft,
        "IR1",
        "MNL",
        "ISSUED",
        submitted=today.ago(1300),
        interview=today.ago(1200),
        decided=today.ago(1200, 13),
        kind="IV",
        petitions=(filed,),
    )
    visa = state.visa(draft, applied, issued=today.day(1195), expires=today.day(1015), status="EXPIRED", entries="ONE")
    draft.alien_number(today.ago(1150))
    enter(draft, visa, "LOS", 1150)
    uscis.benefit(draft, "I131", "APPROVED", today.day(500), today.day(420))
    draft.legal_category = "LPR"
    arrival = cbp.arrive(draft, "NYC", today.minutes(25))
    cbp.inspect(draft, arrival, None, after_minutes=5)
    return draft.done()


def removed_and_back(today: Today) -> Journey:
    """Story 16."""
    draft = begin(today, 16, "removed-and-back", ("Delgado", "Jorge"), "M", date(1980, 1, 9), ("MEX", "Puebla"))
    opened = today.ago(1500)
    first = ero.removal_case(
        draft,
        "REMOVED",
        opened,
        charges=("212(a)(6)(A)(i)",),
        nta=today.day(1495),
        order=RemovalOrderFact("REMOVAL", "EOIR", today.day(1300), True),
        verification=DepartureVerificationFact(today.day(1280), "ELP", "WITNESSED", "UTO", True),
    )
    ero.encounter(draft, opened, office="ELP", case=first)
    back = today.ago(60)
    second = ero.removal_case(
        draft,
        "FINAL_ORDER",
        back,
        charges=("212(a)(9)(A)(ii)", "212(a)(9)(C)(i)(II)"),
        court=None,
        order=RemovalOrderFact("REINSTATED", "ICE_ERO", today.day(58), True),
    )
    ero.encounter(draft, back, case=second)
    arrival = cbp.arrive(draft, "ATL", today.minutes(90))
    cbp.inspect(draft, arrival, "REFERRED_SECONDARY", after_minutes=5)
    cbp.inspect(draft, arrival, None, stage="SECONDARY", referred_for="Outstanding order", after_minutes=40)
    return draft.done()


def h1b_at_primary(today: Today) -> Journey:
    """Story 24."""
    draft = begin(today, 24, "h1b-at-primary", ("Nair", "Anita"), "F", date(1992, 6, 6), ("IND", "Kochi"))
    filed = approved_h1b(draft, 200)
    visa = issued_visa(
        draft, "H1B", "NWD", 90, years=3, petitions=(filed,), annotation=f"PETITION {filed.receipt_number}"
    )
    arrival = cbp.arrive(draft, "ATL", today.minutes(35), visa=visa)
    cbp.inspect(draft, arrival, None, after_minutes=10)
    return draft.done()


def missing_child(today: Today) -> Journey:
    """Story 26."""
    born = today.now.date() - timedelta(days=9 * 365)
    draft = begin(today, 26, "missing-child", ("Vargas", "Luca"), "M", born, ("COL", "Cali"), 400)
    visa = issued_visa(draft, "B2", "BGT", 300, years=10)
    enter(draft, visa, "MIA", 30, stay=180)
    arrival = cbp.arrive(draft, "ATL", today.minutes(50), direction="OUTBOUND")
    cbp.inspect(draft, arrival, None, stage="SECONDARY", referred_for="Child without guardian", after_minutes=15)
    return draft.done()


def revoked_at_primary(today: Today) -> Journey:
    """Story 33."""
    draft = begin(today, 33, "revoked-at-primary", ("Mensah", "Kofi"), "M", date(1983, 12, 12), ("NGA", "Enugu"))
    applied = state.application(
        draft,
        "B1",
        "LGS",
        "REVOKED",
        submitted=today.ago(400),
        interview=today.ago(370),
        decided=today.ago(370, 13),
    )
    revoked = state.revocation("REVOKED", today.minutes(200), "212(a)(6)(C)(i)")
    visa = state.visa(
        draft, applied, issued=today.day(368), status="REVOKED", basis="INA 221(i)", revoked=revoked, entries="TWO"
    )
    arrival = cbp.arrive(draft, "ATL", today.minutes(20), visa=visa)
    cbp.inspect(draft, arrival, None, after_minutes=5)
    return draft.done()


def paroled(today: Today) -> Journey:
    """Story 34."""
    draft = begin(today, 34, "paroled", ("Alvarez", "Ana"), "F", date(1999, 9, 1), ("COL", "Cali"))
    draft.legal_category = "PAROLEE"
    arrival = cbp.arrive(draft, "MIA", today.ago(100, 16))
    cbp.inspect(draft, arrival, "PAROLED", stage="SECONDARY", reason="212(d)(5)", forms=("I-94",))
    cbp.admit(draft, arrival, "DT", until=today.day(-265), parole_kind="DT")
    draft.alien_number(today.ago(100))
    uscis.benefit(draft, "I765", "PENDING", today.day(60))
    return draft.done()
