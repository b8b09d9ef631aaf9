"""Events that had to be pushed: what is overdue, what is open, what is acknowledged, agreement by agreement."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.duties import EventNotice
from gateway.errors import GatewayError
from gateway.web.console.page import told_as_csv, told_page
from gateway.web.console.room import Room, Visitor

__all__ = ["notices", "notices_csv"]

_STATES: Final = ("overdue", "told", "waiting", "acknowledged")
_HEAD: Final = ("id", "agreement", "from", "to", "field", "state", "at", "due", "toldAt", "acknowledgedAt")


def notices(request: Request, room: Room, visitor: Visitor) -> Response:
    """The notices that are the visitor's to see, overdue first, with how many of each agreement are in which state."""
    rows = _looked_at(room, visitor)
    counts = {word: sum(each["state"] == word for each in rows) for word in _STATES}
    page = {"at": room.now, "counts": counts, "agreements": _by_agreement(rows), "notices": rows}
    return told_page(request, room, visitor, "notices.html", page)


def notices_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """The same notices as CSV."""
    head = (*_HEAD, "acknowledgedBy") if visitor.oversight else _HEAD
    lines = [[each[name] for name in head] for each in _looked_at(room, visitor)]
    return told_as_csv(f"notices-{room.now:%Y-%m-%d}.csv", head, lines)


def _looked_at(room: Room, visitor: Visitor) -> list[dict[str, Any]]:
    duties = room.opened.house.duties
    if duties is None:
        raise GatewayError(
            "NOTHING_GOVERNED", "This graph governs nothing, so there is nothing to audit.", status=404,
            hint="Serve a graph under agreements; see docs/operations.md.",
        )  # fmt: skip
    room.look(visitor, "notices")
    rows = [_row(each, room, visitor) for each in duties.events.all(done=True) if _may_see(each, visitor)]
    rows.sort(key=lambda each: _STATES.index(each["state"]))
    return rows


def _may_see(notice: EventNotice, visitor: Visitor) -> bool:
    """Whose event it is sees it at once; whom it is for, once one of them was told: that something happened is news."""
    return visitor.side(notice.creditor) or (notice.told_at is not None and visitor.side(notice.debtor))


def _row(notice: EventNotice, room: Room, visitor: Visitor) -> dict[str, Any]:
    found = {
        "id": notice.id,
        "agreement": notice.agreement,
        "from": notice.creditor,
        "to": notice.debtor,
        "field": notice.field,
        "state": "overdue" if notice.overdue(room.now) else notice.state,
        "at": notice.at.isoformat(),
        "due": notice.due.isoformat(),
        "toldAt": notice.told_at.isoformat() if notice.told_at else "",
        "acknowledgedAt": notice.acknowledged_at.isoformat() if notice.acknowledged_at else "",
    }
    if visitor.oversight:
        found["acknowledgedBy"] = notice.acknowledged_by
    return found


def _by_agreement(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in rows:
        key = (each["agreement"], each["from"], each["to"])
        line = found.setdefault(
            key, {**dict(zip(("agreement", "from", "to"), key, strict=True)), **dict.fromkeys(_STATES, 0)}
        )
        line[each["state"]] += 1
    return [found[key] for key in sorted(found)]
