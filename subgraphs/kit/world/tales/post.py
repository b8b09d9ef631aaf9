"""Stories of applicants at a consular post."""

from datetime import date

from subgraphs.kit.world.build import cbp, ero, state, uscis, vsp
from subgraphs.kit.world.build.draft import Today
from subgraphs.kit.world.model import (
    DepartureVerificationFact,
    DerogatoryFact,
    Journey,
    LinkEvidenceFact,
    RemovalOrderFact,
    SecurityAdvisoryFact,
    WaiverFact,
)
from subgraphs.kit.world.tales.telling import RELATIVE, SELF, begin
from subgraphs.kit.world.tales.work import approved_h1b, enter, issued_visa, leave

__all__ = [
    "advisory_opinion",
    "approved_not_issued",
    "asylum_then_applicant",
    "duration_of_status",
    "h1b_window",
    "issued_in_spite",
    "pims_lag",
    "removed_applicant",
    "spouse_of_protected",
    "two_passports",
]


def h1b_window(today: Today) -> Journey:
    """Story 1."""
    draft = begin(today, 1, "h1b-window", ("Sharma", "Kavya"), "F", date(1991, 4, 12), ("IND", "Pune"))
    earlier = issued_visa(draft, "B2", "NWD", 1500, years=10)
    leave(draft, enter(draft, earlier, "NYC", 1200, stay=180), "NYC", 1150)
    filed = approved_h1b(draft, 75)
    applied = state.application(
        draft,
        "H1B",
        "NWD",
        "IN_ADJUDICATION",
        submitted=today.ago(30, 9),
        interview=today.minutes(30),
        petitions=(filed,),
        notes=(state.note(today.minutes(20), "Employer letter matches the petition."),),
    )
    vsp.review(draft, applied, today.ago(30, 12), closed=today.ago(30, 14))
    return draft.done()


def pims_lag(today: Today) -> Journey:
    """Story 2."""
    draft = begin(today, 2, "pims-lag", ("Mehta", "Rohan"), "M", date(1988, 9, 3), ("IND", "Surat"))
    filed = approved_h1b(draft, 3, in_pims=False)
    applied = state.application(
        draft,
        "H1B",
        "NWD",
        "ADMINISTRATIVE_PROCESSING",
        submitted=today.ago(21),
        interview=today.ago(1, 9),
        decided=today.ago(1, 9, 15),
        petitions=(filed,),
        refusals=(state.refusal("221(g)", today.ago(1, 9, 15), "NWD"),),
        notes=(state.note(today.ago(1, 9, 20), "No PIMS record yet; KCC asked."),),
    )
    vsp.review(draft, applied, today.ago(21, 15), closed=today.ago(21, 17))
    return draft.done()


def approved_not_issued(today: Today) -> Journey:
    """Story 3."""
    draft = begin(today, 3, "approved-not-issued", ("Haddad", "Karim"), "M", date(1979, 1, 30), ("EGY", "Giza"))
    applied = state.application(
        draft,
        "B1",
        "CRO",
        "APPROVED_NOT_ISSUED",
        submitted=today.ago(14, 8),
        interview=today.ago(2, 9),
        decided=today.ago(2, 9, 20),
        disposition="PENDING",
    )
    vsp.review(
        draft,
        applied,
        today.ago(14, 11),
        screening="CONFIRMED_MATCH",
        status="RECOMMENDATION_SENT",
        recommended=vsp.recommendation(
            "RECOMMEND_REFUSE",
            today.ago(1, 10),
            ground="212(a)(3)(B)",
            tearline="Ask the security unit before issuing.",
        ),
        derogatory=(DerogatoryFact("TECS", "SUBJECT_RECORD", "Synthetic partner record.", "CBP", "LES/NOFORN"),),
    )
    cbp.look_out(draft, "VISA_SECURITY", "ICE_VSP", today.ago(1, 11), "Refer to secondary; call the unit")
    return draft.done()


def issued_in_spite(today: Today) -> Journey:
    """Story 4."""
    draft = begin(today, 4, "issued-in-spite", ("Mahmoud", "Leila"), "F", date(1984, 6, 21), ("EGY", "Alexandria"))
    applied = state.application(
        draft,
        "B2",
        "CRO",
        "ISSUED",
        submitted=today.ago(100),
        interview=today.ago(70),
        decided=today.ago(62),
        disposition="ISSUED_NOTWITHSTANDING",
        notes=(state.note(today.ago(63), "Recommendation weighed; the record is of another person.", "co-cro-1"),),
    )
    vsp.review(
        draft,
        applied,
        today.ago(100, 15),
        closed=today.ago(55),
        screening="POSSIBLE_MATCH",
        status="CLOSED",
        recommended=vsp.recommendation(
            "RECOMMEND_REFUSE", today.ago(68), ground="212(a)(6)(C)(i)", tearline="Prior name use.", read=today.ago(67)
        ),
    )
    state.visa(draft, applied, issued=today.day(60), expires=today.day(60 - 5 * 365))
    return draft.done()


def duration_of_status(today: Today) -> Journey:
    """Story 8."""
    draft = begin(today, 8, "duration-of-status", ("Joshi", "Arjun"), "M", date(1996, 2, 2), ("IND", "Nagpur"), 2600)
    student = issued_visa(draft, "F1", "NWD", 2400)
    leave(draft, enter(draft, student, "SFR", 2380), "SFR", 700)
    filed = approved_h1b(draft, 40)
    state.application(
        draft, "H1B", "NWD", "SCHEDULED", submitted=today.ago(12), interview=today.ago(-5, 9), petitions=(filed,)
    )
    return draft.done()


def spouse_of_protected(today: Today) -> Journey:
    """Story 11: the applicant is no protected person, but a protected petition names him as a derivative."""
    draft = begin(today, 11, "spouse-of-protected", ("Reyes", "Mateo"), "M", date(1987, 8, 8), ("IND", "Goa"))
    uscis.petition(
        draft, "I130", "201B", RELATIVE, [("IAA", today.ago(800)), ("DA", today.ago(300)), ("KO", today.ago(295))]
    )
    uscis.petition(draft, "I918", "U1", SELF, [("IAA", today.ago(400))])
    state.application(draft, "B2", "NWD", "IN_ADJUDICATION", submitted=today.ago(25), interview=today.ago(0, 10))
    return draft.done()


def asylum_then_applicant(today: Today) -> Journey:
    """Story 13."""
    draft = begin(
        today, 13, "asylum-then-applicant", ("Ibrahim", "Sana"), "F", date(1990, 12, 19), ("EGY", "Luxor"), 2000
    )
    arrival = cbp.arrive(draft, "ATL", today.ago(1500, 19))
    cbp.inspect(draft, arrival, "REFERRED_SECONDARY")
    cbp.inspect(
        draft,
        arrival,
        "CREDIBLE_FEAR_REFERRAL",
        stage="SECONDARY",
        reason="235(b)(1)(A)(ii)",
        forms=("I-860", "I-867A", "M-444"),
        referred_for="No visa",
        narrative="Subject states a fear of return.",
        after_minutes=60,
    )
    admission = cbp.admit(draft, arrival, "EF", parole_kind="DT")
    draft.alien_number(today.ago(1500, 23))
    uscis.asylum(draft, "CREDIBLE_FEAR", "FOUND", today.day(1490), "ZAT")
    uscis.asylum(draft, "DEFENSIVE", "WITHDRAWN", today.day(1400), "ZAT")
    leave(draft, admission, "ATL", 900)
    second = issued_visa(draft, "B2", "CRO", 700, years=1)
    leave(draft, enter(draft, second, "NYC", 650, stay=180), "NYC", 600)
    state.application(draft, "B2", "CRO", "IN_ADJUDICATION", submitted=today.ago(20), interview=today.ago(0, 8))
    return draft.done()


def removed_applicant(today: Today) -> Journey:
    """Story 15."""
    draft = begin(today, 15, "removed-applicant", ("Kumar", "Ravi"), "M", date(1982, 3, 27), ("IND", "Indore"))
    opened = today.ago(2600)
    case = ero.removal_case(
        draft,
        "REMOVED",
        opened,
        charges=("237(a)(1)(C)(i)",),
        nta=today.day(2590),
        order=RemovalOrderFact("REMOVAL", "EOIR", today.day(2450), True),
        verification=DepartureVerificationFact(today.day(2420), "ATL", "WITNESSED", "UTO", True),
    )
    ero.encounter(draft, opened, case=case)
    ero.detain(draft, case, "Utopia Processing Center", today.ago(2600, 20), today.ago(2420, 6), release_code="DEP")
    ero.convict(draft, "Driving under the influence", today.day(2700), "UT county court", "5404")
    state.application(
        draft, "B2", "NWD", "IN_ADJUDICATION", submitted=today.ago(35), interview=today.ago(1, 11), check="HIT"
    )
    return draft.done()


def two_passports(today: Today) -> Journey:
    """Story 19."""
    draft = begin(today, 19, "two-passports", ("Fernandes", "Ines"), "F", date(1993, 10, 5), ("IND", "Panaji"), 3200)
    old = draft.passports[0]
    first = state.application(
        draft,
        "B2",
        "BMB",
        "ISSUED",
        submitted=today.ago(2000),
        interview=today.ago(1950),
        decided=today.ago(1950, 13),
        passport=old,
    )
    visa = state.visa(draft, first, issued=today.day(1948), expires=today.day(1948 - 3650))
    draft.passport(today.day(200))
    draft.called("PRIMARY", "Fernandes", "Ines")
    draft.called("ALIAS", "Fernandes Costa", "Ines Maria", "CBP", "ADIS")
    leave(draft, enter(draft, visa, "NEW", 1700, stay=180), "NEW", 1650)
    state.application(draft, "B2", "NWD", "BIOMETRICS_TAKEN", submitted=today.ago(15), interview=today.ago(3))
    draft.link_evidence.append(LinkEvidenceFact("fin-equal", 1.0, "BIOMETRIC", "obim-analyst-2"))
    draft.link_evidence.append(LinkEvidenceFact("passport-succession", 0.97, "BIOGRAPHIC", "obim-analyst-2"))
    return draft.done()


def advisory_opinion(today: Today) -> Journey:
    """Story 28."""
    draft = begin(today, 28, "advisory-opinion", ("Petrov", "Pavel"), "M", date(1975, 5, 15), ("POL", "Lodz"))
    waiver = WaiverFact("212(d)(3)(A)", "RECOMMENDED", "CBP", today.day(-300))
    state.application(
        draft,
        "O1A",
        "NWD",
        "ADMINISTRATIVE_PROCESSING",
        submitted=today.ago(60),
        interview=today.ago(30),
        decided=today.ago(30, 13),
        refusals=(
            state.refusal("221(g)", today.ago(30, 13), "NWD"),
            state.refusal("212(a)(1)(A)(iii)", today.ago(700), "WRW", overcome=True),
            state.refusal("212(a)(2)(A)(i)(II)", today.ago(650), "WRW", waiver=waiver),
        ),
        sao=SecurityAdvisoryFact(True, "MANTIS", today.ago(29), None, None),
        notes=(state.note(today.ago(30, 13, 5), "Technology alert; advisory opinion asked."),),
    )
    return draft.done()
