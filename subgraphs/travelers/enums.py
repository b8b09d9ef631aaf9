"""The enumerations of the travelers subgraph."""

from __future__ import annotations

import enum

import strawberry

__all__ = ["DatePrecision", "IdentifierKind", "LegalCategory", "LinkKind", "NameKind", "Sex"]


@strawberry.enum(description="Which list an identifier belongs to; equal text in two lists is not one identifier.")
class IdentifierKind(enum.Enum):
    A_NUMBER = "A_NUMBER"
    FIN = "FIN"
    PASSPORT = "PASSPORT"
    RECEIPT = "RECEIPT"
    SEVIS_ID = "SEVIS_ID"
    APPLICATION_ID = "APPLICATION_ID"
    FOIL_NUMBER = "FOIL_NUMBER"
    I94_NUMBER = "I94_NUMBER"
    EID_SUBJECT = "EID_SUBJECT"


@strawberry.enum(description="Where a name stands on the document that asserts it.")
class NameKind(enum.Enum):
    PRIMARY = "PRIMARY"
    ALIAS = "ALIAS"
    MRZ = "MRZ"
    NATIVE_SCRIPT = "NATIVE_SCRIPT"


@strawberry.enum(description="How much of a date is known.")
class DatePrecision(enum.Enum):
    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


@strawberry.enum(description="Sex as the travel document states it (ICAO 9303).")
class Sex(enum.Enum):
    F = "F"
    M = "M"
    X = "X"


@strawberry.enum(description="The category that decides whether the Privacy Act applies.")
class LegalCategory(enum.Enum):
    NONIMMIGRANT = "NONIMMIGRANT"
    LPR = "LPR"
    USC = "USC"
    PAROLEE = "PAROLEE"
    UNKNOWN = "UNKNOWN"


@strawberry.enum(description="What a link between two records rests on.")
class LinkKind(enum.Enum):
    BIOMETRIC = "BIOMETRIC"
    BIOGRAPHIC = "BIOGRAPHIC"
