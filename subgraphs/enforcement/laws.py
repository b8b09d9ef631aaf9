"""How a removal case moves, when it is closed, when it sends a traveler to secondary: tables and pure functions.

Sources: domain.md 1.6 (stages, release codes) and 2.9; INA 235(b), 238(b), 240, 240B, 241(a)(5).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

from subgraphs.enforcement.enums import CaseState, DepartureProof, OrderKind
from subgraphs.enforcement.enums import RemovalStage as S
from subgraphs.kit import Refusal, StateMachine, Transition

__all__ = [
    "REFERRAL",
    "RELEASES",
    "STAGES",
    "check_charges",
    "check_order",
    "check_verification",
    "order_step",
    "referral",
    "state_of",
]

STAGES: Final[StateMachine[S]] = StateMachine(
    "RemovalCase.stage",
    [
        Transition(S.ENCOUNTERED, "charge", S.CHARGED),
        Transition(S.ENCOUNTERED, "docket", S.IN_PROCEEDINGS),
        Transition(S.CHARGED, "docket", S.IN_PROCEEDINGS),
        Transition(S.CHARGED, "terminate", S.TERMINATED),
        # expedited, reinstated and administrative orders need no judge and are final at once
        Transition(S.ENCOUNTERED, "order-finally", S.FINAL_ORDER),
        Transition(S.CHARGED, "order-finally", S.FINAL_ORDER),
        Transition(S.IN_PROCEEDINGS, "order", S.ORDERED_REMOVED),
        Transition(S.IN_PROCEEDINGS, "order-finally", S.FINAL_ORDER),
        Transition(S.IN_PROCEEDINGS, "allow-departure", S.VOLUNTARY_DEPARTURE_GRANTED),
        Transition(S.IN_PROCEEDINGS, "grant-relief", S.RELIEF_GRANTED),
        Transition(S.IN_PROCEEDINGS, "terminate", S.TERMINATED),
        Transition(S.ORDERED_REMOVED, "order-finally", S.FINAL_ORDER),
        Transition(S.ORDERED_REMOVED, "stay", S.STAYED),
        Transition(S.ORDERED_REMOVED, "verify", S.REMOVED),
        Transition(S.VOLUNTARY_DEPARTURE_GRANTED, "order-finally", S.FINAL_ORDER),
        Transition(S.VOLUNTARY_DEPARTURE_GRANTED, "depart", S.DEPARTED_UNVERIFIED),
        Transition(S.VOLUNTARY_DEPARTURE_GRANTED, "verify", S.REMOVED),
        Transition(S.FINAL_ORDER, "verify", S.REMOVED),
        Transition(S.FINAL_ORDER, "depart", S.DEPARTED_UNVERIFIED),
        Transition(S.FINAL_ORDER, "stay", S.STAYED),
        Transition(S.FINAL_ORDER, "supervise", S.SUPERVISED),
        Transition(S.STAYED, "lift", S.FINAL_ORDER),
        Transition(S.STAYED, "verify", S.REMOVED),
        Transition(S.SUPERVISED, "verify", S.REMOVED),
        Transition(S.SUPERVISED, "depart", S.DEPARTED_UNVERIFIED),
        Transition(S.SUPERVISED, "stay", S.STAYED),
        Transition(S.DEPARTED_UNVERIFIED, "verify", S.REMOVED),
    ],
)

REFERRAL: Final = "REFER_TO_SECONDARY"
"""What primary inspection is told of an outstanding order; the reason stays with ERO."""

RELEASES: Final = frozenset({"BOND", "OREC", "OSUP", "PARO", "DEP", "VD", "WITH", "TERM", "T", "USM", "DIED", "ESC"})
"""Detention release codes (NIEM)."""

_CLOSED: Final = frozenset({S.RELIEF_GRANTED, S.TERMINATED, S.REMOVED, S.DEPARTED_UNVERIFIED})
_OUTSTANDING: Final = frozenset(
    {S.ORDERED_REMOVED, S.FINAL_ORDER, S.STAYED, S.SUPERVISED, S.VOLUNTARY_DEPARTURE_GRANTED}
)
_FINAL_AT_ONCE: Final = frozenset({OrderKind.EXPEDITED, OrderKind.REINSTATED, OrderKind.ADMINISTRATIVE})
_CHARGE: Final = re.compile(r"(212|237)\(a\)\(\d+\)(\([A-Za-z0-9]+\))*")


def state_of(stage: S) -> CaseState:
    """Whether a case at ``stage`` goes on."""
    return CaseState.CLOSED if stage in _CLOSED else CaseState.OPEN


def referral(stage: S, order: OrderKind | None) -> str | None:
    """``REFER_TO_SECONDARY`` while an order is outstanding, else None."""
    return REFERRAL if order is not None and stage in _OUTSTANDING else None


def order_step(kind: OrderKind, *, final: bool) -> str:
    """The step of :data:`STAGES` that an order of ``kind`` is."""
    if kind is OrderKind.VOLUNTARY_DEPARTURE:
        return "allow-departure"
    return "order-finally" if final else "order"


def check_charges(charges: Sequence[str]) -> None:
    """Raise ``Refusal`` BAD_INPUT where ``charges`` are none, or not sections of INA 212(a) or 237(a)."""
    if not charges or not all(_CHARGE.fullmatch(charge) for charge in charges):
        raise Refusal("BAD_INPUT", "Charges are sections of INA 212(a) or 237(a), for example 237(a)(1)(B)")


def check_order(kind: OrderKind, on: dt.date, today: dt.date, nta: dt.date | None, stage: S, *, final: bool) -> None:
    """Raise ``Refusal`` BAD_INPUT where the law knows no such order on such a case."""
    if on > today or (nta is not None and on < nta):
        raise Refusal("BAD_INPUT", "An order is made after the notice to appear was served and not after today")
    if kind in _FINAL_AT_ONCE and not final:
        raise Refusal("BAD_INPUT", f"An order of kind {kind.name} is final when it is made")
    if kind is OrderKind.VOLUNTARY_DEPARTURE and final:
        raise Refusal("BAD_INPUT", "Voluntary departure becomes a final order of removal only when it is not kept")
    judged = kind in {OrderKind.REMOVAL, OrderKind.VOLUNTARY_DEPARTURE}
    if judged and stage in {S.ENCOUNTERED, S.CHARGED}:
        raise Refusal(
            "BAD_INPUT", "Only an immigration judge orders this, in proceedings; placeInProceedings comes first"
        )


def check_verification(
    on: dt.date, today: dt.date, ordered: dt.date | None, proof: DepartureProof, *, i205: bool
) -> None:
    """Raise ``Refusal`` BAD_INPUT where a departure cannot be verified like that."""
    if ordered is None:
        raise Refusal("BAD_INPUT", "A departure is verified against an order; use recordOrder first")
    if on > today or on < ordered:
        raise Refusal("BAD_INPUT", "The departure falls between the order and today")
    if i205 and proof is not DepartureProof.WITNESSED:
        raise Refusal("BAD_INPUT", "A warrant I-205 is executed by the officer who witnessed the departure")
