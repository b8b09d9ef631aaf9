"""The course of one application and one stay, for generated lives. Ratios: domain.md section 6."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from subgraphs.kit.world.build import cbp, state, vsp
from subgraphs.kit.world.build.draft import Draft
from subgraphs.kit.world.chance import Chance
from subgraphs.kit.world.codes import VSP_POSTS
from subgraphs.kit.world.model import (
    AdmissionFact,
    DerogatoryFact,
    PetitionFact,
    RefusalFact,
    SponsorFact,
    VisaApplicationFact,
    VisaFact,
)
from subgraphs.kit.world.people import FLIGHT_PORTS, POSTS

__all__ = ["REFUSED", "SUSPECTED_OVERSTAY", "VSP_REFUSE", "Life", "apply", "enter", "leave", "moment"]

REFUSED = 0.22
VSP_REFUSE = 0.004
SUSPECTED_OVERSTAY = 0.0125
_PENDING = 0.06
_PENDING_STATUSES = (
    ("SUBMITTED", 0.2),
    ("SCHEDULED", 0.25),
    ("BIOMETRICS_TAKEN", 0.15),
    ("IN_ADJUDICATION", 0.2),
    ("ADMINISTRATIVE_PROCESSING", 0.1),
    ("APPROVED_NOT_ISSUED", 0.1),
)
_GROUNDS = (
    ("214(b)", 0.74),
    ("221(g)", 0.16),
    ("212(a)(6)(C)(i)", 0.03),
    ("212(a)(9)(B)(i)(II)", 0.03),
    ("212(a)(2)(A)(i)(I)", 0.015),
    ("212(a)(3)(B)", 0.005),
    ("212(a)(1)(A)(i)", 0.02),
)
_IMMIGRANT_GROUNDS = (
    ("221(g)", 0.7),
    ("212(a)(4)", 0.15),
    ("212(a)(6)(C)(i)", 0.08),
    ("212(a)(1)(A)(ii)", 0.07),
)
_STATUS_OF_GROUND = {"214(b)": "REFUSED_214B", "221(g)": "REFUSED_221G_DOCUMENTS"}


@dataclass(frozen=True, slots=True)
class Life:
    """One generated life in the making: the draft, its dice, and the sponsors of this world."""

    draft: Draft
    chance: Chance
    sponsors: tuple[SponsorFact, ...]


def moment(life: Life) -> tuple[str, int]:
    """A post and how many days ago the application was made; one in sixteen applications is pending."""
    chance = life.chance
    if chance.share(_PENDING):
        return chance.of(("NWD", "CRO", chance.of(POSTS))), chance.number(3, 40)
    return chance.of(POSTS), chance.number(60, 2400)


def _screen(life: Life, of: VisaApplicationFact, days: int, *, refuse: bool) -> None:
    """PATRIOT screens every application at a VSP post; few lead to a recommendation."""
    if of.post not in VSP_POSTS or of.submitted_at is None:
        return
    draft, chance = life.draft, life.chance
    opened = of.submitted_at + timedelta(hours=3)
    if refuse:
        sent = opened + timedelta(days=1)
        pending = of.status == "APPROVED_NOT_ISSUED"
        vsp.review(
            draft,
            of,
            opened,
            closed=None if pending else sent + timedelta(days=9),
            screening="CONFIRMED_MATCH",
            status="RECOMMENDATION_SENT" if pending else "CLOSED",
            recommended=vsp.recommendation(
                "RECOMMEND_REFUSE", sent, ground="212(a)(3)(B)", tearline="Ask the security unit before issuing."
            ),
            derogatory=(DerogatoryFact("TECS", "SUBJECT_RECORD", "Synthetic record.", "CBP", "LES"),),
        )
        return
    if chance.share(0.03):
        vsp.review(
            draft,
            of,
            opened,
            screening="POSSIBLE_MATCH",
            status="IN_VETTING" if days < 45 else "CLOSED",
            closed=None if days < 45 else opened + timedelta(days=6),
        )
        return
    vsp.review(draft, of, opened, closed=opened + timedelta(hours=2))


def apply(
    life: Life,
    visa_class: str,
    post: str,
    days: int,
    *,
    kind: str = "NIV",
    petitions: tuple[PetitionFact, ...] = (),
    sevis_id: str | None = None,
) -> tuple[VisaApplicationFact, VisaFact | None]:
    """An application `days` ago with its review, and the visa if one was issued."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    if days <= 40:
        return _pending(life, visa_class, post, days, kind, petitions, sevis_id), None
    submitted = chance.ago(today, days)
    refuse = post in VSP_POSTS and chance.share(VSP_REFUSE)
    interview = chance.ago(today, days - chance.number(14, 45))
    decided = interview + timedelta(minutes=15)
    refusals: tuple[RefusalFact, ...] = ()
    status = "ISSUED"
    if chance.share(0.85) if refuse else chance.share(REFUSED):
        ground = "212(a)(3)(B)" if refuse else chance.weighted(_IMMIGRANT_GROUNDS if kind == "IV" else _GROUNDS)
        status = _STATUS_OF_GROUND.get(ground, "REFUSED_212A")
        refusals = (state.refusal(ground, decided, post),)
    disposition = {"ISSUED": "ISSUED_NOTWITHSTANDING"}.get(status, "CONCURRED_REFUSED") if refuse else None
    done = state.application(
        draft,
        visa_class,
        post,
        status,
        submitted=submitted,
        interview=interview,
        decided=decided,
        kind=kind,
        petitions=petitions,
        sevis_id=sevis_id,
        refusals=refusals,
        check="HIT" if refuse else "NO_HIT",
        disposition=disposition,
    )
    _screen(life, done, days, refuse=refuse)
    if status != "ISSUED":
        return done, None
    return done, _issue(life, done, decided, days)


def _pending(
    life: Life,
    visa_class: str,
    post: str,
    days: int,
    kind: str,
    petitions: tuple[PetitionFact, ...],
    sevis_id: str | None,
) -> VisaApplicationFact:
    """An application of the last forty days that is not final yet."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    submitted = chance.ago(today, days)
    refuse = post in VSP_POSTS and chance.share(VSP_REFUSE)
    status = chance.weighted(_PENDING_STATUSES)
    seen = chance.ago(today, max(1, days - chance.number(1, days)))
    interview = None if status == "SUBMITTED" else today.ago(-9, 14) if status == "SCHEDULED" else seen
    seen_through = status in ("APPROVED_NOT_ISSUED", "ADMINISTRATIVE_PROCESSING")
    decided = seen + timedelta(minutes=12) if seen_through else None
    pending = state.application(
        draft,
        visa_class,
        post,
        status,
        submitted=submitted,
        interview=interview,
        kind=kind,
        decided=decided,
        petitions=petitions,
        sevis_id=sevis_id,
        disposition="PENDING" if refuse and decided else None,
    )
    _screen(life, pending, days, refuse=refuse and decided is not None)
    return pending


def _issue(life: Life, of: VisaApplicationFact, decided: datetime, days: int) -> VisaFact:
    """The visa, a few days after the decision: it may have expired since, and one in two hundred was revoked."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    issued = decided.date() + timedelta(days=2)
    years = 10 if of.visa_class.startswith("B") else 3
    expires = issued + timedelta(days=180 if of.kind == "IV" else years * 365)
    if chance.share(0.005):
        at = chance.ago(today, max(1, days // 2 - 10))
        revoked = state.revocation("PRUDENTIAL", at, "212(a)(2)(A)(i)(II)")
        return state.visa(
            draft, of, issued=issued, expires=expires, status="REVOKED", basis="INA 221(i)", revoked=revoked
        )
    status = "EXPIRED" if expires < today.now.date() else "ISSUED"
    return state.visa(draft, of, issued=issued, expires=expires, status=status)


def enter(life: Life, visa: VisaFact, days: int, stay_days: int | None, sevis_id: str | None = None) -> AdmissionFact:
    """An arrival, a primary inspection and an I-94, `days` ago; `stay_days` None leaves the stay to the class."""
    draft, chance, today = life.draft, life.chance, life.draft.today
    arrival = cbp.arrive(draft, chance.of(FLIGHT_PORTS), chance.ago(today, days), visa=visa)
    cbp.inspect(draft, arrival, "ADMITTED")
    until = None if stay_days is None else arrival.at.date() + timedelta(days=stay_days)
    return cbp.admit(draft, arrival, visa.visa_class, until=until, sevis_id=sevis_id)


def leave(life: Life, admission: AdmissionFact, days: int) -> None:
    """A departure `days` ago, matched well or less well."""
    confidence = 0.98 if life.chance.share(0.9) else 0.74
    method = "BIOMETRIC" if life.chance.share(0.13) else "MANIFEST"
    cbp.depart(
        life.draft,
        admission,
        life.chance.of(FLIGHT_PORTS),
        life.chance.ago(life.draft.today, days),
        method=method,
        confidence=confidence,
    )
