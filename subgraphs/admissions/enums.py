"""The closed vocabularies of the admissions subgraph, as GraphQL enums. Source: domain.md 1.6 and 2.8."""

from __future__ import annotations

import enum

import strawberry

__all__ = [
    "AdmissionOrderField",
    "BiometricMatch",
    "CrossingDirection",
    "CrossingMode",
    "DepartureMethod",
    "InspectionOutcome",
    "InspectionStage",
    "InspectionState",
    "OverstayBasis",
    "OverstayStatus",
    "StayKind",
    "UpdateFlag",
]


@strawberry.enum(description="How the border was crossed.")
class CrossingMode(enum.Enum):
    AIR = "AIR"
    SEA = "SEA"
    LAND = "LAND"


@strawberry.enum(name="Direction", description="Into the United States or out of it.")
class CrossingDirection(enum.Enum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


@strawberry.enum(description="Where in the inspection the traveler stands.")
class InspectionStage(enum.Enum):
    PRIMARY = "PRIMARY"
    SECONDARY = "SECONDARY"


@strawberry.enum(description="Whether the inspection goes on.")
class InspectionState(enum.Enum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


@strawberry.enum(description="How an inspection ended. REFERRED_SECONDARY ends the primary one only.")
class InspectionOutcome(enum.Enum):
    ADMITTED = "ADMITTED"
    ADMITTED_WITH_WAIVER = "ADMITTED_WITH_WAIVER"
    PAROLED = "PAROLED"
    DEFERRED_INSPECTION = "DEFERRED_INSPECTION"
    WITHDREW_APPLICATION = "WITHDREW_APPLICATION"
    EXPEDITED_REMOVAL = "EXPEDITED_REMOVAL"
    CREDIBLE_FEAR_REFERRAL = "CREDIBLE_FEAR_REFERRAL"
    NTA_ISSUED = "NTA_ISSUED"
    VWP_REFUSED = "VWP_REFUSED"
    CREW_REFUSED = "CREW_REFUSED"
    REFERRED_SECONDARY = "REFERRED_SECONDARY"


@strawberry.enum(description="Whether the traveler's biometrics are those on record; never the biometrics themselves.")
class BiometricMatch(enum.Enum):
    MATCH = "MATCH"
    NO_MATCH = "NO_MATCH"
    UNAVAILABLE = "UNAVAILABLE"


@strawberry.enum(description="What ends the authorized stay: a date, the end of the program, nothing, or not known.")
class StayKind(enum.Enum):
    DATE = "DATE"
    DURATION_OF_STATUS = "DURATION_OF_STATUS"
    INDEFINITE = "INDEFINITE"
    UNKNOWN = "UNKNOWN"


@strawberry.enum(description="What became of an admission after it was made.")
class UpdateFlag(enum.Enum):
    APPREHENDED = "APPREHENDED"
    OVERSTAYED = "OVERSTAYED"
    ADJUSTED = "ADJUSTED"


@strawberry.enum(description="What a departure record rests on.")
class DepartureMethod(enum.Enum):
    MANIFEST = "MANIFEST"
    BIOMETRIC = "BIOMETRIC"
    LAND_EXCHANGE = "LAND_EXCHANGE"
    SELF_REPORT = "SELF_REPORT"
    VERIFIED_ABROAD = "VERIFIED_ABROAD"


@strawberry.enum(description="Whether the latest stay was exceeded. NOT_DETERMINABLE is an answer, not a lack of one.")
class OverstayStatus(enum.Enum):
    NONE = "NONE"
    SUSPECTED_IN_COUNTRY = "SUSPECTED_IN_COUNTRY"
    OUT_OF_COUNTRY_CONFIRMED = "OUT_OF_COUNTRY_CONFIRMED"
    NOT_DETERMINABLE = "NOT_DETERMINABLE"


@strawberry.enum(description="What an overstay assessment rests on.")
class OverstayBasis(enum.Enum):
    I94_DATE = "I94_DATE"
    IJ_FINDING = "IJ_FINDING"
    USCIS_FINDING = "USCIS_FINDING"
    UNMATCHED_DEPARTURE = "UNMATCHED_DEPARTURE"


@strawberry.enum(description="What admissions are ordered by.")
class AdmissionOrderField(enum.Enum):
    ADMITTED_AT = "ADMITTED_AT"
    CLASS_OF_ADMISSION = "CLASS_OF_ADMISSION"
