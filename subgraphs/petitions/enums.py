"""The enumerations of the petitions subgraph (domain.md 1.6 and 2.4)."""

from __future__ import annotations

import enum

import strawberry

__all__ = [
    "AsylumKind",
    "BenefitStatus",
    "FormType",
    "PetitionDecision",
    "PetitionOrderField",
    "PetitionStatus",
    "ProtectedKind",
    "RequestedAction",
    "RevocationStep",
    "RevokedBy",
    "Supplement",
]


@strawberry.enum(description="The form filed. I-914, I-918 and some I-360 disclose protection by themselves.")
class FormType(enum.Enum):
    I129 = "I129"
    I129S = "I129S"
    I130 = "I130"
    I140 = "I140"
    I360 = "I360"
    I526E = "I526E"
    I539 = "I539"
    I485 = "I485"
    I589 = "I589"
    I612 = "I612"
    I765 = "I765"
    I131 = "I131"
    I914 = "I914"
    I918 = "I918"


@strawberry.enum(description="A supplement of form I-129.")
class Supplement(enum.Enum):
    H = "H"
    H1B_DATA = "H1B_DATA"
    L = "L"
    O_P = "O_P"
    Q = "Q"
    R = "R"
    TRADE = "TRADE"
    E = "E"


@strawberry.enum(description="What the petitioner asks for.")
class RequestedAction(enum.Enum):
    NEW = "NEW"
    CONTINUE = "CONTINUE"
    CHANGE_EMPLOYER = "CHANGE_EMPLOYER"
    EXTEND = "EXTEND"
    AMEND = "AMEND"
    COS = "COS"


@strawberry.enum(description="Where a petition stands; each value but EXPIRED comes from CLAIMS history action codes.")
class PetitionStatus(enum.Enum):
    RECEIVED = "RECEIVED"
    REJECTED = "REJECTED"
    EVIDENCE_REQUESTED = "EVIDENCE_REQUESTED"
    EVIDENCE_RECEIVED = "EVIDENCE_RECEIVED"
    INTENT_TO_DENY = "INTENT_TO_DENY"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    ABANDONED = "ABANDONED"
    WITHDRAWN = "WITHDRAWN"
    SENT_TO_DOS = "SENT_TO_DOS"
    VISA_ISSUED_BY_DOS = "VISA_ISSUED_BY_DOS"
    VISA_DENIED_BY_DOS = "VISA_DENIED_BY_DOS"
    RETURNED_BY_DOS = "RETURNED_BY_DOS"
    REAFFIRMED = "REAFFIRMED"
    INTENT_TO_REVOKE = "INTENT_TO_REVOKE"
    REVOKED = "REVOKED"
    REOPENED = "REOPENED"
    HELD = "HELD"
    EXPIRED = strawberry.enum_value("EXPIRED", description="Its validity has ended; derived, not an event.")


@strawberry.enum(description="Who revoked a petition.")
class RevokedBy(enum.Enum):
    USCIS = "USCIS"
    AUTOMATIC = "AUTOMATIC"
    DOS = "DOS"


@strawberry.enum(description="Where a benefit request stands.")
class BenefitStatus(enum.Enum):
    PENDING = "PENDING"
    EVIDENCE_REQUESTED = "EVIDENCE_REQUESTED"
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    WITHDRAWN = "WITHDRAWN"


@strawberry.enum(description="How an asylum matter came up.")
class AsylumKind(enum.Enum):
    AFFIRMATIVE = "AFFIRMATIVE"
    DEFENSIVE = "DEFENSIVE"
    CREDIBLE_FEAR = "CREDIBLE_FEAR"


@strawberry.enum(description="The protection of 8 USC 1367 a filing gives.")
class ProtectedKind(enum.Enum):
    VAWA = "VAWA"
    T = "T"
    U = "U"


@strawberry.enum(description="How an undecided petition is decided.")
class PetitionDecision(enum.Enum):
    APPROVED = "APPROVED"
    DENIED = "DENIED"
    INTENT_TO_DENY = "INTENT_TO_DENY"
    WITHDRAWN = "WITHDRAWN"
    ABANDONED = "ABANDONED"


@strawberry.enum(description="Revocation goes by notice first, save where it is automatic or State's.")
class RevocationStep(enum.Enum):
    NOTICE_OF_INTENT = "NOTICE_OF_INTENT"
    REVOKE = "REVOKE"


@strawberry.enum(description="What a list of petitions is ordered by; the receipt number decides between equals.")
class PetitionOrderField(enum.Enum):
    RECEIVED_ON = "RECEIVED_ON"
    DECIDED_ON = "DECIDED_ON"
    STATUS = "STATUS"
    RECEIPT_NUMBER = "RECEIPT_NUMBER"
