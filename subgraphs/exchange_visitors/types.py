"""The value types of the exchange visitor subgraph: each belongs to one entity, so ``Type.field`` names one fact.

``sevp`` marks what is ICE SEVP's record, ``eca`` what is State ECA's.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

from strawberry import ID

from subgraphs.exchange_visitors.enums import SanctionKind, TwoYearBasis
from subgraphs.exchange_visitors.tables import ExchangeEventRow, ExchangeVisitorRow, SanctionRow
from subgraphs.kit import Provenance, TimelineEvent, classified, value

__all__ = [
    "ActivitySite",
    "Ds2019",
    "ExchangeEvent",
    "Funding",
    "Sanction",
    "Termination",
    "TwoYearRule",
    "Waiver212e",
    "eca",
    "sevp",
]

sevp = partial(classified, origin="ICE_SEVP")
eca = partial(classified, origin="STATE_ECA")


@value(description="A sanction under 22 CFR 62.50.")
class Sanction:
    kind: SanctionKind | None = eca("DELIB")
    at: dt.date | None = eca("DELIB")
    detail: str | None = eca("DELIB")

    @classmethod
    def of(cls, row: SanctionRow) -> Sanction:
        """The sanction in ``row``."""
        return cls(kind=row.kind, at=row.at, detail=row.detail)


@value(description="Where the participant is.")
class ActivitySite:
    name: str | None = sevp("CON")
    address: str | None = sevp("CON")

    @classmethod
    def of(cls, row: ExchangeVisitorRow) -> ActivitySite | None:
        """The site in ``row``; ``None`` before one is on record."""
        return None if row.site_name is None else cls(name=row.site_name, address=row.site_address)


@value(description="Who pays, in US cents.")
class Funding:
    sponsorUsd: int | None = sevp("BUS")
    usGovUsd: int | None = sevp("BUS")
    homeGovUsd: int | None = sevp("BUS")
    personalUsd: int | None = sevp("BUS")

    @classmethod
    def of(cls, row: ExchangeVisitorRow) -> Funding | None:
        """The funding in ``row``; ``None`` where none was declared."""
        if row.funding_sponsor_usd is None:
            return None
        return cls(
            sponsorUsd=row.funding_sponsor_usd,
            usGovUsd=row.funding_us_gov_usd,
            homeGovUsd=row.funding_home_gov_usd,
            personalUsd=row.funding_personal_usd,
        )


@value(description="The end of a program before its date. CONVIC and DISCIP are derogatory.")
class Termination:
    code: str | None = sevp("EDU", overlays=["FERPA_1372"], description="A code of the list j-termination.")
    at: dt.datetime | None = sevp("EDU", overlays=["FERPA_1372"])

    @classmethod
    def of(cls, row: ExchangeVisitorRow) -> Termination | None:
        """The termination in ``row``; ``None`` where there was none."""
        return None if row.termination_code is None else cls(code=row.termination_code, at=row.termination_at)


@value(description="Whether the home residence rule of INA 212(e) binds the visitor, and why.")
class TwoYearRule:
    subject: bool | None = eca("EDU")
    basis: TwoYearBasis | None = eca("EDU")

    @classmethod
    def of(cls, row: ExchangeVisitorRow) -> TwoYearRule | None:
        """The rule's finding in ``row``; ``None`` where nothing was found yet."""
        return None if row.two_year_subject is None else cls(subject=row.two_year_subject, basis=row.two_year_basis)


@value(name="Waiver212e", description="A request to waive the two-year rule: State recommends, USCIS decides.")
class Waiver212e:
    caseNumber: str | None = eca("ADJ")
    basis: str | None = eca("ADJ")
    recommendation: str | None = eca("ADJ")
    at: dt.date | None = eca("ADJ")

    @classmethod
    def of(cls, row: ExchangeVisitorRow) -> Waiver212e | None:
        """The request in ``row``; ``None`` where there was none."""
        if row.waiver_case_number is None:
            return None
        return cls(
            caseNumber=row.waiver_case_number,
            basis=row.waiver_basis,
            recommendation=row.waiver_recommendation,
            at=row.waiver_at,
        )


@value(name="Ds2019", description="The certificate of eligibility.")
class Ds2019:
    formNumber: str | None = sevp("EDU")
    issuedAt: dt.date | None = sevp("EDU")
    signedBy: str | None = sevp("EDU")

    @classmethod
    def of(cls, row: ExchangeVisitorRow) -> Ds2019 | None:
        """The certificate in ``row``; ``None`` before it is issued."""
        if row.ds2019_form_number is None:
            return None
        return cls(formNumber=row.ds2019_form_number, issuedAt=row.ds2019_issued_at, signedBy=row.ds2019_signed_by)


@value(description="Something that happened in an exchange program.")
class ExchangeEvent(TimelineEvent):
    summary: str | None = sevp("EDU")
    sevisId: str | None = sevp("IDN")

    @classmethod
    def of(cls, row: ExchangeEventRow) -> ExchangeEvent:
        """The event in ``row``."""
        return cls(
            id=ID(row.id),
            at=row.at,
            kind=row.kind,
            summary=row.summary,
            sevisId=row.sevis_id,
            provenance=Provenance.of(row),
        )
