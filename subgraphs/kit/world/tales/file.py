"""Stories told by the record itself: namesakes, a sealed file, unnamed workers, a traveler with every chapter."""

from datetime import date

from subgraphs.kit.world.build import cbp, ero, exchange, state, uscis, vsp
from subgraphs.kit.world.build.draft import Draft, Today
from subgraphs.kit.world.model import (
    ActivitySiteFact,
    CoordinationFact,
    DepartureVerificationFact,
    DerogatoryFact,
    DiscrepancyFact,
    FraudReferralFact,
    Journey,
    LinkEvidenceFact,
    PetitionFact,
    RemovalOrderFact,
    VisaFact,
)
from subgraphs.kit.world.sponsors import UNIVERSITY
from subgraphs.kit.world.tales.telling import NORTHGATE, begin
from subgraphs.kit.world.tales.work import ANALYST, enter, issued_visa, leave

__all__ = ["all_chapters", "namesake_one", "namesake_two", "sealed", "unnamed_workers"]


def namesake_one(today: Today) -> Journey:
    """Story 20."""
    draft = begin(today, 20, "namesake-one", ("Khan", "Omar"), "M", date(1988, 1, 1), ("IND", "Bhopal"))
    draft.was_born("1988-01-01", "DAY")
    visa = issued_visa(draft, "B1", "NWD", 800, years=10)
    leave(draft, enter(draft, visa, "CHI", 500, stay=90), "CHI", 470)
    draft.link_evidence.append(LinkEvidenceFact("fin-differs-from-namesake", 0.99, "BIOMETRIC", "obim-analyst-1"))
    return draft.done()


def namesake_two(today: Today) -> Journey:
    """Story 21."""
    draft = begin(today, 21, "namesake-two", ("Khan", "Omar"), "M", date(1988, 1, 1), ("IND", "Indore"))
    draft.was_born("1988", "YEAR")
    opened = today.ago(300)
    case = ero.removal_case(
        draft,
        "FINAL_ORDER",
        opened,
        nta=today.day(295),
        order=RemovalOrderFact("REMOVAL", "EOIR", today.day(120), True),
    )
    ero.encounter(draft, opened, case=case)
    cbp.look_out(draft, "WARRANT_OF_REMOVAL", "ICE_ERO", today.ago(119), "Refer to secondary")
    return draft.done()


def unnamed_workers(today: Today) -> Journey:
    """Story 22."""
    draft = begin(today, 22, "unnamed-workers", ("Castillo", "Carlos"), "M", date(1990, 8, 18), ("MEX", "Leon"))
    filed = uscis.petition(
        draft,
        "I129",
        "H2A",
        NORTHGATE,
        [("IAA", today.ago(200)), ("DA", today.ago(170)), ("KO", today.ago(168))],
        supplements=("H",),
        notify_post="CDJ",
        valid=(today.day(160), today.day(-200)),
        unnamed_beneficiaries=25,
        pims_record=uscis.pims(draft, today.ago(167)),
    )
    visa = issued_visa(draft, "H2A", "CDJ", 150, years=1, petitions=(filed,))
    enter(draft, visa, "LAR", 145, stay=355)
    return draft.done()


def sealed(today: Today) -> Journey:
    """Story 27."""
    draft = begin(today, 27, "sealed", ("Moreau", "Olga"), "F", date(1976, 11, 11), ("COL", "Bogota"))
    draft.sealed = True
    visa = issued_visa(draft, "B2", "BGT", 400, years=10)
    enter(draft, visa, "MIA", 120, stay=180)
    state.application(draft, "H1B", "NWD", "SUBMITTED", submitted=today.ago(6))
    return draft.done()


def all_chapters(today: Today) -> Journey:
    """Story 29: every agency has records, and every agency has an open case that names the traveler."""
    draft = begin(today, 29, "all-chapters", ("Adeyemi", "Grace"), "F", date(1986, 6, 16), ("IND", "Delhi"), 2800)
    draft.called("PRIMARY", "Adeyemi", "Grace")
    draft.called("ALIAS", "Adeyemi-Cole", "Grace Ada", "CBP", "ADIS")
    draft.was_born("1986-06-16", "DAY")
    draft.was_born("1986-07-16", "DAY", "CBP", "ADIS")
    values = ("1986-06-16", "1986-07-16")
    draft.discrepancies.append(DiscrepancyFact("birth.date", values, ("OBIM", "CBP"), today.ago(90)))
    _scholar(draft)
    visa = _worker(draft)
    _case(draft)
    _now(draft, visa)
    draft.link_evidence.append(LinkEvidenceFact("fin-equal", 1.0, "BIOMETRIC", "obim-analyst-1"))
    draft.link_evidence.append(LinkEvidenceFact("passport-succession", 0.97, "BIOGRAPHIC", None))
    return draft.done()


def _scholar(draft: Draft) -> None:
    """Seven years ago: a year as a research scholar, so the two-year rule."""
    today = draft.today
    record = exchange.program(
        draft,
        UNIVERSITY,
        "8",
        "26.0102",
        today.day(2500),
        today.day(2135),
        "INACTIVE",
        validated=today.ago(2490),
        site=ActivitySiteFact("Example State University", "1 Campus Way, Springfield"),
        two_year_basis="FUNDING",
    )
    visa = issued_visa(draft, "J1", "NWD", 2530, years=1, sevis_id=record.sevis_id, annotation="TWO YEAR RULE APPLIES")
    leave(draft, enter(draft, visa, "BOS", 2498, sevis_id=record.sevis_id), "BOS", 2120)


def _worker(draft: Draft) -> VisaFact:
    """Two years ago: an H-1B petition looked at twice, a refusal overcome, a visa; an extension is pending now."""
    today = draft.today
    filed = _looked_at_twice(draft)
    visa = _refusal_overcome(draft, filed)
    leave(draft, enter(draft, visa, "NYC", 710, stay=1080), "NYC", 95)
    uscis.petition(
        draft,
        "I129",
        "H1B1",
        NORTHGATE,
        [("IAA", today.ago(15))],
        supplements=("H", "H1B_DATA"),
        action_requested="EXTEND",
        related=(filed.receipt_number,),
        notify_post="NWD",
    )
    uscis.benefit(draft, "I765", "DENIED", today.day(300), today.day(200))
    return visa


def _looked_at_twice(draft: Draft) -> PetitionFact:
    """A petition the fraud unit cleared and that was approved after a request for evidence."""
    today = draft.today
    history = (
        ("IAA", 900),
        ("FFA", 880),
        ("FFB", 850),
        ("FBA", 840),
        ("HA", 810),
        ("DA", 780),
        ("IEA", 779),
        ("KO", 775),
    )
    return uscis.petition(
        draft,
        "I129",
        "H1B1",
        NORTHGATE,
        [(code, today.ago(days)) for code, days in history],
        supplements=("H", "H1B_DATA"),
        notify_post="NWD",
        valid=(today.day(770), today.day(770 - 3 * 365)),
        job=ANALYST,
        premium=True,
        fraud_referral=FraudReferralFact(True, "FDNS-CSC", today.ago(880), "CLEARED"),
        rfe_reasons=("Show the employer's need.",),
        pims_record=uscis.pims(draft, today.ago(776)),
    )


def _refusal_overcome(draft: Draft, filed: PetitionFact) -> VisaFact:
    """A 221(g) refusal while the security unit looked, then the visa."""
    today = draft.today
    applied = state.application(
        draft,
        "H1B",
        "NWD",
        "ISSUED",
        submitted=today.ago(770),
        interview=today.ago(740),
        decided=today.ago(725),
        petitions=(filed,),
        refusals=(state.refusal("221(g)", today.ago(740, 13), "NWD", overcome=True),),
        notes=(state.note(today.ago(740, 13), "Waiting for the security unit."),),
    )
    vsp.review(
        draft,
        applied,
        today.ago(770, 15),
        closed=today.ago(728),
        screening="POSSIBLE_MATCH",
        status="CLOSED",
        recommended=vsp.recommendation(
            "INFORMATION_PROVIDED", today.ago(735), tearline="Namesake.", read=today.ago(734)
        ),
        derogatory=(DerogatoryFact("TECS", "SUBJECT_RECORD", "Synthetic namesake record.", "CBP", "LES"),),
        coordination=(CoordinationFact("CBP", today.ago(737), "NOT_A_MATCH"),),
    )
    return state.visa(
        draft,
        applied,
        issued=today.day(722),
        expires=today.day(722 - 3 * 365),
        annotation=f"PETITION {filed.receipt_number}",
    )


def _case(draft: Draft) -> None:
    """Last spring: an encounter, a short detention, voluntary departure granted and verified; still open."""
    opened = draft.today.ago(210)
    case = ero.removal_case(
        draft,
        "VOLUNTARY_DEPARTURE_GRANTED",
        opened,
        charges=("237(a)(1)(C)(i)",),
        nta=draft.today.day(205),
        court="NYV",
        order=RemovalOrderFact("VOLUNTARY_DEPARTURE", "EOIR", draft.today.day(130), False),
        verification=DepartureVerificationFact(draft.today.day(95), "NYC", "SELF_DEPORT_PROOF", "UTO", False),
    )
    ero.encounter(draft, opened, office="NYC", case=case)
    ero.detain(
        draft, case, "Utopia Processing Center", draft.today.ago(210, 20), draft.today.ago(200), release_code="OREC"
    )
    ero.convict(draft, "Disorderly conduct", draft.today.day(215), "UT city court", "5311")


def _now(draft: Draft, visa: VisaFact) -> None:
    """Today: a renewal approved but not issued at New Delhi with an open review, and an open inspection at New York."""
    today = draft.today
    applied = state.application(
        draft,
        "H1B",
        "NWD",
        "APPROVED_NOT_ISSUED",
        submitted=today.ago(20),
        interview=today.ago(4),
        decided=today.ago(4, 13),
        petitions=(draft.petitions[0],),
        disposition="PENDING",
    )
    vsp.review(
        draft,
        applied,
        today.ago(20, 15),
        screening="POSSIBLE_MATCH",
        status="RECOMMENDATION_SENT",
        recommended=vsp.recommendation("RECOMMEND_SAO", today.ago(2), tearline="Ask for an advisory opinion."),
    )
    cbp.look_out(draft, "VISA_SECURITY", "ICE_VSP", today.ago(2), "Refer to secondary")
    arrival = cbp.arrive(draft, "NYC", today.minutes(45), visa=visa)
    cbp.inspect(draft, arrival, None, after_minutes=10)
