"""Rows of enforcement for tests: each builder gives a plausible row, changed where a test says so."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from gateway.caller import Caller
from subgraphs.enforcement.enums import EncounterKind, OrderKind
from subgraphs.enforcement.enums import RemovalStage as S
from subgraphs.enforcement.laws import state_of
from subgraphs.enforcement.tables import DetentionRow, EncounterRow, RemovalCaseRow

__all__ = ["ANA", "BEN", "CASE", "ERO", "EVENT", "MAY", "ORIGIN", "STAY", "case", "detention", "encounter", "ordered"]

ANA, BEN = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1", "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ2"
ERO = Caller("ICE_ERO", "ero-officer", "enforcement-case", case="ERC-00010001", user="ero-atl-1", location="ATL")
MAY = datetime(2026, 5, 4, 13, 0, tzinfo=UTC)
ORIGIN: dict[str, Any] = {
    "agency": "ICE_ERO",
    "system": "EARM",
    "record_version": "1",
    "as_of": MAY,
    "received_at": MAY,
}
CASE, EVENT, STAY = "ERC-00010001", "ATL2600100001", "DET-00010001"


def case(case_id: str = CASE, **more: Any) -> RemovalCaseRow:
    """A case in proceedings in Atlanta, with a notice to appear of 20 May 2026 and no order."""
    fields: dict[str, Any] = {
        "traveler_id": ANA,
        "stage": S.IN_PROCEEDINGS,
        "charges": ["237(a)(1)(B)"],
        "nta_served_on": date(2026, 5, 20),
        "court": "ATD",
        "stays": [],
        "relief": [],
        "officer_ref": "ero-atl-1",
        "opened_at": MAY,
    }
    fields |= ORIGIN | more
    return RemovalCaseRow(case_id=case_id, state=state_of(fields["stage"]), **fields)


def ordered(**more: Any) -> RemovalCaseRow:
    """The same case with a final order of removal of 1 September 2026."""
    order: dict[str, Any] = {
        "stage": S.FINAL_ORDER,
        "order_kind": OrderKind.REMOVAL,
        "order_by": "EOIR Atlanta",
        "order_on": date(2026, 9, 1),
        "order_final": True,
    }
    return case(**{**order, **more})


def encounter(event_number: str = EVENT, **more: Any) -> EncounterRow:
    """An encounter in Springfield on 4 May 2026 that led to no case."""
    fields: dict[str, Any] = {
        "subject_id": "SUB00010001",
        "traveler_id": ANA,
        "at": MAY,
        "kind": EncounterKind.ENFORCEMENT,
        "method": "LOCATED",
        "alien_number": "A299000101",
        "fin": "7700100001",
        "place": "Springfield",
    }
    return EncounterRow(event_number=event_number, **{**fields, **ORIGIN, **more})


def detention(detention_id: str = STAY, **more: Any) -> DetentionRow:
    """A stay that goes on."""
    fields: dict[str, Any] = {
        "case_id": CASE,
        "traveler_id": ANA,
        "facility": "Example Processing Center",
        "book_in_at": MAY,
        "bond_usd": 500_000,
        "classification": "LOW",
    }
    return DetentionRow(detention_id=detention_id, **{**fields, **ORIGIN, **more})
