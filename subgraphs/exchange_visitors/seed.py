"""The exchange programs' part of the synthetic world, as rows: sponsors of the world, SEVIS records of a journey."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from subgraphs.exchange_visitors.enums import SanctionKind, SevisStatus, SponsorStatus, TwoYearBasis
from subgraphs.exchange_visitors.tables import (
    Base,
    DependentRow,
    ExchangeEventRow,
    ExchangeVisitorRow,
    SanctionRow,
    SponsorRow,
)
from subgraphs.kit.tables import provenance
from subgraphs.kit.world.generator import sponsors
from subgraphs.kit.world.model import ExchangeVisitorFact, Journey

__all__ = ["rows", "world_rows"]


def world_rows(seed: int, scale: str, today: datetime) -> Iterator[Base]:
    """The sponsors of the world with their sanctions."""
    for fact in sponsors(seed, scale, today):
        yield SponsorRow(
            program_number=fact.program_number,
            name=fact.name,
            kind=fact.kind,
            designated_on=fact.designated_on,
            expires_on=fact.expires_on,
            status=SponsorStatus[fact.status],
            categories=list(fact.categories),
            **provenance(fact.provenance),
        )
        for sanction in fact.sanctions:
            yield SanctionRow(
                program_number=fact.program_number,
                kind=SanctionKind[sanction.kind],
                at=sanction.at,
                detail=sanction.detail,
            )


def rows(journey: Journey) -> Iterator[Base]:
    """The rows of ``journey`` that are the programs', parents before children."""
    for fact in journey.exchange_visitors:
        yield _record(fact)
        for dependent in fact.dependents:
            yield DependentRow(sevis_id=fact.sevis_id, traveler_id=dependent)
    for event in journey.events_of("ICE_SEVP", "STATE_ECA"):
        yield ExchangeEventRow(
            id=event.id,
            traveler_id=journey.traveler_id,
            at=event.at,
            kind=event.kind,
            summary=event.summary,
            sevis_id=event.reference("sevis_id"),
            **provenance(event.provenance),
        )


def _record(fact: ExchangeVisitorFact) -> ExchangeVisitorRow:
    return ExchangeVisitorRow(
        sevis_id=fact.sevis_id,
        traveler_id=fact.traveler,
        program_number=fact.program_number,
        category=fact.category,
        subject=fact.subject,
        program_start=fact.program_start,
        program_end=fact.program_end,
        status=SevisStatus[fact.status],
        status_at=fact.status_at,
        validated_at=fact.validated_at,
        funding_sponsor_usd=fact.funding.sponsor_usd,
        funding_us_gov_usd=fact.funding.us_gov_usd,
        funding_home_gov_usd=fact.funding.home_gov_usd,
        funding_personal_usd=fact.funding.personal_usd,
        two_year_subject=fact.two_year_rule.subject,
        two_year_basis=TwoYearBasis[fact.two_year_rule.basis] if fact.two_year_rule.basis else None,
        ds2019_form_number=fact.ds2019.form_number,
        ds2019_issued_at=fact.ds2019.issued_at,
        ds2019_signed_by=fact.ds2019.signed_by,
        **_groups(fact),
        **provenance(fact.provenance),
    )


def _groups(fact: ExchangeVisitorFact) -> dict[str, Any]:
    """The columns of the groups a record may lack."""
    columns: dict[str, Any] = {}
    if (site := fact.site) is not None:
        columns |= {"site_name": site.name, "site_address": site.address}
    if (termination := fact.termination) is not None:
        columns |= {"termination_code": termination.code, "termination_at": termination.at}
    if (waiver := fact.waiver212e) is not None:
        columns |= {
            "waiver_case_number": waiver.case_number,
            "waiver_basis": waiver.basis,
            "waiver_recommendation": waiver.recommendation,
            "waiver_at": waiver.at,
        }
    return columns
