"""Who can see this field, why and under what condition; and the reverse, what a role can see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.errors import RequestError
from gateway.policy.matrix import field_matrix
from gateway.policy.vocabulary import Role
from gateway.web.console.clauses import grants_of, laws_of, withholds_of
from gateway.web.console.page import told_as_csv, told_page
from gateway.web.console.room import Room, Visitor, as_of
from gateway.web.console.words import coded

__all__ = ["field", "field_csv", "role", "role_csv"]

_ORDER = ("ALLOW", "CONDITIONAL", "MASKED", "")


def _known(room: Room, visitor: Visitor, text: str, at: datetime) -> Coordinate:
    """The coordinate a reader named; one that is none of their side's is told like one that does not exist."""
    try:
        found = Coordinate.parse(text)
    except ValueError:
        found = Coordinate("", "")
    entry = room.policy.catalogue.entries.get(found)
    if entry is None or not (visitor.side(entry.owner) or _theirs(room, visitor, found, at)):
        raise RequestError(
            "NO_SUCH_FIELD",
            f"There is no field {text!r} on your side of the street.",
            status=404,
            where="coordinate",
            hint="Write it as Visa.status.",
        )
    return found


def _theirs(room: Room, visitor: Visitor, coordinate: Coordinate, at: datetime) -> bool:
    return any(
        room.policy.grade(Caller(visitor.agency, role.name, purpose), coordinate, at)[0]
        for role in room.policy.vocabulary.roles.values()
        if visitor.agency in role.agencies
        for purpose in role.purposes
    )


def _who(room: Room, visitor: Visitor, coordinate: Coordinate, at: datetime) -> list[dict[str, Any]]:
    """Every role of every agency with what it may get, the givers first."""
    owner = room.policy.owner(coordinate)
    found = [
        _one(room, coordinate, agency, role, at)
        for role in room.policy.vocabulary.roles.values()
        for agency in sorted(role.agencies)
        if visitor.side(owner, agency)
    ]
    return sorted(found, key=lambda each: (_ORDER.index(each["state"]), each["agency"], each["role"]))


def _one(room: Room, coordinate: Coordinate, agency: str, role: Role, at: datetime) -> dict[str, Any]:
    policy = room.policy
    states, reasons = {}, {}
    for purpose in sorted(role.purposes):
        caller = Caller(agency, role.name, purpose)
        states[purpose] = policy.grade(caller, coordinate, at)[0]
        if not states[purpose]:
            reasons[purpose] = str(policy.decide(caller, coordinate, {}, at).reason)
    return {
        "agency": agency,
        "role": role.name,
        "title": role.title,
        "state": min(states.values(), key=_ORDER.index, default=""),
        "purposes": states,
        "reasons": reasons,
        "grants": grants_of(policy, coordinate, agency, role.name, at),
    }


def _choices(room: Room, visitor: Visitor, at: datetime) -> list[str]:
    def make() -> list[str]:
        return [
            str(entry.coordinate)
            for entry in room.policy.catalogue.entries.values()
            if entry.governed and (visitor.side(entry.owner) or _theirs(room, visitor, entry.coordinate, at))
        ]

    return room.once(("choices", "" if visitor.oversight else visitor.agency), at, make)


def field(request: Request, room: Room, visitor: Visitor) -> Response:
    """Who can see one field."""
    at, text = as_of(request, room), request.query_params.get("coordinate", "").strip()
    choices = _choices(room, visitor, at)
    agency, role = request.query_params.get("agency", ""), request.query_params.get("role", "")
    if not text:
        page: dict[str, Any] = {"at": at.date(), "coordinate": "", "choices": choices}
        return told_page(request, room, visitor, "field.html", page, chosen=None, agency=agency, role=role)
    coordinate = _known(room, visitor, text, at)
    entry = room.policy.catalogue.entries[coordinate]
    who = _who(room, visitor, coordinate, at)
    categories = room.policy.vocabulary.categories
    page = {
        "at": at.date(),
        "epoch": room.policy.epoch,
        "coordinate": str(coordinate),
        "owner": entry.owner,
        "category": entry.category,
        "title": categories[entry.category].title if entry.category in categories else entry.category,
        "overlays": sorted(entry.overlays),
        "governed": entry.governed,
        "leads_to": list(room.policy.catalogue.targets(entry)) if entry.category == "LINK" else [],
        "who": who,
        "laws": laws_of(room.policy, coordinate),
        "withholds": withholds_of(room.policy, coordinate, at),
    }
    chosen = next((each for each in who if (each["agency"], each["role"]) == (agency, role)), None)
    return told_page(
        request, room, visitor, "field.html", page, chosen=chosen, agency=agency, role=role, choices=choices
    )


def field_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """Who can see one field, as CSV."""
    at = as_of(request, room)
    coordinate = _known(room, visitor, request.query_params.get("coordinate", "").strip(), at)
    rows = []
    for each in _who(room, visitor, coordinate, at):
        for purpose, state in each["purposes"].items():
            under = " ".join(f"{g['agreement']} {g['article']}" for g in each["grants"] if purpose in g["purposes"])
            rows.append((str(coordinate), each["agency"], each["role"], purpose, state or "none",
                         under, "" if state else coded(each["reasons"][purpose])))  # fmt: skip
    head = ("coordinate", "agency", "role", "purpose", "state", "under", "reason")
    return told_as_csv(f"who-sees-{coordinate.type}-{coordinate.field}.csv", head, rows)


def _seen(room: Room, visitor: Visitor, agency: str, name: str, at: datetime) -> list[dict[str, Any]]:
    """What a role can see, by owner and type."""
    states = room.once(("fields", agency, name), at, lambda: field_matrix(room.policy, agency, name, at))
    found = []
    for text, state in states.items():
        coordinate = Coordinate.parse(text)
        entry = room.policy.catalogue.entries[coordinate]
        if state and visitor.side(agency, entry.owner):
            grants = grants_of(room.policy, coordinate, agency, name, at)
            found.append(
                {
                    "coordinate": text,
                    "owner": entry.owner,
                    "category": entry.category,
                    "state": state,
                    "grants": grants,
                    "masks": sorted({each["mask"] for each in grants if each["mask"]}),
                }
            )
    return sorted(found, key=lambda each: (each["owner"] == agency, each["owner"], each["coordinate"]))


def _role(room: Room, visitor: Visitor, given: Any) -> tuple[str, Role | None]:
    roles = room.policy.vocabulary.roles
    text = given.get("role", "")
    agency, _, name = text.rpartition("/")
    agency = agency or given.get("agency", "")
    found = roles.get(name)
    if not text:
        return "", None
    if found is None or (agency and agency not in found.agencies):
        raise RequestError(
            "UNKNOWN_ROLE",
            f"There is no role {text!r}.",
            status=404,
            where="role",
            hint="Write it as CBP/cbp-primary.",
        )
    return agency or min(found.agencies), found


def role(request: Request, room: Room, visitor: Visitor) -> Response:
    """What one role can see."""
    at = as_of(request, room)
    agency, found = _role(room, visitor, request.query_params)
    choices = sorted(f"{a}/{each.name}" for each in room.policy.vocabulary.roles.values() for a in each.agencies)
    page: dict[str, Any] = {"at": at.date(), "epoch": room.policy.epoch, "agency": agency, "role": "", "fields": []}
    if found is not None:
        fields = _seen(room, visitor, agency, found.name, at)
        page |= {"role": found.name, "title": found.title, "purposes": sorted(found.purposes), "fields": fields}
    return told_page(request, room, visitor, "role.html", page, choices=choices)


def role_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """What one role can see, as CSV."""
    at = as_of(request, room)
    agency, found = _role(room, visitor, request.query_params)
    name = found.name if found else ""
    fields = _seen(room, visitor, agency, name, at) if found else []
    rows = [
        (agency, name, each["owner"], each["category"], each["coordinate"], each["state"], " ".join(each["masks"]),
         " ".join(f"{g['agreement']} {g['article']}" for g in each["grants"]))
        for each in fields
    ]  # fmt: skip
    head = ("agency", "role", "owner", "category", "coordinate", "state", "mask", "under")
    return told_as_csv(f"role-{agency}-{name}.csv", head, rows)
