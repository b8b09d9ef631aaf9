"""What an inspection may end in, what each ending needs, and what an I-94 looks like: tables and pure functions.

Sources: domain.md 1.4 to 1.6; form numbers as named there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from subgraphs.admissions.enums import DepartureMethod, InspectionStage, InspectionState, StayKind
from subgraphs.admissions.enums import InspectionOutcome as O
from subgraphs.kit import Refusal, StateMachine, Transition

__all__ = [
    "CONFIDENCE",
    "FORMS",
    "INSPECTION",
    "ISSUES_I94",
    "Granted",
    "check_admission",
    "check_outcome",
    "i94_number",
    "stay_kind_of",
]

INSPECTION: Final = StateMachine(
    "Inspection.state",
    [
        Transition(InspectionState.OPEN, "refer", InspectionState.CLOSED),
        Transition(InspectionState.OPEN, "record", InspectionState.CLOSED),
    ],
)

ISSUES_I94: Final = frozenset({O.ADMITTED, O.ADMITTED_WITH_WAIVER, O.PAROLED})
"""The outcomes that let the traveler in, with an I-94."""

FORMS: Final[dict[O, str]] = {
    O.WITHDREW_APPLICATION: "I-275",
    O.EXPEDITED_REMOVAL: "I-860",
    O.NTA_ISSUED: "I-862",
}
"""The form without which an outcome is not recorded."""

CONFIDENCE: Final[dict[DepartureMethod, float]] = {
    DepartureMethod.MANIFEST: 0.95,
    DepartureMethod.BIOMETRIC: 0.99,
    DepartureMethod.LAND_EXCHANGE: 0.9,
    DepartureMethod.SELF_REPORT: 0.6,
    DepartureMethod.VERIFIED_ABROAD: 0.97,
}
"""How sure a match of each kind is taken to be where the source does not say (synthetic)."""

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_DURATION: Final = frozenset({"F1", "F2", "J1", "J1S", "J2", "J2S"})
_IMMIGRANT: Final = re.compile(r"(IR|CR|F[1-4]|E[1-4]|EW|DV|SD|SR|SI|SE|AS)\d?\d?|B[12]\d")
_NONIMMIGRANT: Final = frozenset({"F1", "F2", "E1", "E2", "E3"})


@dataclass(frozen=True, slots=True)
class Granted:
    """What an officer grants: the class, the stay, and for a parole its kind."""

    class_of_admission: str
    kind: StayKind
    until: dt.date | None
    parole_kind: str | None


def i94_number(serial: int) -> str:
    """The admission number of the ``serial``-th I-94 of this system, in the form used since May 2019."""
    return f"{serial % 10**9:09d}{_LETTERS[serial % len(_LETTERS)]}{serial % 10}"


def stay_kind_of(class_of_admission: str) -> StayKind:
    """How the stay of a class ends: duration of status for F and J, no end for immigrants, a date for all others."""
    if class_of_admission in _DURATION:
        return StayKind.DURATION_OF_STATUS
    if class_of_admission not in _NONIMMIGRANT and _IMMIGRANT.fullmatch(class_of_admission):
        return StayKind.INDEFINITE
    return StayKind.DATE


def check_outcome(stage: InspectionStage, outcome: O, forms: Collection[str]) -> None:
    """Raise ``Refusal`` BAD_INPUT where an inspection of ``stage`` cannot end in ``outcome`` with ``forms``."""
    if outcome is O.REFERRED_SECONDARY:
        raise Refusal("BAD_INPUT", "A referral is not recorded as an outcome; use referToSecondary")
    if stage is InspectionStage.PRIMARY and outcome is not O.ADMITTED:
        raise Refusal("BAD_INPUT", "Primary inspection admits or refers; every other outcome is secondary's")
    form = FORMS.get(outcome)
    if form is not None and form not in forms:
        raise Refusal("BAD_INPUT", f"{outcome.name} is recorded on form {form}; name it in forms")


def check_admission(outcome: O, granted: Granted | None, today: dt.date) -> None:
    """Raise ``Refusal`` BAD_INPUT where ``granted`` does not fit ``outcome`` on the day ``today`` at the port."""
    if outcome not in ISSUES_I94:
        if granted is not None:
            raise Refusal("BAD_INPUT", f"{outcome.name} admits nobody; leave out classOfAdmission, stay and paroleKind")
        return
    if granted is None:
        raise Refusal("BAD_INPUT", f"{outcome.name} issues an I-94; give classOfAdmission and the stay")
    if (outcome is O.PAROLED) is not (granted.parole_kind is not None):
        raise Refusal("BAD_INPUT", "A parole, and nothing else, names its paroleKind")
    if (granted.kind is StayKind.DATE) is not (granted.until is not None):
        raise Refusal("BAD_INPUT", "A stay of kind DATE, and no other, ends on a day; give until with it")
    wanted = StayKind.DATE if outcome is O.PAROLED else stay_kind_of(granted.class_of_admission)
    if granted.kind is not wanted:
        raise Refusal("BAD_INPUT", f"The stay of this class of admission is of kind {wanted.name}")
    if granted.until is not None and granted.until <= today:
        raise Refusal("BAD_INPUT", "The authorized stay ends after the day of admission; give a later until")
