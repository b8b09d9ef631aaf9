"""Asking for fields: the form that opens a sharing request or changes one, filled from where somebody was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.coordinates import Coordinate
from gateway.errors import AccessError, GatewayError, RequestError
from gateway.policy.naming import closed_to
from gateway.sharing import SharingRequest, Step, Wish, asked_fields, may, opening, taken
from gateway.web.console.page import SECURITY, shown_error, told_page, wants_json
from gateway.web.console.requests import back_to, found_request, party_of, take
from gateway.web.console.room import Room, Visitor

__all__ = ["amend", "amended", "new", "opened"]


def new(request: Request, room: Room, visitor: Visitor) -> Response:
    """The form, with fields, role and purpose as the address names them."""
    _takes_part(visitor)
    given = request.query_params
    room.look(visitor, "a new sharing request", note={"coordinates": ", ".join(given.getlist("coordinate"))[:500]})
    form = {
        "coordinates": "\n".join(given.getlist("coordinate")),
        "roles": "\n".join(given.getlist("role")),
        "purposes": "\n".join(given.getlist("purpose")),
    }
    return _form(request, room, visitor, form, None)


def opened(request: Request, room: Room, visitor: Visitor) -> Response:
    """Open what the form says, one request for each owner of the fields; sent at once where an officer says so."""
    _takes_part(visitor)
    form: dict[str, str] = request.state.form
    try:
        made = _open(room, visitor, form)
    except RequestError as error:
        return _again(request, room, visitor, form, error)
    if wants_json(request):
        found = {"opened": [each.request for each in made]}
        return told_page(request, room, visitor, "requests.html", found, status=201)
    goal = f"/audit/requests/{made[0].request}" if len(made) == 1 else "/audit/requests"
    return RedirectResponse(goal, 303, headers=SECURITY)


def amend(request: Request, room: Room, visitor: Visitor) -> Response:
    """The form with what a request asks for, to be changed while nothing is drafted."""
    found = _amendable(request, room, visitor)
    room.look(visitor, "a sharing request", note={"request": found.id})
    wish = found.wish
    lists = {name: "\n".join(getattr(wish, name)) for name in ("coordinates", "roles", "purposes", "authority")}
    form = {**lists, "title": wish.title, "justification": wish.justification}
    return _form(request, room, visitor, form, None, found)


def amended(request: Request, room: Room, visitor: Visitor) -> Response:
    """Change what a request asks for."""
    found = _amendable(request, room, visitor)
    form: dict[str, str] = request.state.form
    try:
        wishes = _wishes(room, visitor, form)
        if [each.provider for each in wishes] != [found.wish.provider]:
            raise RequestError(
                "SHARING_INCOMPLETE", f"Every field of this request is {found.wish.provider}'s.", where="coordinates",
                hint="Open another request for another owner's fields.",
            )  # fmt: skip
        data = {"wish": wishes[0].as_json()}
        take(room, visitor, taken(found, "amend", party_of(visitor), room.now, data=data))
    except RequestError as error:
        return _again(request, room, visitor, form, error, found)
    return back_to(request, room, visitor, found.id)


def _amendable(request: Request, room: Room, visitor: Visitor) -> SharingRequest:
    found = found_request(room, visitor, request.path_params["id"])
    if not may(found, "amend", party_of(visitor)):
        taken(found, "amend", party_of(visitor), room.now)  # says why not
    return found


def _takes_part(visitor: Visitor) -> None:
    if visitor.oversight:
        raise AccessError(
            "SHARING_NOT_YOURS", "Oversight reads sharing requests and takes no part in them.", where="request",
            hint="Requests are opened by the agency that needs the data.",
        )  # fmt: skip


# -- the form ----


def _again(
    request: Request, room: Room, visitor: Visitor, form: dict[str, str], error: RequestError,
    found: SharingRequest | None = None,
) -> Response:  # fmt: skip
    """The form as it was sent, with what is wrong with it; for scripts the error."""
    if wants_json(request) or error.status >= 500:
        raise error
    shown = {**form, "coordinates": f"{form.get('coordinates', '')}\n{form.get('more', '')}", "more": ""}
    return _form(request, room, visitor, shown, error, found)


def _form(
    request: Request, room: Room, visitor: Visitor, form: dict[str, str], error: GatewayError | None,
    found: SharingRequest | None = None,
) -> Response:  # fmt: skip
    caller, words = visitor.caller, room.policy.vocabulary.roles
    mine = sorted(name for name, role in words.items() if visitor.agency in role.agencies and name != caller.role)
    roles = mine if visitor.resident else [caller.role]
    wanted = [name for name in form.get("roles", "").split() if name in roles] or ([] if visitor.resident else roles)
    names = dict.fromkeys(each.strip() for each in form.get("coordinates", "").splitlines() if each.strip())
    fields = {text: [str(each) for each in _meant(room, visitor, text, wanted or roles)] for text in names}
    page = {
        "id": found.id if found else "",
        "fields": [{"asked": text, "means": means} for text, means in fields.items() if means],
        "unknown": [text for text, means in fields.items() if not means],
        "roles": [{"name": name, "title": words[name].title, "purposes": sorted(words[name].purposes)} for name in roles],
        "error": shown_error(error) if error else None,
    }  # fmt: skip
    chosen: dict[str, Any] = {
        "roles": wanted,
        "purposes": form.get("purposes", "").split() or ([] if visitor.resident else [caller.purpose]),
        **{name: form.get(name, "") for name in ("title", "justification", "authority", "more")},
    }
    return told_page(
        request, room, visitor, "request_new.html", page, chosen=chosen, choices=_nameable(room, visitor, roles),
        status=error.status if error else 200,
    )  # fmt: skip


def _nameable(room: Room, visitor: Visitor, roles: list[str]) -> list[str]:
    """What could be asked for, by name."""
    closed = _closed(room, visitor.agency, roles)
    return [
        str(each)
        for each, entry in room.policy.catalogue.entries.items()
        if entry.governed and each not in closed and asked_fields(room.policy, each, visitor.agency)
    ]


def _closed(room: Room, agency: str, roles: Sequence[str]) -> frozenset[Coordinate]:
    """What none of the roles may know of by name."""

    def of(role: str) -> frozenset[Coordinate]:
        return room.once(("closed", agency, role), room.now, lambda: closed_to(room.policy, agency, role, room.now))

    return frozenset.intersection(*map(of, roles)) if roles else frozenset()


def _meant(room: Room, visitor: Visitor, text: str, roles: Sequence[str]) -> list[Coordinate]:
    """The fields that ``text`` can mean; what the roles may not name is answered like what does not exist."""
    try:
        coordinate = Coordinate.parse(text)
    except ValueError:
        return []
    closed = _closed(room, visitor.agency, roles)
    plain = Coordinate(coordinate.type, coordinate.field)
    return [] if plain in closed else [
        each for each in asked_fields(room.policy, plain, visitor.agency) if each not in closed
    ]  # fmt: skip


# -- from the form to requests ----


def _open(room: Room, visitor: Visitor, form: dict[str, str]) -> list[Step]:
    party = party_of(visitor)
    firsts = [
        opening(f"SR-{room.opened.house.new_id()[:8].upper()}", wish, party, room.now)
        for wish in _wishes(room, visitor, form)
    ]
    made = [take(room, visitor, each) for each in firsts]
    for each in made if form.get("send") and party.officer else ():
        take(room, visitor, taken(found_request(room, visitor, each.request), "submit", party, room.now))
    return made


def _wishes(room: Room, visitor: Visitor, form: dict[str, str]) -> list[Wish]:
    """What the form asks for, one wish for each owner of the fields."""
    roles, purposes = _callers(room, visitor, form)
    names = [each.strip() for each in f"{form.get('coordinates', '')}\n{form.get('more', '')}".splitlines()]
    by_owner: dict[str, list[str]] = {}
    for text in dict.fromkeys(each for each in names if each):
        meant = _meant(room, visitor, text, roles)
        if [str(each) for each in meant] != [text]:
            raise RequestError(
                "SHARING_FIELD_UNKNOWN", f"{text!r} is no field that your agency could be given.", where="coordinates",
                hint="Take a field from the list; what you cannot name, describe in the justification.",
            )  # fmt: skip
        by_owner.setdefault(room.policy.owner(meant[0]), []).append(text)
    authority = tuple(each.strip() for each in form.get("authority", "").splitlines() if each.strip())
    empty = Wish(
        "", visitor.agency, form.get("title", ""), (), roles, purposes, form.get("justification", ""), authority
    )
    return [
        replace(empty, provider=owner, coordinates=tuple(sorted(texts))) for owner, texts in sorted(by_owner.items())
    ] or [empty]


def _callers(room: Room, visitor: Visitor, form: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The roles and purposes asked for, each of which goes with one of the other; at the desk one asks for oneself."""
    if not visitor.resident:
        return (visitor.caller.role,), (visitor.caller.purpose,)
    roles, purposes = (tuple(dict.fromkeys(form.get(name, "").split())) for name in ("roles", "purposes"))
    knows = room.policy.vocabulary.knows_caller
    lone = [role for role in roles if purposes and not any(knows(visitor.agency, role, each) for each in purposes)]
    lone += [each for each in purposes if roles and not any(knows(visitor.agency, role, each) for role in roles)]
    if lone:
        raise RequestError(
            "SHARING_INCOMPLETE", f"{lone[0]} goes with nothing else that was chosen.", where="purposes",
            hint="Choose roles and purposes that go together.",
        )  # fmt: skip
    return roles, purposes
