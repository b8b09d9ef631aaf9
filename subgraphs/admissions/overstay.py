"""Whether a stay was exceeded: one law, one rule a line, each with its id and its words. No clock, no database.

Sources: INA 222(g); DHS entry/exit overstay definitions (domain.md 1.6, 3.1 and section 0, finding 8). Days are
calendar days at the port of entry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from subgraphs.admissions.enums import OverstayBasis, OverstayStatus, StayKind, UpdateFlag

__all__ = ["ENOUGH", "Assessed", "Extension", "Finding", "Left", "Stay", "assess"]

ENOUGH = 0.7
"""The confidence from which a matched departure counts as the traveler's own (synthetic)."""


@dataclass(frozen=True, slots=True)
class Left:
    """A departure of the traveler: the day at its port, how sure the match is, and whether it was matched at all."""

    on: dt.date
    confidence: float
    matched: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A formal finding that status ended: by whom and on which day."""

    basis: OverstayBasis
    on: dt.date


@dataclass(frozen=True, slots=True)
class Extension:
    """What USCIS says of a pending extension: the day it was filed, or that none is; unknown when USCIS did not say."""

    known: bool
    filed_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """The latest admission, with the departures after it and the findings about it."""

    kind: StayKind
    until: dt.date | None
    admitted_on: dt.date
    parole: bool = False
    update_flag: UpdateFlag | None = None
    departures: tuple[Left, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessed:
    """The outcome with the rule that gave it; ``days_over`` is 0 where nothing was exceeded, None where unknown."""

    status: OverstayStatus
    basis: OverstayBasis | None
    days_over: int | None
    rule: str
    explanation: str


_NONE, _SUSPECTED = OverstayStatus.NONE, OverstayStatus.SUSPECTED_IN_COUNTRY
_LEFT_LATE, _UNKNOWN = OverstayStatus.OUT_OF_COUNTRY_CONFIRMED, OverstayStatus.NOT_DETERMINABLE


def assess(stay: Stay, extension: Extension, today: dt.date) -> Assessed:
    """The assessment of ``stay`` on the day ``today`` (at the port of entry)."""
    if stay.parole:
        return _undetermined("OVS-01", "A parole is not an admission; there is no admitted stay to exceed.")
    if stay.update_flag is UpdateFlag.ADJUSTED:
        return Assessed(_NONE, None, 0, "OVS-02", "The traveler became a permanent resident; the stay has no end.")
    if stay.kind is StayKind.INDEFINITE:
        return Assessed(_NONE, None, 0, "OVS-03", "The traveler was admitted without a limit of time.")
    if stay.findings:
        return _by_finding(stay, min(stay.findings, key=lambda finding: finding.on), today)
    if stay.kind is StayKind.DURATION_OF_STATUS:
        words = "Admitted for duration of status: only a finding by an immigration judge or USCIS starts an overstay."
        return _undetermined("OVS-05", words)
    if stay.kind is StayKind.UNKNOWN or stay.until is None:
        return _undetermined("OVS-06", "The end of the authorized stay is not on record.")
    return _by_date(stay, stay.until, extension, today)


def _by_finding(stay: Stay, finding: Finding, today: dt.date) -> Assessed:
    """A finding ends the stay on its own day, or an I-94 date that came first does."""
    end = min(finding.on, stay.until) if stay.until is not None else finding.on
    who = "An immigration judge" if finding.basis is OverstayBasis.IJ_FINDING else "USCIS"
    found = f"{who} found that status had ended"
    left = _first(stay.departures, matched=True)
    if left is None:
        days = max((today - end).days, 0)
        return Assessed(_SUSPECTED, finding.basis, days, "OVS-04", f"{found}; no departure is on record.")
    if left.on <= end:
        return Assessed(_NONE, finding.basis, 0, "OVS-04", f"{found}; the traveler had left by then.")
    return Assessed(_LEFT_LATE, finding.basis, (left.on - end).days, "OVS-04", f"{found}; the traveler left later.")


def _by_date(stay: Stay, until: dt.date, extension: Extension, today: dt.date) -> Assessed:
    """The arithmetic of an I-94 date: what was exceeded by the departure, or by today where there is none."""
    left = _first(stay.departures, matched=True)
    last = today if left is None else left.on
    over = (last - until).days
    basis = OverstayBasis.I94_DATE
    if over <= 0:
        words = "The traveler left in time." if left else "The authorized stay has not ended."
        return Assessed(_NONE, basis, 0, "OVS-07", words)
    if extension.filed_on is not None and extension.filed_on <= until:
        words = "A request to extend or change the stay was filed in time and is pending at USCIS."
        return Assessed(_NONE, basis, 0, "OVS-08", words)
    if not extension.known:
        words = "The authorized stay ended; whether an extension is pending at USCIS could not be learned."
        return _undetermined("OVS-09", words, basis)
    if left is not None:
        if left.confidence < ENOUGH:
            words = "A late departure is on record, but is not surely this traveler's."
            return _undetermined("OVS-10", words, OverstayBasis.UNMATCHED_DEPARTURE)
        return Assessed(_LEFT_LATE, basis, over, "OVS-11", f"The traveler left {_days(over)} after the stay had ended.")
    if _first(stay.departures, matched=False) is not None:
        words = "The authorized stay ended; a departure that may be this traveler's is matched to no admission."
        return Assessed(_SUSPECTED, OverstayBasis.UNMATCHED_DEPARTURE, over, "OVS-12", words)
    words = f"The authorized stay ended {_days(over)} ago; no departure is on record."
    return Assessed(_SUSPECTED, basis, over, "OVS-13", words)


def _first(departures: Sequence[Left], *, matched: bool) -> Left | None:
    return min((left for left in departures if left.matched is matched), key=lambda left: left.on, default=None)


def _undetermined(rule: str, words: str, basis: OverstayBasis | None = None) -> Assessed:
    return Assessed(_UNKNOWN, basis, None, rule, words)


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
