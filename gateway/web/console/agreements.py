"""Agreements: all of them on a line of time, and each in plain English beside its text, with its use."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.audit import Search, count_by
from gateway.errors import RequestError
from gateway.policy.agreement import Agreement
from gateway.policy.examples import Ran, run_examples
from gateway.policy.lifecycle import GRACE, midnight, state_of
from gateway.web.console.page import told_as_csv, told_page
from gateway.web.console.room import Room, Visitor, as_of
from gateway.web.console.words import condition_tree, plain

__all__ = ["agreement", "agreement_text", "agreements", "agreements_csv", "standings", "usage"]

_SOON = timedelta(days=180)
_REVIEW_SOON = timedelta(days=90)


def _mine(room: Room, visitor: Visitor) -> list[Agreement]:
    return [each for each in room.policy.agreements if visitor.side(each.provider, *each.recipients)]


def standings(room: Room, visitor: Visitor, at: datetime, *, internal: bool = False) -> list[dict[str, Any]]:
    """How each agreement of the visitor's side stands at ``at``, by provider; ``internal`` adds agencies' role files."""
    rows = [_standing(each, at) for each in _mine(room, visitor) if internal or each.kind != "internal"]
    return sorted(rows, key=lambda each: (each["provider"], each["recipients"], each["id"]))


def _standing(each: Agreement, at: datetime) -> dict[str, Any]:
    """How an agreement stands at an instant, with what is to be done about it."""
    state = state_of(each, at)
    needs = []
    if state == "review-overdue":
        until = (midnight(each.review_by) + GRACE).date()
        needs.append(f"its review was due on {each.review_by}; without one it is suspended on {until}")
    elif state == "suspended" and each.status == "active":
        needs.append(f"suspended: its review was due on {each.review_by}")
    elif state == "active":
        if midnight(each.expires) - at < _SOON:
            needs.append(f"it expires on {each.expires}")
        if midnight(each.review_by) - at < _REVIEW_SOON:
            needs.append(f"its review is due by {each.review_by}")
    return {
        "id": each.id,
        "version": each.version,
        "title": each.title,
        "reference": each.reference,
        "kind": each.kind,
        "provider": each.provider,
        "recipients": each.recipients,
        "state": state,
        "effective": each.effective,
        "review_by": each.review_by,
        "expires": each.expires,
        "needs": needs,
    }


_WIDTH, _LEFT, _ROW = 1160, 210, 26


def _timeline(rows: list[dict[str, Any]], at: datetime) -> dict[str, Any]:
    """The rows as bars over years: geometry for the template to draw."""
    first = min((each["effective"] for each in rows), default=at.date()).replace(month=1, day=1)
    last = max((each["expires"] for each in rows), default=at.date())
    last = date(last.year + 1, 1, 1)
    days = max(1, (last - first).days)

    def x(day: date) -> float:
        return round(_LEFT + (day - first).days * (_WIDTH - _LEFT) / days, 1)

    dead = {"expired", "suspended", "terminated", "draft"}
    bars = [
        {
            **each,
            "y": 30 + place * _ROW,
            "x": x(each["effective"]),
            "width": x(each["expires"]) - x(each["effective"]),
            "review": x(min(each["review_by"], last)),
            "look": "dead" if each["state"] in dead else "over" if each["needs"] else "",
        }
        for place, each in enumerate(rows)
    ]
    years = [{"x": x(date(year, 1, 1)), "year": year} for year in range(first.year, last.year + 1)]
    return {"bars": bars, "years": years, "today": x(at.date()), "width": _WIDTH, "height": 40 + _ROW * len(rows)}


def agreements(request: Request, room: Room, visitor: Visitor) -> Response:
    """Every agreement the visitor's side is party to."""
    at = as_of(request, room)
    internal = request.query_params.get("internal", "") == "yes"
    rows = standings(room, visitor, at, internal=internal)
    page = {"at": at.date(), "agreements": rows}
    counts: dict[str, int] = {}
    for each in rows:
        counts[each["state"]] = counts.get(each["state"], 0) + 1
    return told_page(
        request, room, visitor, "agreements.html", page, line=_timeline(rows, at), counts=counts, internal=internal
    )


def agreements_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """The agreements as CSV."""
    at = as_of(request, room)
    rows = standings(room, visitor, at, internal=request.query_params.get("internal", "") == "yes")
    names = ("id", "version", "title", "reference", "provider", "state", "effective", "review_by", "expires")
    lines = [[*(each[name] for name in names), " ".join(each["recipients"]), "; ".join(each["needs"])] for each in rows]
    return told_as_csv(f"agreements-{at:%Y-%m-%d}.csv", (*names, "recipients", "needs"), lines)


def _find(room: Room, visitor: Visitor, name: str) -> Agreement:
    for each in _mine(room, visitor):
        if each.id == name:
            return each
    raise RequestError(
        "AGREEMENT_UNKNOWN", f"There is no agreement {name!r} on your side of the street.", status=404,
        where="agreement", hint="/audit/agreements lists those there are.",
    )  # fmt: skip


def _grants(room: Room, deed: Agreement, at: datetime) -> list[dict[str, Any]]:
    """The agreement's grants with the coordinates they come to."""
    fields: dict[str, dict[str, str]] = {}
    for coordinate, clauses in room.policy.compiled.grants.items():
        for each in clauses:
            if each.agreement.id == deed.id:
                fields.setdefault(each.grant.where, {})[str(coordinate)] = each.mask
    found = []
    for grant in deed.grants:
        by_type: dict[str, list[dict[str, str]]] = {}
        for name, mask in sorted(fields.get(grant.where, {}).items()):
            by_type.setdefault(name.partition(".")[0], []).append({"coordinate": name, "mask": mask})
        found.append(
            {
                "article": grant.article,
                "recipients": sorted(grant.recipients),
                "roles": sorted(grant.roles),
                "purposes": sorted(grant.purposes),
                "when": condition_tree(grant.when),
                "types": by_type,
            }
        )
    return found


def usage(room: Room, visitor: Visitor, deed: Agreement, days: int = 30) -> dict[str, Any]:
    """What was released under the agreement in the last ``days``, and which of its fields nobody asked for.

    Its provider and oversight see everybody's use, a recipient its own.
    """
    by = "" if visitor.side(deed.provider) else visitor.agency
    since = room.now - timedelta(days=days)
    used: dict[str, dict[str, int]] = {}
    roles: dict[str, int] = {}
    for outcome in ("ALLOW", "MASK"):
        what = Search(agency=by, agreement=deed.id, outcome=outcome, since=since, kind="release")
        for each in count_by(room.where, what, "coordinate"):
            found = used.setdefault(each.name, {"answers": 0, "values": 0})
            found["answers"] += each.records
            found["values"] += each.values
        for each in count_by(room.where, what, "role"):
            roles[each.name] = roles.get(each.name, 0) + each.records
    granted = {
        str(coordinate)
        for coordinate, clauses in room.policy.compiled.grants.items()
        if any(each.agreement.id == deed.id for each in clauses)
    }
    idle = sorted(set(deed.roles) - roles.keys())
    return {
        "days": days,
        "by": by,
        "fields": dict(sorted(used.items(), key=lambda pair: (-pair[1]["values"], pair[0]))),
        "unused": sorted(granted - used.keys()),
        "granted": len(granted),
        "roles": roles,
        "unused_roles": idle,
    }


def _examples(room: Room, deed: Agreement) -> list[dict[str, Any]]:
    every = room.once("examples", room.now, lambda: list(run_examples(room.policy)))
    return [_example(each) for each in every if each.owner == deed.id]


def _example(ran: Ran) -> dict[str, Any]:
    decision, caller = ran.decision, ran.example.caller
    who = " / ".join(str(caller.get(name, "")) for name in ("agency", "role", "purpose"))
    basis = decision.basis
    return {
        "title": ran.example.title or ran.example.field,
        "who": who,
        "field": ran.example.field,
        "facts": {name: str(value) for name, value in ran.example.facts.items()},
        "expected": ran.example.expect,
        "came": str(decision.outcome),
        "mask": decision.mask,
        "because": f"{basis.agreement} {basis.article}" if basis else "",
        "reason": str(decision.reason),
        "wrong": ran.wrong,
    }


def _english(deed: Agreement) -> list[str]:
    """The agreement's frame in sentences."""
    to = " and ".join(
        [", ".join(deed.recipients[:-1]), deed.recipients[-1]] if len(deed.recipients) > 1 else deed.recipients
    )
    inside = deed.kind == "internal"
    lines = [
        f"{deed.provider} sets for its own people who may see what." if inside
        else f"{deed.provider} lets {to} read what is listed here, and nothing else.",
        f"It holds from {deed.effective} up to and without {deed.expires}, and is to be reviewed by {deed.review_by}.",
        f"Purposes: {', '.join(plain(each) for each in sorted(deed.purposes))}.",
        f"Roles: {', '.join(sorted(deed.roles))}.",
    ]  # fmt: skip
    if deed.excludes:
        lines.append(f"Persons protected under {', '.join(deed.excludes)} are left out as if they did not exist.")
    if not inside:
        told = (
            "the caller is told that the case does not fit"
            if deed.disclosure == "marked"
            else "the caller is told nothing more"
        )
        lines.append(f"Where a case does not meet the conditions, {told}.")
    return lines


def agreement(request: Request, room: Room, visitor: Visitor) -> Response:
    """One agreement whole."""
    deed, at = _find(room, visitor, request.path_params["id"]), as_of(request, room)
    room.look(visitor, "use of an agreement", note={"agreement": deed.id})
    use = usage(room, visitor, deed)
    page = {
        **_standing(deed, at),
        "at": at.date(),
        "authority": deed.authority,
        "english": _english(deed),
        "purposes": sorted(deed.purposes),
        "roles": sorted(deed.roles),
        "excludes": deed.excludes,
        "grants": _grants(room, deed, at),
        "withholds": [
            {"article": each.article, "fields": each.fields, "recipients": sorted(each.recipients),
             "when": condition_tree(each.when)}
            for each in deed.withholds
        ],
        "flows": [
            {"article": each.article, "to": each.to, "fields": each.fields, "use": each.use, "derives": each.derives}
            for each in deed.flows
        ],
        "obligations": [
            {"kind": each.kind, "title": room.policy.vocabulary.obligations.get(each.kind, ""), "within": each.within,
             "note": each.note}
            for each in deed.obligations
        ],
        "examples": _examples(room, deed),
        "use": use,
        "file": deed.file,
        "text": room.bundle.pages.get(deed.file, ""),
        "text_in_force": any(each == deed for each in room.bundle.agreements),
    }  # fmt: skip
    return told_page(request, room, visitor, "agreement.html", page)


def agreement_text(request: Request, room: Room, visitor: Visitor) -> Response:
    """The agreement's file as it is."""
    deed = _find(room, visitor, request.path_params["id"])
    name = PurePosixPath(deed.file).name
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(room.bundle.pages.get(deed.file, ""), media_type="application/toml", headers=headers)
