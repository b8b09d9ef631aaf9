"""Stories of people inside the country: extensions, overstays, protection, cases."""

from datetime import date

from subgraphs.kit.world.build import cbp, ero, exchange, state, uscis
from subgraphs.kit.world.build.draft import Today
from subgraphs.kit.world.model import (
    ActivitySiteFact,
    DiscrepancyFact,
    Journey,
    ReliefFact,
    RemovalOrderFact,
    ReturnMemoFact,
    TerminationFact,
)
from subgraphs.kit.world.sponsors import SANCTIONED
from subgraphs.kit.world.tales.telling import NORTHGATE, RELATIVE, SELF, begin
from subgraphs.kit.world.tales.work import approved_h1b, enter, issued_visa, leave

__all__ = [
    "at_large_with_benefit",
    "extension_in_time",
    "finding_by_uscis",
    "j2_dependent",
    "late_match",
    "overstay_by_date",
    "petition_returned",
    "protected_t",
    "protected_u",
    "terminated_participant",
    "unmatched_departure",
]


def overstay_by_date(today: Today) -> Journey:
    """Story 7."""
    draft = begin(today, 7, "overstay-by-date", ("Silva", "Diego"), "M", date(1994, 3, 3), ("BRA", "Recife"))
    visa = issued_visa(draft, "B2", "RDJ", 500, years=10)
    arrival = cbp.arrive(draft, "MIA", today.ago(260, 18, 5), visa=visa)
    cbp.inspect(draft, arrival, "ADMITTED")
    cbp.admit(draft, arrival, "B2", until=today.day(80), update_flag="OVERSTAYED")
    case = ero.removal_case(draft, "ENCOUNTERED", today.ago(10), charges=(), court=None)
    ero.encounter(draft, today.ago(10), kind="INTERVIEW", method="LEAD", case=case)
    return draft.done()


def extension_in_time(today: Today) -> Journey:
    """Story 9."""
    draft = begin(today, 9, "extension-in-time", ("Zhang", "Wei"), "M", date(1986, 12, 1), ("IND", "Agra"), 1600)
    filed = approved_h1b(draft, 1150)
    visa = issued_visa(draft, "H1B", "NWD", 1110, years=3, petitions=(filed,))
    enter(draft, visa, "SFR", 1090, stay=1060)
    uscis.petition(
        draft,
        "I129",
        "H1B1",
        NORTHGATE,
        [("IAA", today.ago(75)), ("FBB", today.ago(20))],
        supplements=("H", "H1B_DATA"),
        action_requested="EXTEND",
        related=(filed.receipt_number,),
        notify_post="NWD",
        rfe_reasons=("Show that the work is still a specialty occupation.",),
    )
    return draft.done()


def protected_u(today: Today) -> Journey:
    """Story 10."""
    draft = begin(today, 10, "protected-u", ("Reyes", "Camila"), "F", date(1990, 5, 25), ("IND", "Goa"))
    visa = issued_visa(draft, "B2", "NWD", 1400, years=10)
    enter(draft, visa, "NYC", 1350, stay=180)
    draft.alien_number(today.ago(420))
    uscis.petition(
        draft, "I918", "U1", SELF, [("IAA", today.ago(420)), ("FBB", today.ago(200)), ("HA", today.ago(150))]
    )
    uscis.benefit(draft, "I765", "APPROVED", today.day(400), today.day(300))
    uscis.protect(draft, "U", today.day(420))
    case = ero.removal_case(draft, "ENCOUNTERED", today.ago(30), charges=(), court=None)
    ero.encounter(draft, today.ago(30), case=case, place="Courthouse, Springfield")
    return draft.done()


def protected_t(today: Today) -> Journey:
    """Story 12."""
    draft = begin(today, 12, "protected-t", ("Tran", "Mina"), "F", date(1998, 1, 31), ("VNM", "Hue"))
    visa = issued_visa(draft, "H2B", "HCM", 1000, years=1)
    arrival = enter(draft, visa, "HOU", 980, stay=300)
    uscis.petition(
        draft,
        "I914",
        "T1",
        SELF,
        [("IAA", today.ago(600)), ("DA", today.ago(90))],
        valid=(today.day(90), today.day(90 - 4 * 365)),
    )
    uscis.protect(draft, "T", today.day(600))
    draft.alien_number(today.ago(600))
    renewed = cbp.arrive(draft, "HOU", today.ago(45, 15))
    cbp.inspect(draft, renewed, "ADMITTED")
    leave(draft, arrival, "HOU", 60)
    cbp.admit(draft, renewed, "T1", until=today.day(45 - 4 * 365))
    case = ero.removal_case(
        draft,
        "IN_PROCEEDINGS",
        today.ago(650),
        nta=today.day(640),
        relief=(ReliefFact("T_NONIMMIGRANT", "PENDING", today.day(600)),),
    )
    ero.encounter(draft, today.ago(650), case=case)
    return draft.done()


def petition_returned(today: Today) -> Journey:
    """Story 17."""
    draft = begin(today, 17, "petition-returned", ("Nguyen", "Minh"), "M", date(1983, 9, 9), ("VNM", "Hanoi"))
    memo = ReturnMemoFact("The relationship was entered into for the visa.", "212(a)(6)(C)(i)", today.day(35))
    filed = uscis.petition(
        draft,
        "I130",
        "203A2A",
        RELATIVE,
        [("IAA", today.ago(900)), ("DA", today.ago(400)), ("KO", today.ago(395)), ("CD", today.ago(30))],
        return_memo=memo,
    )
    state.application(
        draft,
        "F21",
        "HCM",
        "REFUSED_221G_DOCUMENTS",
        submitted=today.ago(120),
        interview=today.ago(50),
        decided=today.ago(50, 14),
        kind="IV",
        petitions=(filed,),
        refusals=(state.refusal("221(g)", today.ago(50, 14), "HCM"),),
        notes=(state.note(today.ago(50, 14), "Answers about the wedding differ.", "co-hcm-1"),),
    )
    return draft.done()


def late_match(today: Today) -> Journey:
    """Story 18."""
    draft = begin(today, 18, "late-match", ("Garcia", "Elena"), "F", date(1972, 7, 7), ("MEX", "Merida"))
    visa = issued_visa(draft, "B2", "CDJ", 900, years=10)
    admission = enter(draft, visa, "ELP", 500, stay=180)
    cbp.depart(
        draft,
        admission,
        "ELP",
        today.ago(350, 20),
        mode="LAND",
        method="VERIFIED_ABROAD",
        confidence=0.88,
        matched=today.ago(40),
    )
    draft.discrepancies.append(
        DiscrepancyFact("departure.at", ("none", today.day(350).isoformat()), ("CBP", "STATE_CA"), today.ago(45))
    )
    state.application(draft, "B2", "NWD", "SUBMITTED", submitted=today.ago(8))
    return draft.done()


def terminated_participant(today: Today) -> Journey:
    """Story 23."""
    draft = begin(today, 23, "terminated-participant", ("Novak", "Felix"), "M", date(2004, 4, 4), ("POL", "Gdansk"))
    record = exchange.program(
        draft,
        SANCTIONED,
        "12",
        "24.0101",
        today.day(150),
        today.day(-30),
        "TERMINATED",
        validated=today.ago(140),
        termination=TerminationFact("CONVIC", today.ago(25)),
        site=ActivitySiteFact("Harbor Pier", "Pier 4, Springfield"),
    )
    visa = issued_visa(draft, "J1", "WRW", 170, years=1, sevis_id=record.sevis_id)
    enter(draft, visa, "NEW", 149, sevis_id=record.sevis_id)
    ero.convict(draft, "Larceny", today.day(30), "UT district court", "2399")
    return draft.done()


def at_large_with_benefit(today: Today) -> Journey:
    """Story 25."""
    draft = begin(today, 25, "at-large-with-benefit", ("Kamau", "David"), "M", date(1981, 10, 30), ("KEN", "Nakuru"))
    visa = issued_visa(draft, "B2", "NRB", 2000, years=5)
    enter(draft, visa, "WAS", 1900, stay=180)
    uscis.petition(draft, "I130", "201B", RELATIVE, [("IAA", today.ago(300)), ("DA", today.ago(100))])
    uscis.benefit(draft, "I485", "PENDING", today.day(90))
    opened = today.ago(400)
    case = ero.removal_case(
        draft,
        "ORDERED_REMOVED",
        opened,
        nta=today.day(395),
        order=RemovalOrderFact("REMOVAL", "EOIR", today.day(70), False),
        stays=("AUTOMATIC_APPEAL",),
    )
    ero.encounter(draft, opened, case=case)
    ero.detain(
        draft,
        case,
        "Utopia Processing Center",
        today.ago(400, 20),
        today.ago(380),
        release_code="BOND",
        bond_usd=750_000,
    )
    return draft.done()


def j2_dependent(today: Today) -> Journey:
    """Story 30."""
    draft = begin(today, 30, "j2-dependent", ("Banerjee", "Samuel"), "M", date(1988, 2, 20), ("IND", "Kolkata"))
    visa = issued_visa(draft, "J2", "NWD", 428)
    enter(draft, visa, "NYC", 398)
    return draft.done()


def finding_by_uscis(today: Today) -> Journey:
    """Story 31."""
    draft = begin(today, 31, "finding-by-uscis", ("Park", "Jin"), "M", date(1997, 3, 14), ("KOR", "Daegu"))
    applied = state.application(
        draft,
        "F1",
        "SEO",
        "VOID_222G",
        submitted=today.ago(1100),
        interview=today.ago(1060),
        decided=today.ago(1060, 13),
    )
    visa = state.visa(
        draft,
        applied,
        issued=today.day(1058),
        status="VOID_222G",
        basis="INA 222(g), USCIS finding",
        entries="MULTIPLE",
    )
    admission = enter(draft, visa, "LOS", 1040)
    uscis.benefit(draft, "I539", "DENIED", today.day(300), today.day(210))
    cbp.find_overstay(draft, admission, "USCIS_FINDING", today.ago(210), "Status violated; I-539 denied.")
    return draft.done()


def unmatched_departure(today: Today) -> Journey:
    """Story 32."""
    draft = begin(today, 32, "unmatched-departure", ("Kim", "Hana"), "F", date(1991, 5, 5), ("KOR", "Daegu"))
    visa = issued_visa(draft, "B2", "SEO", 700, years=10)
    enter(draft, visa, "HHW", 400, stay=180)
    cbp.depart(draft, None, "HHW", today.ago(230, 20), confidence=0.41)
    return draft.done()
