"""The value types of the consular subgraph: each belongs to one entity, so ``Type.field`` names one fact.

Everything here is a State visa record (INA 222(f)): ``ca`` is ``classified`` with that overlay.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

from strawberry import ID

from subgraphs.kit import CodedValue, Provenance, TimelineEvent, classified, shared, sys, value
from subgraphs.kit.codes import coded
from subgraphs.visas.enums import BiometricResult, RevocationKind
from subgraphs.visas.tables import (
    ConsularNoteRow,
    PimsRow,
    RefusalRow,
    VisaApplicationRow,
    VisaEventRow,
    VisaRow,
)

__all__ = [
    "BiometricCheck",
    "ConsularNote",
    "DsAnswers",
    "Fee",
    "FraudPrevention",
    "InterviewWaiver",
    "MedicalRefusal",
    "MedicalRefusalWaiver",
    "PassportData",
    "PimsRecord",
    "Refusal",
    "SecurityAdvisory",
    "SeriousRefusal",
    "SeriousRefusalWaiver",
    "VisaEvent",
    "VisaRevocation",
    "Waiver",
    "ca",
]

ca = partial(classified, overlays=["VISA_222F"])


@value(description="The passport the application was made on.")
class PassportData:
    number: str | None = ca("TDOC")
    issuer: str | None = ca("TDOC", description="ICAO three-letter code of the issuing state.")
    issued: dt.date | None = ca("TDOC")
    expires: dt.date | None = ca("TDOC")
    mrz: str | None = ca("TDOC", description="The two lines of the machine-readable zone.")

    @classmethod
    def of(cls, row: VisaApplicationRow) -> PassportData | None:
        """The passport in ``row``; ``None`` where none was given yet."""
        if row.passport_number is None:
            return None
        return cls(
            number=row.passport_number,
            issuer=row.passport_issuer,
            issued=row.passport_issued,
            expires=row.passport_expires,
            mrz=row.passport_mrz,
        )


@value(description="Whether the interview was waived, on what authority, and which version of the rule said so.")
class InterviewWaiver:
    waived: bool | None = ca("ADJ")
    authority: str | None = ca("ADJ")
    ruleVersion: str | None = ca("ADJ")

    @classmethod
    def of(cls, row: VisaApplicationRow) -> InterviewWaiver | None:
        """The waiver decision in ``row``; ``None`` before there is one."""
        if row.waiver_waived is None:
            return None
        return cls(waived=row.waiver_waived, authority=row.waiver_authority, ruleVersion=row.waiver_rule_version)


@value(description="What the applicant wrote on the DS-160 or DS-260.")
class DsAnswers:
    employer: str | None = ca("CON")
    travelPlans: str | None = ca("CON")
    priorTravel: str | None = ca("CON")
    socialMedia: list[str] | None = ca("CON")
    securityAnswers: list[str] | None = ca("DLE")

    @classmethod
    def of(cls, row: VisaApplicationRow) -> DsAnswers | None:
        """The answers in ``row``; ``None`` where the form was not kept."""
        if row.ds_travel_plans is None:
            return None
        return cls(
            employer=row.ds_employer,
            travelPlans=row.ds_travel_plans,
            priorTravel=row.ds_prior_travel,
            socialMedia=row.ds_social_media,
            securityAnswers=row.ds_security_answers,
        )


@value(description="A waiver of a ground of inadmissibility: State recommends, DHS decides.")
class Waiver:
    kind: str | None = ca("ADJ")
    recommendation: str | None = ca("ADJ")
    decidedBy: str | None = ca("ADJ")
    validTo: dt.date | None = ca("ADJ")


@value(description="A waiver of a criminal or security ground.")
class SeriousRefusalWaiver:
    kind: str | None = ca("DLE")
    recommendation: str | None = ca("DLE")
    decidedBy: str | None = ca("DLE")
    validTo: dt.date | None = ca("DLE")


@value(description="A waiver of a health ground.")
class MedicalRefusalWaiver:
    kind: str | None = ca("MED")
    recommendation: str | None = ca("MED")
    decidedBy: str | None = ca("MED")
    validTo: dt.date | None = ca("MED")


@value(description="A refusal on any ground but 212(a)(1), (2) and (3).")
class Refusal:
    ground: str | None = ca("ADJ", description="The citation, for instance 214(b).")
    at: dt.datetime | None = ca("ADJ")
    post: CodedValue | None = ca("ADJ")
    overcome: bool | None = ca("ADJ")
    waiver: Waiver | None = classified("LINK")

    @classmethod
    def of(cls, row: RefusalRow) -> Refusal:
        """The refusal in ``row``."""
        waiver = None
        if row.waiver_kind is not None:
            waiver = Waiver(
                kind=row.waiver_kind,
                recommendation=row.waiver_recommendation,
                decidedBy=row.waiver_decided_by,
                validTo=row.waiver_valid_to,
            )
        post = coded("post", row.post)
        return cls(ground=row.ground, at=row.at, post=post, overcome=row.overcome, waiver=waiver)


@value(description="A refusal on a criminal or security ground, 212(a)(2) or (3).")
class SeriousRefusal:
    ground: str | None = ca("DLE")
    at: dt.datetime | None = ca("DLE")
    post: CodedValue | None = ca("DLE")
    overcome: bool | None = ca("DLE")
    waiver: SeriousRefusalWaiver | None = classified("LINK")

    @classmethod
    def of(cls, row: RefusalRow) -> SeriousRefusal:
        """The refusal in ``row``."""
        waiver = None
        if row.waiver_kind is not None:
            waiver = SeriousRefusalWaiver(
                kind=row.waiver_kind,
                recommendation=row.waiver_recommendation,
                decidedBy=row.waiver_decided_by,
                validTo=row.waiver_valid_to,
            )
        post = coded("post", row.post)
        return cls(ground=row.ground, at=row.at, post=post, overcome=row.overcome, waiver=waiver)


@value(description="A refusal on a health ground, 212(a)(1).")
class MedicalRefusal:
    ground: str | None = ca("MED")
    at: dt.datetime | None = ca("MED")
    post: CodedValue | None = ca("MED")
    overcome: bool | None = ca("MED")
    waiver: MedicalRefusalWaiver | None = classified("LINK")

    @classmethod
    def of(cls, row: RefusalRow) -> MedicalRefusal:
        """The refusal in ``row``."""
        waiver = None
        if row.waiver_kind is not None:
            waiver = MedicalRefusalWaiver(
                kind=row.waiver_kind,
                recommendation=row.waiver_recommendation,
                decidedBy=row.waiver_decided_by,
                validTo=row.waiver_valid_to,
            )
        post = coded("post", row.post)
        return cls(ground=row.ground, at=row.at, post=post, overcome=row.overcome, waiver=waiver)


@value(description="A security advisory opinion. Its program and reply are the department's own deliberation.")
class SecurityAdvisory:
    requested: bool | None = ca("ADJ")
    program: str | None = ca("DELIB")
    requestedAt: dt.datetime | None = ca("ADJ")
    repliedAt: dt.datetime | None = ca("ADJ")
    reply: str | None = ca("DELIB")

    @classmethod
    def of(cls, row: VisaApplicationRow) -> SecurityAdvisory | None:
        """The advisory opinion in ``row``; ``None`` where none was asked for."""
        if row.sao_requested is None:
            return None
        return cls(
            requested=row.sao_requested,
            program=row.sao_program,
            requestedAt=row.sao_requested_at,
            repliedAt=row.sao_replied_at,
            reply=row.sao_reply,
        )


@value(description="The answer of the biometric identity system; never the biometrics.")
class BiometricCheck:
    fin: str | None = ca("BMR")
    submittedAt: dt.datetime | None = ca("BMR")
    result: BiometricResult | None = ca("BMR")

    @classmethod
    def of(cls, row: VisaApplicationRow) -> BiometricCheck | None:
        """The check in ``row``; ``None`` before prints were taken."""
        if row.biometric_result is None:
            return None
        return cls(fin=row.biometric_fin, submittedAt=row.biometric_submitted_at, result=row.biometric_result)


@value(description="An officer's note.")
class ConsularNote:
    at: dt.datetime | None = ca("DELIB")
    author: str | None = ca("DELIB")
    text: str | None = ca("DELIB")

    @classmethod
    def of(cls, row: ConsularNoteRow) -> ConsularNote:
        """The note in ``row``."""
        return cls(at=row.at, author=row.author, text=row.text)


@value(description="A referral to the post's fraud prevention unit.")
class FraudPrevention:
    referred: bool | None = ca("DLE")
    outcome: str | None = ca("DLE")

    @classmethod
    def of(cls, row: VisaApplicationRow) -> FraudPrevention | None:
        """The referral in ``row``; ``None`` where there was none."""
        if row.fraud_referred is None:
            return None
        return cls(referred=row.fraud_referred, outcome=row.fraud_outcome)


@value(description="A fee that was paid.")
class Fee:
    code: str | None = sys()
    usdMinor: int | None = sys(description="US cents.")


@value(description="The end of a visa before its date.")
class VisaRevocation:
    kind: RevocationKind | None = ca("ADJ")
    at: dt.datetime | None = ca("ADJ", description="When it was decided.")
    effective: dt.datetime | None = ca("ADJ", description="From when it holds.")
    noticeTo: list[str] | None = ca("ADJ", description="Agencies that were told.")
    ground: str | None = ca("DLE")

    @classmethod
    def of(cls, row: VisaRow) -> VisaRevocation | None:
        """The revocation in ``row``; ``None`` where the visa was not revoked."""
        if row.revocation_kind is None:
            return None
        return cls(
            kind=row.revocation_kind,
            at=row.revocation_at,
            effective=row.revocation_effective,
            noticeTo=row.revocation_notice_to,
            ground=row.revocation_ground,
        )


@value(shareable=True, description="State's evidence that a petition is approved.")
class PimsRecord:
    present: bool | None = shared("PimsRecord.present")
    recordedAt: dt.datetime | None = shared("PimsRecord.recordedAt")
    verifiedBy: str | None = shared("PimsRecord.verifiedBy")

    @classmethod
    def of(cls, row: PimsRow) -> PimsRecord:
        """The evidence in ``row``."""
        return cls(present=row.present, recordedAt=row.recorded_at, verifiedBy=row.verified_by)


@value(description="Something that happened to an application or a visa.")
class VisaEvent(TimelineEvent):
    summary: str | None = ca("ADJ")
    applicationId: str | None = ca("IDN")
    foilNumber: str | None = ca("TDOC")

    @classmethod
    def of(cls, row: VisaEventRow) -> VisaEvent:
        """The event in ``row``."""
        return cls(
            id=ID(row.id),
            at=row.at,
            kind=row.kind,
            summary=row.summary,
            applicationId=row.application_id,
            foilNumber=row.foil_number,
            provenance=Provenance.of(row),
        )
