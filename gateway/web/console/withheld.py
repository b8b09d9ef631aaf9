"""The withheld report: what was refused, to whom, how often, by which owner, and which agreement would be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.coordinates import Coordinate
from gateway.errors import RequestError
from gateway.policy.lifecycle import state_of
from gateway.sharing import FINAL, SharingRequest, asked_fields
from gateway.web.console.charts import bands_between, bars_by_day
from gateway.web.console.overview import per_day
from gateway.web.console.page import told_as_csv, told_page
from gateway.web.console.record import RELEASED, Recent, recent
from gateway.web.console.requests import visible_requests
from gateway.web.console.room import Room, Visitor

__all__ = ["withheld", "withheld_csv"]

SPANS: Final = (7, 30, 90, 365)
_ASKABLE: Final = frozenset(
    [
        "NO_AGREEMENT",
        "NOT_IN_FORCE",
        "PURPOSE_NOT_COVERED",
        "ROLE_NOT_COVERED",
        "WITHHELD_BY_PROVIDER",
        "CASE_CONDITION",
        "NOT_SHARED",
    ]
)
"""The reasons that two agencies could change by agreeing; a statute, an outage and a failure are none."""


@dataclass(slots=True)
class _Group:
    """What one kind of caller was refused by one owner for one reason."""

    fields: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    users: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)
    last: str = ""


def withheld(request: Request, room: Room, visitor: Visitor) -> Response:
    """The report, the most frequent refusal first."""
    days, chosen = _span(request), _chosen(request)
    room.look(visitor, "withheld report", note={"days": str(days), **chosen})
    lately = recent(room, visitor, days)
    rows = _rows(room, visitor, lately, chosen)
    _, by_day = per_day(lately)
    refused: Counter[tuple[str, str]] = Counter()
    for each in rows:
        if each["owner"]:
            refused[each["owner"], each["agency"]] += each["answers"]
    page = {
        "at": room.now.date(),
        "days": days,
        "cut": lately.cut,
        "answers": len(lately.records),
        "rows": rows,
        "by_day": [{"day": day, "fields": number} for day, number in sorted(by_day.items()) if number],
        "by_owner": [
            {"owner": owner, "agency": agency, "answers": number}
            for (owner, agency), number in sorted(refused.items(), key=lambda each: (-each[1], each[0]))
        ],
    }
    return told_page(
        request, room, visitor, "withheld.html", page, spans=SPANS, chosen=chosen, agencies=room.agencies,
        drawn=bands_between(refused), bars=bars_by_day(by_day, room.now.date(), min(days, 90)),
    )  # fmt: skip


def withheld_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """The report as CSV, one line for each field."""
    days, chosen = _span(request), _chosen(request)
    room.look(visitor, "withheld report as CSV", note={"days": str(days), **chosen})
    head = ("agency", "role", "purpose", "owner", "reason", "field", "answers", "agreements")
    lines = [
        (each["agency"], each["role"], each["purpose"], each["owner"], each["reason"], name, number,
         " ".join(one["id"] for one in each["agreements"]))
        for each in _rows(room, visitor, recent(room, visitor, days), chosen)
        for name, number in each["fields"].items()
    ]  # fmt: skip
    return told_as_csv("withheld.csv", head, lines)


def _span(request: Request) -> int:
    text = request.query_params.get("days", "30")
    if text not in map(str, SPANS):
        raise RequestError(
            "DAYS_UNKNOWN", f"{text!r} is no span of this report.", where="days",
            hint=f"It covers {', '.join(map(str, SPANS))} days.",
        )  # fmt: skip
    return int(text)


def _chosen(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "") for name in ("agency", "owner")}


def _rows(room: Room, visitor: Visitor, lately: Recent, chosen: dict[str, str]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, ...], _Group] = {}
    for one in lately.records:
        caller = one.caller
        met: set[tuple[str, ...]] = set()
        for item in one.items:
            if item["outcome"] in RELEASED:
                continue
            who = (caller["agency"], caller["role"], caller["purpose"])
            key = (*who, item["owner"], item["reason"] or item["outcome"])
            if chosen["agency"] not in ("", key[0]) or chosen["owner"] not in ("", item["owner"]):
                continue
            group = groups.setdefault(key, _Group())
            if key not in met:
                met.add(key)
                group.answers += 1
                group.last = max(group.last, one.at)
                group.users.add(caller["user"])
                group.cases.add(caller["case"])
            if (*key, item["coordinate"]) not in met:
                met.add((*key, item["coordinate"]))
                group.fields[item["coordinate"]] += 1
            if item["agreement"]:
                group.bases.add(item["agreement"])
    open_ones = [each for each in visible_requests(room, visitor) if each.state not in FINAL]
    found = [_row(room, visitor, key, group, open_ones) for key, group in groups.items()]
    return sorted(found, key=lambda each: (-each["answers"], each["agency"], each["role"], each["owner"], each["reason"]))  # fmt: skip


def _row(
    room: Room, visitor: Visitor, key: tuple[str, ...], group: _Group, requests: Iterable[SharingRequest]
) -> dict[str, Any]:
    agency, role, purpose, owner, reason = key
    askable = [
        text
        for text in sorted(group.fields)
        if reason in _ASKABLE and asked_fields(room.policy, Coordinate.parse(text), agency)
    ]
    users = group.users - {""}
    return {
        "agency": agency,
        "role": role,
        "purpose": purpose,
        "owner": owner,
        "reason": reason,
        "fields": dict(sorted(group.fields.items(), key=lambda each: (-each[1], each[0]))),
        "answers": group.answers,
        "users": len(users) if users else None,  # an owner is not told who of another agency asked
        "cases": len(group.cases - {""}),
        "last": group.last,
        "agreements": _agreements(room, visitor, agency, owner, sorted(group.fields), group.bases),
        "missing": _missing(room, agency, owner, reason),
        "askable": askable if agency == visitor.agency else [],
        "requests": [
            {"id": each.id, "state": each.state}
            for each in requests
            if (each.wish.provider, each.wish.recipient) == (owner, agency)
        ],
    }


def _agreements(
    room: Room, visitor: Visitor, agency: str, owner: str, fields: list[str], bases: set[str]
) -> list[dict[str, Any]]:
    """The agreements of the owner with the agency that name one of the fields, or that the refusals rest on."""
    naming = {
        clause.agreement.id
        for text in fields
        for meant in (Coordinate.parse(text), *asked_fields(room.policy, Coordinate.parse(text), agency))
        for clause in room.policy.compiled.grants.get(meant, ())
        if agency in clause.grant.recipients and clause.agreement.provider == owner
    }
    return [
        {"id": each.id, "state": state_of(each, room.now)}
        for each in room.policy.agreements
        if each.id in naming | bases and each.kind == "agreement" and visitor.side(each.provider, *each.recipients)
    ]


def _missing(room: Room, agency: str, owner: str, reason: str) -> str:
    """What would have to be agreed on, in words."""
    match reason:
        case "NO_AGREEMENT":
            standing = [
                each.id
                for each in room.policy.agreements
                if each.provider == owner and agency in each.recipients and each.kind == "agreement"
            ]
            if standing:
                return f"none of {owner}'s agreements with {agency} names them ({', '.join(standing)})"
            return f"{owner} has no agreement with {agency}"
        case "NOT_IN_FORCE":
            return "an agreement that is in force"
        case "PURPOSE_NOT_COVERED":
            return "this purpose, in an agreement that names the fields for others"
        case "ROLE_NOT_COVERED":
            return "this role, in an agreement that names the fields for others"
        case "WITHHELD_BY_PROVIDER":
            return f"the owner's withholding them by name; {owner} would have to give that up"
        case "CASE_CONDITION" | "NOT_SHARED":
            return "nothing but the conditions: the cases at hand did not meet them"
        case "OBLIGATION_UNMET":
            return "nothing: an agreement gives them once its obligations are met"
        case "STATUTE":
            return "nothing that agencies could agree on"
        case "ABSENT":
            return "nothing that agencies could agree on, or a record that does not meet the conditions"
    return "nothing: it could not be had just then"
