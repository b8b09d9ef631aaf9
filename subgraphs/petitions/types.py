"""The values inside petitions: who petitions, what happened, what came back from State, and who is protected."""

from __future__ import annotations

import datetime as dt
from functools import partial

from strawberry import ID

from subgraphs.kit import Provenance, TimelineEvent, classified, shared, value
from subgraphs.petitions.enums import ProtectedKind
from subgraphs.petitions.tables import ActionRow, PetitionEventRow, PetitionRow, ProtectedFlagRow

__all__ = [
    "FraudReferral",
    "PetitionAction",
    "PetitionEvent",
    "Petitioner",
    "PimsRecord",
    "ProtectedFlag",
    "ReturnMemo",
    "SensitivePetitionAction",
    "StatutoryProtections",
]

guarded = partial(classified, "ADJ", overlays=["P1367"])
of_state = partial(classified, "ADJ", overlays=["VISA_222F"], origin="STATE_CA")


@value(description="The employer or relative that petitions.")
class Petitioner:
    name: str | None = classified("ADJ")
    ein: str | None = classified("BUS", description="Employer identification number.")
    naics: str | None = classified("BUS", description="Industry code.")
    address: str | None = classified("BUS")
    priorPetitionCount: int | None = classified("BUS")

    @classmethod
    def of(cls, row: PetitionRow) -> Petitioner:
        """The petitioner of ``row``."""
        return cls(
            name=row.petitioner_name,
            ein=row.petitioner_ein,
            naics=row.petitioner_naics,
            address=row.petitioner_address,
            priorPetitionCount=row.prior_petition_count,
        )


@value(description="One history action, by its CLAIMS code.")
class PetitionAction:
    code: str | None = classified("ADJ")
    label: str | None = classified("ADJ")
    at: dt.datetime | None = classified("ADJ")
    office: str | None = classified("ADJ")

    @classmethod
    def of(cls, row: ActionRow) -> PetitionAction:
        """The action in ``row``."""
        return cls(code=row.code, label=row.label, at=row.at, office=row.office)


@value(description="A history action that shows deliberation: holds, fraud, intent to revoke, checks.")
class SensitivePetitionAction:
    code: str | None = classified("DELIB")
    label: str | None = classified("DELIB")
    at: dt.datetime | None = classified("DELIB")
    office: str | None = classified("DELIB")

    @classmethod
    def of(cls, row: ActionRow) -> SensitivePetitionAction:
        """The action in ``row``."""
        return cls(code=row.code, label=row.label, at=row.at, office=row.office)


@value(description="A referral to the fraud unit.")
class FraudReferral:
    referred: bool | None = classified("DLE")
    unit: str | None = classified("DLE")
    at: dt.datetime | None = classified("DLE")
    outcome: str | None = classified("DLE")


@value(description="What State wrote when it returned the petition: State's record in USCIS's hands.")
class ReturnMemo:
    summary: str | None = of_state()
    refusalCategory: str | None = of_state()
    at: dt.date | None = of_state()


@value(shareable=True, description="State's evidence that a petition is approved.")
class PimsRecord:
    present: bool | None = shared("PimsRecord.present")
    recordedAt: dt.datetime | None = shared("PimsRecord.recordedAt")
    verifiedBy: str | None = shared("PimsRecord.verifiedBy")


@value(description="A protection under 8 USC 1367.")
class ProtectedFlag:
    kind: ProtectedKind | None = guarded()
    since: dt.date | None = guarded()
    until: dt.date | None = guarded(description="Set only where denial is final and every appeal exhausted.")

    @classmethod
    def of(cls, row: ProtectedFlagRow) -> ProtectedFlag:
        """The flag in ``row``."""
        return cls(kind=row.kind, since=row.since, until=row.until)


@value(description="What the statutes say about a person today: the authority for decisions about the subject.")
class StatutoryProtections:
    p1367: bool | None = guarded(description="A T, U or VAWA filing protects the person (8 USC 1367).")
    asylum2086: bool | None = guarded(description="There is an asylum or credible-fear matter (8 CFR 208.6).")
    sealed: bool | None = guarded(description="A court's seal or a litigation hold.")
    minor: bool | None = guarded(description="Under eighteen.")


@value(description="Something USCIS did about a petition or request of the traveler.")
class PetitionEvent(TimelineEvent):
    summary: str | None = classified("ADJ")
    receiptNumber: str | None = classified("IDN")

    @classmethod
    def of(cls, row: PetitionEventRow) -> PetitionEvent:
        """The event in ``row``."""
        return cls(
            id=ID(row.id),
            at=row.at,
            kind=row.kind,
            summary=row.summary,
            receiptNumber=row.receipt_number,
            provenance=Provenance.of(row),
        )
