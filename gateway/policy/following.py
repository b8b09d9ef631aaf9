"""SYS and LINK: what has no data of its own follows the cells of what it stands on or leads to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from gateway.caller import Caller
from gateway.policy.decide import Cell, Stage, free_stage, weigh
from gateway.policy.decision import Decision, Outcome, Reason
from gateway.policy.facts import MISSING, Look

__all__ = ["GIVING", "follow", "nearest"]

GIVING: Final = (Outcome.ALLOW, Outcome.MASK)
_NEAREST: Final = (
    Reason.OBLIGATION_UNMET,
    Reason.CASE_CONDITION,
    Reason.NOT_SHARED,
    Reason.ROLE_NOT_COVERED,
    Reason.PURPOSE_NOT_COVERED,
    Reason.NOT_IN_FORCE,
    Reason.WITHHELD_BY_PROVIDER,
    Reason.NO_AGREEMENT,
    Reason.STATUTE,  # nothing that agencies could agree on would change it
    Reason.NOT_RECOGNISED,
)


def follow(own: Cell, caller: Caller, look: Look, at: datetime) -> Decision:
    """The decision on a following coordinate: its own clauses if it has some, else given where one it follows may be.

    Only what follows from the caller and the case counts here; the record decides on the values themselves.
    """
    if own.rules or own.withholds or own.grants:
        stated = weigh(own, caller, look, at)
        if own.grants or stated.outcome is not Outcome.ALLOW or not own.group:
            return stated
    refused: list[Decision] = []
    pending, broken = False, False
    for cell in own.group:
        stage = cell.static or free_stage(cell, caller, look, at)
        if stage is Stage.OPEN or (isinstance(stage, Decision) and stage.outcome in GIVING):
            return Decision(Outcome.ALLOW, own.coordinate, own.owner)
        pending = pending or stage is Stage.PENDING
        broken = broken or stage is Stage.BROKEN
        if isinstance(stage, Decision):
            refused.append(stage)
    if pending:
        needs = frozenset(
            name for cell in own.group for name in cell.names if name.startswith("case.") and look(name) is MISSING
        )
        return Decision(Outcome.DENY, own.coordinate, own.owner, reason=Reason.NOT_SHARED, settled=False, needs=needs)
    if broken:
        return Decision(Outcome.UNAVAILABLE, own.coordinate, own.owner, reason=Reason.FACT_UNAVAILABLE)
    return nearest(own, refused, own.homes)


def nearest(own: Cell, refused: Iterable[Decision], homes: Collection[str]) -> Decision:
    """The refusal of a following coordinate: the nearest miss among those it follows, in its owner's name.

    Among equals, whose type it is (``homes``) counts most: what others keep about a petition is not what a link to it
    lacks.
    """
    order = {reason: place for place, reason in enumerate(_NEAREST)}
    ranked = sorted(
        refused,
        key=lambda each: (
            each.outcome is Outcome.ABSENT,
            order.get(Reason(each.reason), 99) if each.reason in order else 99,
            each.owner not in homes,
            each.coordinate,
        ),
    )
    if not ranked:
        return own.denial
    first = ranked[0].named(own.coordinate)
    return first if first.owner else first.owned(own.owner)
