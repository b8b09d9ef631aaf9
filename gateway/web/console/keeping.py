"""How the record is kept: break-glass grants with their reviews, and the health of the log with its witnesses."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.audit import Search, open_shard, place_of, search
from gateway.audit.shard import Shard
from gateway.duties import Duties, Glass, Notice
from gateway.errors import GatewayError
from gateway.web.console.page import told_page
from gateway.web.console.room import Room, Visitor

__all__ = ["glasses", "health"]


def glasses(request: Request, room: Room, visitor: Visitor) -> Response:
    """Break-glass grants: what waits for a review first, then the newest."""
    room.look(visitor, "break-glass")
    duties, now = _duties(room), room.now
    notices: dict[str, list[Notice]] = {}
    for each in duties.glass.notices(seen=True):
        notices.setdefault(each.glass, []).append(each)
    rows = [
        _glass(each, notices.get(each.id, []), visitor, now)
        for each in duties.glass.all()
        if visitor.side(each.agency, *(one.agency for one in notices.get(each.id, [])))
    ]
    order = {"overdue": 0, "due": 1, "none": 2, "done": 3}
    rows.sort(key=lambda each: each["askedAt"], reverse=True)
    rows.sort(key=lambda each: order[each["review"]])
    counts = {word: sum(each["review"] == word for each in rows) for word in order}
    return told_page(request, room, visitor, "break_glass.html", {"at": now, "grants": rows, "counts": counts})


def _duties(room: Room) -> Duties:
    duties = room.opened.house.duties
    if duties is None:
        raise GatewayError(
            "NOTHING_GOVERNED", "This graph governs nothing, so there is nothing to audit.", status=404,
            hint="Serve a graph under agreements; see docs/operations.md.",
        )  # fmt: skip
    return duties


def _glass(glass: Glass, notices: list[Notice], visitor: Visitor, now: datetime) -> dict[str, Any]:
    """A grant as the visitor may read it: whose data was looked at learns that, by whom of which agency's office and why, and
    not the officer's name or case."""
    found = {"reviewedBy": "", "finding": "", "note": "", "approvedBy": "", "approvedAt": "", "expiresAt": "",
             "reviewDue": "", "reviewedAt": "", **glass.as_json(now)}  # fmt: skip
    if not visitor.side(glass.agency):
        found |= {"user": "", "case": "", "approvedBy": "", "reviewedBy": "", "note": ""}
    found["notices"] = [
        {"agency": each.agency, "at": each.at, "due": each.due, "seen": each.seen_at, "overdue": each.overdue(now)}
        for each in notices
        if visitor.side(each.agency, glass.agency)
    ]
    return found


def health(request: Request, room: Room, visitor: Visitor) -> Response:
    """The log's shards: how far each goes, its last checkpoint, who has witnessed it and how far that lags behind."""
    room.look(visitor, "log health")
    place, log = place_of(room.where), room.opened.log
    shards = []
    for name in place.shards():
        with open_shard(place, name) as shard:
            shards.append(_shard(shard))
    newest, _ = search(room.where, Search(), limit=1)
    page = {
        "at": room.now,
        "writable": log is not None and log.writable,
        "waiting": log.waiting if log is not None else 0,
        "writes": log.shard if log is not None else "",
        "last": newest[0].noted if newest else "",
        "records": sum(each["records"] for each in shards),
        "witnesses": sorted({each["name"] for shard in shards for each in shard["witnesses"]}),
        "unwitnessed": sum(each["unwitnessed"] for each in shards),
        "shards": shards,
    }
    return told_page(request, room, visitor, "log_health.html", page)


def _shard(shard: Shard) -> dict[str, Any]:
    size, signed = shard.size(), shard.last_checkpoint()
    cosigned = shard.cosignatures()
    witnesses = [
        {"name": name, "records": seen, "lag": size - seen, "at": _dated(line)} for seen, name, line in cosigned
    ]  # fmt: skip
    return {
        "shard": shard.name,
        "records": size,
        "deleted": size - shard.payloads(),
        "checkpoint": signed.size if signed else 0,
        "root": signed.root.hex() if signed else "",
        "unsigned": size - (signed.size if signed else 0),
        "witnesses": witnesses,
        "unwitnessed": min((size - seen for seen, _, _ in cosigned), default=size),
    }


def _dated(line: str) -> datetime | None:
    """When a cosignature was made, by its own word (C2SP ``tlog-cosignature``: a time before the signature)."""
    try:
        raw = base64.b64decode(line.rstrip("\n").rpartition(" ")[2], validate=True)
    except (ValueError, binascii.Error):
        return None
    return datetime.fromtimestamp(int.from_bytes(raw[4:12], "big"), UTC) if len(raw) == 76 else None
