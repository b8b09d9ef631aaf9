"""H-1B steps several stories share: an approved petition, a visa issued on it, a usual entry."""

from subgraphs.kit.world.build import cbp, state, uscis
from subgraphs.kit.world.build.draft import Draft
from subgraphs.kit.world.model import AdmissionFact, PetitionFact, VisaFact
from subgraphs.kit.world.tales.telling import NORTHGATE

__all__ = ["ANALYST", "approved_h1b", "enter", "issued_visa", "leave"]

ANALYST = uscis.Job("Data platform engineer", 13_450_000, "Springfield", "I-200-26101-000001")


def approved_h1b(draft: Draft, days: int, *, post: str = "NWD", in_pims: bool = True, years: int = 3) -> PetitionFact:
    """An H-1B petition approved `days` ago, with or without State's record of the approval."""
    today = draft.today
    steps = [("IAA", today.ago(days + 60)), ("DA", today.ago(days)), ("IEA", today.ago(days - 1))]
    return uscis.petition(
        draft,
        "I129",
        "H1B1",
        NORTHGATE,
        steps,
        supplements=("H", "H1B_DATA"),
        notify_post=post,
        valid=(today.day(days - 10), today.day(days - 10 - years * 365)),
        job=ANALYST,
        pims_record=uscis.pims(draft, today.ago(days - 2) if in_pims else None),
    )


def issued_visa(
    draft: Draft,
    visa_class: str,
    post: str,
    days: int,
    *,
    years: int = 5,
    petitions: tuple[PetitionFact, ...] = (),
    sevis_id: str | None = None,
    annotation: str | None = None,
) -> VisaFact:
    """A visa issued `days` ago on an application two months older."""
    today = draft.today
    applied = state.application(
        draft,
        visa_class,
        post,
        "ISSUED",
        submitted=today.ago(days + 60),
        interview=today.ago(days + 3),
        decided=today.ago(days + 3, 13),
        petitions=petitions,
        sevis_id=sevis_id,
    )
    ends = today.day(days - years * 365)
    status = "EXPIRED" if ends < today.now.date() else "ISSUED"
    return state.visa(draft, applied, issued=today.day(days), expires=ends, status=status, annotation=annotation)


def enter(
    draft: Draft, visa: VisaFact, poe: str, days: int, *, stay: int | None = None, sevis_id: str | None = None
) -> AdmissionFact:
    """An ordinary entry `days` ago; `stay` is the days authorized, None leaves it to the class."""
    arrival = cbp.arrive(draft, poe, draft.today.ago(days, 18, 5), visa=visa)
    cbp.inspect(draft, arrival, "ADMITTED")
    until = None if stay is None else draft.today.day(days - stay)
    return cbp.admit(draft, arrival, visa.visa_class, until=until, sevis_id=sevis_id)


def leave(draft: Draft, admission: AdmissionFact, poe: str, days: int) -> None:
    """An ordinary departure `days` ago, well matched."""
    cbp.depart(draft, admission, poe, draft.today.ago(days, 22))
