"""Rows of the border for tests: each builder gives a plausible row, changed where a test says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.caller import Caller
from subgraphs.admissions.enums import (
    BiometricMatch,
    CrossingDirection,
    CrossingMode,
    DepartureMethod,
    InspectionStage,
    InspectionState,
    OverstayBasis,
    StayKind,
)
from subgraphs.admissions.tables import (
    AdmissionRow,
    ArrivalRow,
    CrossingEventRow,
    DepartureRow,
    FindingRow,
    InspectionRow,
    LookoutRow,
)
from subgraphs.kit.testing import NOW

__all__ = [
    "ANA",
    "BEN",
    "CBP",
    "I94",
    "ORIGIN",
    "admission",
    "arrival",
    "departure",
    "event",
    "finding",
    "inspection",
    "lookout",
]

ANA, BEN = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1", "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ2"
I94 = "010000001A1"
CBP = Caller("CBP", "cbp-secondary", "border-inspection-secondary", case="INS-NYC-00010001", user="cbp-nyc-2")
APRIL = datetime(2026, 4, 1, 15, 0, tzinfo=UTC)
ORIGIN: dict[str, Any] = {
    "agency": "CBP",
    "system": "NIIS",
    "record_version": "1",
    "as_of": APRIL,
    "received_at": APRIL,
}


def arrival(crossing_id: str = "XNG-00010001", traveler_id: str = ANA, **more: Any) -> ArrivalRow:
    """An inbound flight to New York on 1 April 2026."""
    fields: dict[str, Any] = {
        "poe": "NYC",
        "mode": CrossingMode.AIR,
        "at": APRIL,
        "direction": CrossingDirection.INBOUND,
        "carrier": "UT",
        "flight": "UT101",
        "manifest_ref": "APIS-20260401-0001",
        "document": "ST0010001",
        "us_address": "100 Example Street, Springfield",
        "foil_number": "S0100001",
    }
    return ArrivalRow(crossing_id=crossing_id, traveler_id=traveler_id, **{**fields, **ORIGIN, **more})


def inspection(
    inspection_id: str = "INS-NYC-00010001", crossing_id: str = "XNG-00010001", **more: Any
) -> InspectionRow:
    """An open primary inspection of it."""
    fields: dict[str, Any] = {
        "traveler_id": ANA,
        "stage": InspectionStage.PRIMARY,
        "port": "NYC",
        "state": InspectionState.OPEN,
        "opened_at": APRIL + timedelta(minutes=15),
        "officer_ref": "cbp-nyc-1",
        "forms": [],
        "biometric_match": BiometricMatch.MATCH,
    }
    return InspectionRow(inspection_id=inspection_id, crossing_id=crossing_id, **{**fields, **ORIGIN, **more})


def admission(i94_number: str = I94, crossing_id: str = "XNG-00010001", **more: Any) -> AdmissionRow:
    """A B-2 admission until 1 October 2026."""
    fields: dict[str, Any] = {
        "traveler_id": ANA,
        "class_of_admission": "B2",
        "stay_kind": StayKind.DATE,
        "stay_until": date(2026, 10, 1),
        "poe": "NYC",
        "admitted_at": APRIL + timedelta(minutes=40),
        "foil_number": "S0100001",
    }
    return AdmissionRow(i94_number=i94_number, crossing_id=crossing_id, **{**fields, **ORIGIN, **more})


def departure(departure_id: str = "DEP-00010001", i94_number: str | None = I94, **more: Any) -> DepartureRow:
    """A departure by air on 10 October 2026, matched."""
    fields: dict[str, Any] = {
        "traveler_id": ANA,
        "at": datetime(2026, 10, 10, 20, tzinfo=UTC),
        "poe": "NYC",
        "mode": CrossingMode.AIR,
        "method": DepartureMethod.MANIFEST,
        "match_confidence": 0.98,
    }
    return DepartureRow(departure_id=departure_id, i94_number=i94_number, **{**fields, **ORIGIN, **more})


def finding(i94_number: str = I94, basis: OverstayBasis = OverstayBasis.IJ_FINDING, **more: Any) -> FindingRow:
    """A judge's finding of 1 September 2026."""
    fields: dict[str, Any] = {"found_at": datetime(2026, 9, 1, 17, tzinfo=UTC), "note": "Status ended."}
    return FindingRow(i94_number=i94_number, basis=basis, **{**fields, **ORIGIN, **more})


def lookout(lookout_id: str = "LKT-00010001", **more: Any) -> LookoutRow:
    """A lookout without an end."""
    fields: dict[str, Any] = {
        "traveler_id": ANA,
        "kind": "SUBJECT",
        "placed_by": "CBP",
        "at": APRIL,
        "instruction": "Refer to secondary",
    }
    return LookoutRow(lookout_id=lookout_id, **{**fields, **ORIGIN, **more})


def event(id: str = "EV-1", **more: Any) -> CrossingEventRow:
    """An arrival as the traveler's chapter tells it."""
    fields: dict[str, Any] = {
        "traveler_id": ANA,
        "at": NOW - timedelta(days=1),
        "kind": "crossing.arrived",
        "summary": "Arrived at NYC",
    }
    return CrossingEventRow(id=id, **{**fields, **ORIGIN, **more})
