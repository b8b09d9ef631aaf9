"""Exchange facts: a participant's SEVIS record."""

from datetime import date, datetime, timedelta

from subgraphs.kit.world.build.draft import Draft, source
from subgraphs.kit.world.model import (
    ActivitySiteFact,
    Ds2019Fact,
    ExchangeVisitorFact,
    FundingFact,
    TerminationFact,
    TwoYearRuleFact,
    Waiver212eFact,
)

__all__ = ["program"]


def program(
    draft: Draft,
    program_number: str,
    category: str,
    subject: str,
    start: date,
    end: date,
    status: str,
    *,
    site: ActivitySiteFact | None = None,
    funding: FundingFact | None = None,
    validated: datetime | None = None,
    termination: TerminationFact | None = None,
    two_year_basis: str | None = None,
    waiver: Waiver212eFact | None = None,
    dependents: tuple[str, ...] = (),
) -> ExchangeVisitorFact:
    """A SEVIS record; the DS-2019 was issued ninety days before the program starts."""
    issued = start - timedelta(days=90)
    issued_at = draft.today.ago((draft.today.now.date() - issued).days, 16)
    status_at = max(at for at in (issued_at, validated, termination.at if termination else None) if at is not None)
    number = draft.identify("SEVIS_ID", draft.numbers.sevis(), "ICE_SEVP", "SEVIS", issued_at)
    fact = ExchangeVisitorFact(
        sevis_id=number,
        traveler=draft.traveler_id,
        program_number=program_number,
        category=category,
        subject=subject,
        program_start=start,
        program_end=end,
        site=site,
        funding=funding or FundingFact(1_200_000, 0, 0, 300_000),
        status=status,
        status_at=status_at,
        termination=termination,
        dependents=dependents,
        two_year_rule=TwoYearRuleFact(two_year_basis is not None, two_year_basis),
        waiver212e=waiver,
        validated_at=validated,
        ds2019=Ds2019Fact(draft.numbers.serial("DS2019-"), issued, "ARO Utopia"),
        provenance=source("ICE_SEVP", "SEVIS", status_at, 1 + (validated is not None) + (termination is not None)),
    )
    draft.exchange_visitors.append(fact)
    draft.happened("ICE_SEVP", "SEVIS", issued_at, "exchange.created", "DS-2019 issued", sevis_id=number)
    if validated is not None:
        draft.happened("ICE_SEVP", "SEVIS", validated, "exchange.validated", "Arrival validated", sevis_id=number)
    if termination is not None:
        # The code stays out of the summary: CONVIC and DISCIP are derogatory.
        draft.happened("ICE_SEVP", "SEVIS", termination.at, "exchange.terminated", "Program ended", sevis_id=number)
    return fact
