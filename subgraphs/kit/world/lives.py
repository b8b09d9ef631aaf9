"""Generated lives: what happened to a traveler, by kind of visa. Ratios: domain.md section 6."""

from datetime import timedelta

from subgraphs.kit.world.build import cbp, exchange, state, uscis
from subgraphs.kit.world.courses import SUSPECTED_OVERSTAY, Life, apply, enter, leave, moment
from subgraphs.kit.world.model import (
    ActivitySiteFact,
    ExchangeVisitorFact,
    PetitionerFact,
    PetitionFact,
    TerminationFact,
    VisaFact,
)
from subgraphs.kit.world.people import EMPLOYERS, JOBS, POSTS

__all__ = ["LIVES", "au_pair"]

_FOUND = 0.03  # formal findings are rare, but a world without any would test nothing
_FINDERS = ("USCIS_FINDING", "IJ_FINDING")
_IV_POSTS = ("CDJ", "MNL", "GUZ", "SDO", "NWD")
_J_CATEGORIES = (("1D", "14.0901"), ("8", "26.0102"), ("12", "24.0101"), ("15", "52.0201"), ("6", "51.1201"))


def _visits(life: Life, visa: VisaFact) -> None:
    """Up to three visits of at most six months; one in eighty visitors is not seen to leave."""
    chance, today = life.chance, life.draft.today.now.date()
    days = (today - visa.issued_on).days - chance.number(5, 40)
    ends = (today - (visa.revocation.at.date() if visa.revocation else visa.expires_on)).days
    for _ in range(chance.number(1, 3)):
        if days < 3 or days <= ends:
            return
        admission = enter(life, visa, days, 180)
        if days > 180 and chance.share(SUSPECTED_OVERSTAY):
            return
        stayed = chance.number(4, 170) if not chance.share(0.003) else chance.number(190, 300)
        if days - stayed < 1:
            return
        leave(life, admission, days - stayed)
        days -= stayed + chance.number(60, 400)


def visitor(life: Life) -> None:
    """B-1/B-2: four applications in five."""
    post, days = moment(life)
    _, visa = apply(life, "B2" if life.chance.share(0.7) else "B1", post, days)
    if visa is not None:
        _visits(life, visa)


def _employer(life: Life) -> PetitionerFact:
    chance = life.chance
    return PetitionerFact(
        name=chance.of(EMPLOYERS),
        ein=f"{chance.number(10, 98)}-{chance.number(1000000, 9999999)}",
        naics="541511",
        address=f"{chance.number(1, 999)} Example Avenue, Springfield",
        prior_petition_count=chance.number(0, 400),
    )


def _petition(life: Life, classification: str, supplements: tuple[str, ...], days: int) -> PetitionFact:
    """An I-129 filed `days` ago: approved unless it is recent, withdrawn or denied."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    steps: list[uscis.Step] = [("IAA", chance.ago(today, days))]
    decided = days - chance.number(15, 120)
    rfe: tuple[str, ...] = ()
    if chance.share(0.2):
        steps.append(("FBA", chance.ago(today, days - 5)))
        rfe = ("Specialty occupation not shown.",)
        if decided > 0:
            steps.append(("HA", chance.ago(today, max(decided, days - 10))))
    approved = decided > 0 and not chance.share(0.06)
    if decided > 0:
        steps.append(("DA" if approved else "EA", chance.ago(today, decided)))
    start = today.day(decided - 10)
    valid = (start, start + timedelta(days=3 * 365)) if approved else None
    lca = f"I-200-{chance.number(10000, 99999)}-000001"
    job = uscis.Job(chance.of(JOBS), chance.number(70_000, 190_000) * 100, "Springfield", lca)
    evidence = uscis.pims(draft, chance.ago(today, max(0, decided - 2))) if approved else None
    return uscis.petition(
        draft,
        "I129",
        classification,
        _employer(life),
        sorted(steps, key=lambda step: step[1]),
        supplements=supplements,
        notify_post=chance.of(POSTS),
        valid=valid,
        job=job,
        premium=chance.share(0.3),
        rfe_reasons=rfe,
        electronic=chance.share(0.5),
        pims_record=evidence,
    )


_WORK = (
    (("H1B", "H1B1", ("H", "H1B_DATA")), 0.4),
    (("H2A", "H2A", ("H",)), 0.2),
    (("H2B", "H2B", ("H",)), 0.12),
    (("L1A", "L1A", ("L",)), 0.12),
    (("O1A", "O1", ("O_P",)), 0.06),
    (("P1A", "P1", ("O_P",)), 0.04),
    (("R1", "R1", ("R",)), 0.04),
    (("Q1", "Q1", ("Q",)), 0.02),
)


def worker(life: Life) -> None:
    """H, L, O, P, Q, R: a petition, then a visa, then an admission as long as the petition; some extend in time."""
    chance, today = life.chance, life.draft.today.now.date()
    visa_class, classification, supplements = chance.weighted(_WORK)
    days = chance.number(20, 1500)
    filed = _petition(life, classification, supplements, days)
    if filed.status not in ("APPROVED", "EXPIRED") or filed.decided_on is None or filed.valid_to is None:
        return
    since = (today - filed.decided_on).days
    _, visa = apply(life, visa_class, chance.of(POSTS), max(3, since - 10), petitions=(filed,))
    if visa is None:
        return
    days = (today - visa.issued_on).days - 20
    if days < 2:
        return
    until = (filed.valid_to - (today - timedelta(days=days))).days + 10
    if until < 30:
        return
    admission = enter(life, visa, days, until)
    if days > until:
        if not chance.share(SUSPECTED_OVERSTAY):
            leave(life, admission, days - until + 12)
    elif days > until - 60 and chance.share(0.5):
        uscis.petition(
            life.draft,
            "I129",
            classification,
            _employer(life),
            [("IAA", chance.ago(life.draft.today, 9))],
            supplements=supplements,
            action_requested="EXTEND",
            related=(filed.receipt_number,),
        )


def student(life: Life) -> None:
    """F-1: admitted for duration of status, so no calendar makes an overstay."""
    post, days = moment(life)
    _, visa = apply(life, "F1", post, days)
    if visa is not None and days > 90:
        admission = enter(life, visa, days - 60, None)
        if days > 200 and life.chance.share(_FOUND):
            at = life.chance.ago(life.draft.today, days // 3)
            cbp.find_overstay(life.draft, admission, life.chance.of(_FINDERS), at, "Status had ended.")
        elif days > 900:
            leave(life, admission, days - 60 - life.chance.number(300, 800))


def participant(life: Life) -> None:
    """J-1: a SEVIS record, a visa, an admission for duration of status, a validation or not."""
    chance, draft = life.chance, life.draft
    category, subject = chance.of(_J_CATEGORIES)
    able = [sponsor for sponsor in life.sponsors if category in sponsor.categories and sponsor.status == "ACTIVE"]
    sponsor = chance.of(able or life.sponsors[1:2])
    days = chance.number(100, 1200)
    start = draft.today.day(days - 75)
    ended = days > 500
    validated = draft.today.ago(days - 80, 15)
    termination = None
    if chance.share(0.03):
        termination = TerminationFact(chance.of(("FALACT", "VIOEXV", "ENGEMP", "CONVIC")), draft.today.ago(20))
    status = "TERMINATED" if termination else "INACTIVE" if ended else "ACTIVE"
    basis = "SKILLS_LIST" if chance.share(0.3) else "PHYSICIAN" if category == "6" else None
    record = exchange.program(
        draft,
        sponsor.program_number,
        category,
        subject,
        start,
        start + timedelta(days=365),
        status,
        site=ActivitySiteFact(sponsor.name, "1 Campus Way, Springfield"),
        validated=validated,
        termination=termination,
        two_year_basis=basis,
    )
    _, visa = apply(life, "J1", chance.of(POSTS), days, sevis_id=record.sevis_id)
    if visa is not None and days > 110:
        since = (draft.today.now.date() - visa.issued_on).days - 1
        admission = enter(life, visa, min(days - 75, since), None, record.sevis_id)
        if ended:
            leave(life, admission, max(1, days - 75 - 385))


def immigrant(life: Life) -> None:
    """I-130, immigrant visa, admission as a permanent resident."""
    chance, draft, today = life.chance, life.draft, life.draft.today
    days = chance.number(300, 1800)
    relative = PetitionerFact("Relative of the beneficiary", None, None, "2 Example Street, Springfield", 0)
    when = (("IAA", 500), ("DA", 60), ("KO", 55))
    steps = [(code, chance.ago(today, days + before)) for code, before in when]
    filed = uscis.petition(draft, "I130", "201B", relative, steps, pims_record=None)
    applied, visa = apply(life, "IR1", chance.of(_IV_POSTS), days, kind="IV", petitions=(filed,))
    if applied.decided_at is not None:
        uscis.record(draft, filed, "EO" if visa is None else "DJ", applied.decided_at + timedelta(days=4))
    if visa is not None:
        enter(life, visa, (today.now.date() - visa.issued_on).days - 30, None)
        draft.alien_number(today.ago((today.now.date() - visa.issued_on).days - 30))
        draft.legal_category = "LPR"


def au_pair(life: Life, place: int) -> ExchangeVisitorFact:
    """Au pair number `place` (0-39) of sponsor P-3-00017: 33 validated, 4 arrived only, 2 not arrived, 1 terminated."""
    draft, today = life.draft, life.draft.today
    start = today.day(70)
    arrived = place not in (37, 38)
    validated = today.ago(62, 9) if place < 33 or place == 39 else None
    termination = TerminationFact("CONVIC", today.ago(12)) if place == 39 else None
    status = "TERMINATED" if termination else "ACTIVE" if validated else "INITIAL"
    record = exchange.program(
        draft,
        life.sponsors[0].program_number,
        "13",
        "19.0709",
        start,
        start + timedelta(days=365),
        status,
        site=ActivitySiteFact("Host family", f"{place + 1} Maple Lane, Springfield"),
        validated=validated,
        termination=termination,
    )
    submitted, interview = today.ago(130), today.ago(110)
    applied = state.application(
        draft,
        "J1",
        life.chance.of(POSTS),
        "ISSUED",
        submitted=submitted,
        interview=interview,
        decided=interview + timedelta(minutes=10),
        sevis_id=record.sevis_id,
    )
    visa = state.visa(draft, applied, issued=today.day(108), expires=today.day(-257), annotation="SEVIS record on file")
    if arrived:
        enter(life, visa, 75, None, record.sevis_id)
    return record


LIVES = (
    (visitor, 0.80),
    (worker, 0.09),
    (student, 0.05),
    (participant, 0.035),
    (immigrant, 0.025),
)
"""The kinds of life with their shares."""
