"""The closed vocabularies of the consular subgraph, as GraphQL enums; each docstring names where it comes from."""

from __future__ import annotations

from enum import StrEnum

import strawberry

__all__ = [
    "ApplicationKind",
    "BiometricResult",
    "ConsularDisposition",
    "PublicVisaStatus",
    "RevocationKind",
    "VisaApplicationOrderField",
    "VisaApplicationStatus",
    "VisaEntries",
    "VisaStatus",
]


@strawberry.enum(description="Nonimmigrant (DS-160) or immigrant (DS-260).")
class ApplicationKind(StrEnum):
    """Nonimmigrant or immigrant visa."""

    NIV = "NIV"
    IV = "IV"


@strawberry.enum(
    description="Where an application stands inside the Department of State. Only consular acts change it; "
    "what the public site shows is publicStatus."
)
class VisaApplicationStatus(StrEnum):
    """The states of domain.md 1.6; the moves between them are in ``laws.MOVES``."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    FEE_PAID = "FEE_PAID"
    SCHEDULED = "SCHEDULED"
    INTERVIEW_WAIVED = "INTERVIEW_WAIVED"
    BIOMETRICS_TAKEN = "BIOMETRICS_TAKEN"
    IN_ADJUDICATION = "IN_ADJUDICATION"
    REFUSED_221G_DOCUMENTS = "REFUSED_221G_DOCUMENTS"
    ADMINISTRATIVE_PROCESSING = "ADMINISTRATIVE_PROCESSING"
    REFUSED_214B = "REFUSED_214B"
    REFUSED_212A = "REFUSED_212A"
    REFUSED_OTHER = "REFUSED_OTHER"
    APPROVED_NOT_ISSUED = "APPROVED_NOT_ISSUED"
    RETURNED_TO_ADJUDICATION = "RETURNED_TO_ADJUDICATION"
    ISSUED = "ISSUED"
    REVOKED = "REVOKED"
    CANCELED_WITHOUT_PREJUDICE = "CANCELED_WITHOUT_PREJUDICE"
    EXPIRED = "EXPIRED"
    VOID_222G = "VOID_222G"
    WITHDRAWN = "WITHDRAWN"
    ABANDONED = "ABANDONED"


@strawberry.enum(
    description="What the public application site shows. A 221(g) case shows REFUSED though it may still be issued."
)
class PublicVisaStatus(StrEnum):
    """The words of the public site; ``laws.public_status`` derives them."""

    NO_STATUS = "NO_STATUS"
    READY = "READY"
    ADMINISTRATIVE_PROCESSING = "ADMINISTRATIVE_PROCESSING"
    REFUSED = "REFUSED"
    REFUSED_221G = "REFUSED_221G"
    IN_TRANSIT = "IN_TRANSIT"
    ISSUED = "ISSUED"


@strawberry.enum(description="How often the visa may be used.")
class VisaEntries(StrEnum):
    """One, two or many applications for admission."""

    ONE = "ONE"
    TWO = "TWO"
    MULTIPLE = "MULTIPLE"


@strawberry.enum(
    description="The state of an issued visa. VOID_222G is derived from an overstay: statusBasis gives the ground."
)
class VisaStatus(StrEnum):
    """The states of an issued visa; the moves between them are in ``laws.VISA_MOVES``."""

    ISSUED = "ISSUED"
    REVOKED = "REVOKED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    VOID_222G = "VOID_222G"


@strawberry.enum(
    description="Revoked on a ground, prudentially (on information not yet resolved), or cancelled without prejudice."
)
class RevocationKind(StrEnum):
    """The kinds of ending a visa before its date."""

    REVOKED = "REVOKED"
    PRUDENTIAL = "PRUDENTIAL"
    CANCELED_WITHOUT_PREJUDICE = "CANCELED_WITHOUT_PREJUDICE"


@strawberry.enum(description="The biometric system's answer; UNAVAILABLE never reads as NO_HIT.")
class BiometricResult(StrEnum):
    """No hit, hit, or no answer."""

    NO_HIT = "NO_HIT"
    HIT = "HIT"
    UNAVAILABLE = "UNAVAILABLE"


@strawberry.enum(description="State's own answer to a security recommendation.")
class ConsularDisposition(StrEnum):
    """What the post did with a recommendation; State's to say, never the recommending agency's."""

    CONCURRED_REFUSED = "CONCURRED_REFUSED"
    ISSUED_NOTWITHSTANDING = "ISSUED_NOTWITHSTANDING"
    PENDING = "PENDING"


@strawberry.enum(description="What visa applications can be ordered by.")
class VisaApplicationOrderField(StrEnum):
    """The columns an order may name."""

    SUBMITTED_AT = "SUBMITTED_AT"
    DECIDED_AT = "DECIDED_AT"
