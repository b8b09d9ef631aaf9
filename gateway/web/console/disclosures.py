"""Disclosures: who saw what, by person, agency, field, agreement and time; and one record with its plan and proofs."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.audit import Found, Search, load_public_key, open_shard, place_of, proof_of
from gateway.audit.entry import opened
from gateway.coordinates import Coordinate
from gateway.errors import RequestError
from gateway.web.console.clauses import grants_of
from gateway.web.console.page import SECURITY, told_as_csv, told_page
from gateway.web.console.record import Seen, gather, seen_by
from gateway.web.console.room import Room, Visitor

__all__ = ["disclosures", "disclosures_csv", "person", "proof", "record"]

_OUTCOMES = ("ALLOW", "MASK", "DENY", "ABSENT", "UNAVAILABLE")
_FILTERS = ("agency", "purpose", "case", "coordinate", "agreement", "outcome", "user", "kind", "role")


def _what(given: Any) -> Search:
    """What was asked for; days are whole, ``until`` included."""
    words = {name: given.get(name, "").strip() for name in _FILTERS}
    since, until = _day(given, "since"), _day(given, "until")
    return Search(**words, since=since, until=until + timedelta(days=1) if until else None)


def _day(given: Any, name: str) -> datetime | None:
    text = given.get(name, "").strip()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        raise RequestError(
            "DATE_MALFORMED", f"{text!r} is no date.", where=name, hint="Write it as 2026-11-01."
        ) from None


def _line(one: Seen) -> dict[str, Any]:
    return {
        "shard": one.shard,
        "index": one.index,
        "at": one.at,
        "kind": one.kind,
        "agency": one.caller["agency"],
        "role": one.caller["role"],
        "user": one.caller["user"],
        "purpose": one.caller["purpose"],
        "case": one.caller["case"],
        "operation": one.operation.get("name", ""),
        "released": one.released,
        "withheld": one.withheld,
        "people": one.people,
    }


def _asked(what: Search) -> dict[str, str]:
    """What was searched for, as the look's own record notes it (never a person)."""
    found = {name: getattr(what, name) for name in _FILTERS}
    found |= {name: at.date().isoformat() for name in ("since", "until") if (at := getattr(what, name)) is not None}
    return found


def disclosures(request: Request, room: Room, visitor: Visitor) -> Response:
    """The newest records by agency, field, agreement and time."""
    if request.method == "POST":
        return person(request, room, visitor)
    given = request.query_params
    what = _what(given)
    room.look(visitor, "disclosures", note=_asked(what))
    try:
        found, total, after = gather(room, visitor, what, before=given.get("before") or None)
    except ValueError:
        raise RequestError(
            "CURSOR_MALFORMED", "This is no place in the record.", where="before", hint="Begin anew."
        ) from None
    page = {"total": total, "records": [_line(each) for each in found], "next": after}
    return told_page(request, room, visitor, "disclosures.html", page, given=dict(given), roles=sorted(room.policy.vocabulary.roles), agencies=room.agencies,
                     outcomes=[each for each in _OUTCOMES if visitor.oversight or each != "ABSENT"], about=None)  # fmt: skip


def disclosures_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """Up to 1,000 records as CSV, one line for each coordinate."""
    what = _what(request.query_params)
    room.look(visitor, "disclosures as CSV", note=_asked(what))
    found, _, _ = gather(room, visitor, what, limit=1000)
    rows = [
        (each.shard, each.index, each.at, each.caller["agency"], each.caller["role"], each.caller["purpose"],
         each.caller["case"], item["coordinate"], item["outcome"], item["owner"], item["count"], item["mask"],
         item["agreement"], item["version"], item["article"], item["reason"])
        for each in found
        for item in each.items
    ]  # fmt: skip
    head = ("shard", "index", "at", "agency", "role", "purpose", "case", "coordinate", "outcome", "owner", "count",
            "mask", "agreement", "version", "article", "reason")  # fmt: skip
    return told_as_csv("disclosures.csv", head, rows)


def person(request: Request, room: Room, visitor: Visitor) -> Response:
    """What was recorded about one person: sent as a form, so that no address or history holds who was looked for."""
    form: dict[str, str] = request.state.form
    traveler, why = form.get("traveler", ""), form.get("why", "")
    if not traveler.startswith("TRV-"):
        raise RequestError(
            "TRAVELER_MALFORMED", "A person is looked for by their traveler id.", where="traveler",
            hint="It begins with TRV-.",
        )  # fmt: skip
    if len(why) < 8:
        raise RequestError(
            "REASON_MISSING", "Say why you look for this person: the incident, request or audit.", where="why",
            hint="It is kept in the record beside your name.",
        )  # fmt: skip
    subjects = room.pseudonyms.every(traveler)
    room.look(visitor, "disclosures of a person", subjects, {"why": why})
    found: list[Seen] = []
    if subjects:
        found, _, _ = gather(room, visitor, Search(subjects=subjects), limit=500)
    released = [
        {
            **_line(each),
            **{
                name: item[name] for name in ("coordinate", "owner", "mask", "agreement", "version", "article", "count")
            },
        }
        for each in found
        for item in each.items
        if each.kind == "release" and item["outcome"] in ("ALLOW", "MASK") and item["count"]
        if item["owner"] != each.caller["agency"]
    ]
    page = {"records": [_line(each) for each in found], "total": len(found), "next": "", "accounting": released}
    return told_page(request, room, visitor, "disclosures.html", page, given={}, roles=sorted(room.policy.vocabulary.roles), agencies=room.agencies,
                     outcomes=_OUTCOMES, about=why)  # fmt: skip


def _find(room: Room, visitor: Visitor, shard: str, index: int) -> Seen:
    place = place_of(room.where)
    if shard in place.shards():
        with open_shard(place, shard) as kept:
            body = kept.bodies([index]).get(index)
        if body is not None:
            payload = opened(body)
            one = seen_by(visitor, Found(index, payload.record, shard, payload.noted))
            if one is not None:
                return one
    raise RequestError(
        "RECORD_UNKNOWN", "There is no such record on your side of the street.", status=404, where="record",
        hint="/audit/disclosures lists those there are.",
    )  # fmt: skip


def _proof(room: Room, shard: str, index: int) -> dict[str, Any]:
    """The leaf, the path to the root, and the signed checkpoint that covers it."""
    lines = proof_of(room.where, load_public_key(room.opened.settings.var / "keys"), shard, index, room.now)
    found: dict[str, Any] = {}
    for line in map(orjson.loads, lines):
        if line["type"] == "checkpoint":
            found["checkpoint"] = line["note"]
        elif line["type"] == "record":
            found |= {
                "leaf": line["commitment"],
                "salt": line["salt"],
                "path": [base64.b64decode(step).hex() for step in line["proof"]],
            }
    return found


def _why(room: Room, one: Seen) -> dict[str, list[dict[str, Any]]]:
    """For each coordinate that was given, the grant it rests on as it stood on the day."""
    at = datetime.fromisoformat(one.at)
    found: dict[str, list[dict[str, Any]]] = {}
    for item in one.items:
        if item["outcome"] in ("ALLOW", "MASK"):
            grants = grants_of(
                room.policy, Coordinate.parse(item["coordinate"]), one.caller["agency"], one.caller["role"], at
            )
            found[item["coordinate"]] = [
                each for each in grants if (each["agreement"], each["article"]) == (item["agreement"], item["article"])
            ]
    return found


def record(request: Request, room: Room, visitor: Visitor) -> Response:
    """One record whole: who asked what, the plan, every decision, and the proof that it stands where it was written."""
    shard, index = request.path_params["shard"], request.path_params["index"]
    room.look(visitor, "a record", note={"record": f"{shard}/{index}"})
    one = _find(room, visitor, shard, index)
    proven = _proof(room, shard, index)
    whole = one.whole or {}
    page = {
        **_line(one),
        "request": one.request,
        "noted": one.noted,
        "note": one.note,
        "location": one.caller["location"],
        "epoch": one.epoch,
        "same_epoch": one.epoch == room.policy.epoch,
        "items": one.items,
        "text": whole.get("operation", {}).get("text", ""),
        "operation_hash": whole.get("operation", {}).get("hash", ""),
        "supergraph": whole.get("supergraph", ""),
        "plan": whole.get("plan", ""),
        "fetches": whole.get("fetches", []),
        "failures": whole.get("failures", []),
        "answer": whole.get("answer", {}),
        "subjects": whole.get("subjects", []),
        "proof": proven if one.whole else {key: proven[key] for key in ("leaf", "path", "checkpoint") if key in proven},
    }
    return told_page(request, room, visitor, "record.html", page, why=_why(room, one))


def proof(request: Request, room: Room, visitor: Visitor) -> Response:
    """A partial export of the one record, for `gateway audit verify`; the whole record, so for oversight alone."""
    shard, index = request.path_params["shard"], request.path_params["index"]
    if not visitor.oversight:
        return RedirectResponse(f"/audit/disclosures/{shard}/{index}", 303, headers=SECURITY)
    room.look(visitor, "a record's proof", note={"record": f"{shard}/{index}"})
    key = load_public_key(room.opened.settings.var / "keys")
    lines = proof_of(room.where, key, shard, index, room.now)
    headers = {**SECURITY, "content-disposition": f'attachment; filename="record-{shard}-{index}.jsonl"'}
    return Response(b"".join(lines), media_type="application/jsonl", headers=headers)
