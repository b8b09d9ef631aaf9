"""Sharing requests in the room: all of them, one with its steps, the form that opens one, and the steps themselves."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from anyio import from_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.audit import Entry
from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.errors import GatewayError, RequestError
from gateway.sharing import (
    STATES,
    Party,
    SharingRequest,
    Step,
    Wish,
    exported,
    file_of,
    may,
    open_book,
    proposal_of,
    record_of,
    standing,
    taken,
)
from gateway.web.console.findings import findings
from gateway.web.console.page import SECURITY, told_page, wants_json
from gateway.web.console.room import Room, Visitor

__all__ = [
    "back_to",
    "found_request",
    "one",
    "party_of",
    "requests",
    "step",
    "take",
    "toml",
    "visible_requests",
    "waits_for",
]

_STEPS = ("submit", "say", "answer", "draft", "sign", "reject", "withdraw", "amend")
_WAY = STATES[:5]


def party_of(visitor: Visitor) -> Party:
    """Who the visitor is at this table: an agency's sharing officer speaks for it, oversight only reads."""
    caller = visitor.caller
    return Party(caller.agency, caller.role, caller.user, visitor.resident and not visitor.oversight)


def visible_requests(room: Room, visitor: Visitor) -> list[SharingRequest]:
    """The requests the visitor may read, the one that was changed last first."""
    party = party_of(visitor)
    with open_book(room.where) as book:
        return [each for each in book.all() if visitor.oversight or each.visible_to(party)]


def found_request(room: Room, visitor: Visitor, id: str) -> SharingRequest:
    """The request of that id; raises ``RequestError`` ``SHARING_UNKNOWN`` where it is none of the visitor's."""
    with open_book(room.where) as book:
        found = book.find(id)
    if found is None or not (visitor.oversight or found.visible_to(party_of(visitor))):
        raise RequestError(
            "SHARING_UNKNOWN", "There is no such sharing request on your side of the street.", status=404,
            where="request", hint="/audit/requests lists those there are.",
        )  # fmt: skip
    return found


def take(room: Room, visitor: Visitor, made: Step) -> Step:
    """``made``, put on record and entered."""
    opened, log = room.opened, room.opened.log
    assert log is not None  # noqa: S101 - room_of saw to it
    graph = opened.graph
    note = record_of(made, opened.house.new_id(), visitor.caller, graph.policy.epoch, graph.hash)

    def put_on_record() -> Entry:
        return from_thread.run(log.append, note)

    with open_book(room.where) as book:
        return book.enter(made, put_on_record)


# -- all of them ----


def requests(request: Request, room: Room, visitor: Visitor) -> Response:
    """Every request of the visitor's side."""
    state = request.query_params.get("state", "")
    room.look(visitor, "sharing requests", note={"state": state})
    every = visible_requests(room, visitor)
    party = party_of(visitor)
    rows = [_line(each, party) for each in every if state in ("", each.state)]
    page = {"requests": rows, "counts": {name: sum(each.state == name for each in every) for name in STATES}}
    return told_page(
        request, room, visitor, "requests.html", page, states=STATES, state=state, can_ask=not visitor.oversight
    )


def _line(each: SharingRequest, party: Party) -> dict[str, Any]:
    wish = each.wish
    return {
        "id": each.id,
        "title": wish.title,
        "state": each.state,
        "provider": wish.provider,
        "recipient": wish.recipient,
        "fields": len(wish.coordinates),
        "stance": each.stance,
        "opened": each.opened_at,
        "changed": each.changed_at,
        "steps": len(each.steps),
        "yours": waits_for(each, party),
    }


def waits_for(each: SharingRequest, party: Party) -> str:
    """What waits for this party, in words; "" where nothing does."""
    if may(each, "submit", party):
        return "to be sent"
    if may(each, "sign", party):
        return "to be signed"
    if each.state == "discussion" and not each.stance and may(each, "answer", party):
        return "to be answered"
    return ""


# -- one ----


def one(request: Request, room: Room, visitor: Visitor) -> Response:
    """One request whole: what is asked, what was said, the draft with what it does, signatures, and what can be done."""
    found = found_request(room, visitor, request.path_params["id"])
    room.look(visitor, "a sharing request", note={"request": found.id})
    return told_request(request, room, visitor, found)


def told_request(request: Request, room: Room, visitor: Visitor, found: SharingRequest) -> Response:
    """The page of ``found``."""
    party = party_of(visitor)
    wish = found.wish
    page = {
        **_line(found, party),
        **wish.as_json(),
        "opened_by": _who(found.opened_by, visitor),
        "today": _today(room, wish),
        "history": [
            {
                "number": each.number,
                "at": each.at,
                "step": each.kind,
                "who": _who(each.party, visitor),
                "text": each.text,
                "stance": each.data.get("stance", ""),
                "signed": each.data.get("digest", ""),
                "record": each.record,
                "standing": standing(room.where, each),
            }
            for each in found.steps
        ],
        "draft": found.draft,
        "digest": found.digest,
        "found": findings(room, found, found.draft) if found.draft else None,
        "signatures": [
            {"side": each.side, "agency": each.party.agency, "user": each.party.user, "at": each.at, "record": each.record}
            for each in found.signatures
        ],
        "may": [kind for kind in _STEPS if may(found, kind, party)],
    }  # fmt: skip
    reached = _WAY.index(found.state) if found.state in _WAY else _furthest(found)
    return told_page(request, room, visitor, "request.html", page, way=_WAY, reached=reached, number=len(found.steps))


def _furthest(found: SharingRequest) -> int:
    """How far an ended request came on the way."""
    kinds = {each.kind for each in found.steps}
    return 3 if found.signatures else 2 if found.draft else 1 if "submit" in kinds else 0


def _who(party: Party, visitor: Visitor) -> dict[str, str]:
    """A party as the visitor may know it: another agency's people by their office, but the sharing officers by name."""
    named = visitor.side(party.agency) or party.officer
    return {"agency": party.agency, "role": party.role, "user": party.user if named else ""}


def _today(room: Room, wish: Wish) -> list[dict[str, str]]:
    """What each field comes to today for the callers it is asked for: the outcome before any record is looked at."""
    found = []
    for text in wish.coordinates:
        for role in wish.roles:
            for purpose in wish.purposes:
                if not room.policy.vocabulary.knows_caller(wish.recipient, role, purpose):
                    continue
                caller = Caller(wish.recipient, role, purpose)
                state = room.policy.grade(caller, Coordinate.parse(text), room.now)[0]
                decision = room.policy.decide(caller, Coordinate.parse(text), {}, room.now)
                found.append(
                    {
                        "coordinate": text,
                        "role": role,
                        "purpose": purpose,
                        "state": state,
                        "reason": "" if state else str(decision.reason),
                    }
                )
    return found


def toml(request: Request, room: Room, visitor: Visitor) -> Response:
    """The draft as a file: signed by both, it is the one to commit; before that, it says at its head that it is not."""
    found = found_request(room, visitor, request.path_params["id"])
    if not found.draft:
        raise RequestError(
            "SHARING_STATE", "Nothing is drafted yet.", status=409, where=found.id, hint="Draft an agreement first."
        )
    room.look(visitor, "a sharing request's file", note={"request": found.id})
    name = f"{found.id.lower()}.toml"
    with suppress(GatewayError):  # where the policy has moved on since, the text is what was signed all the same
        name = file_of(proposal_of(found.draft, room.bundle, room.opened.graph.supergraph, room.now).agreement)
    headers = {**SECURITY, "content-disposition": f'attachment; filename="{name}"'}
    return Response(exported(found), media_type="application/toml", headers=headers)


# -- steps ----


def step(request: Request, room: Room, visitor: Visitor) -> Response:
    """Take one step, as the form says: ``step``, and what belongs to it."""
    form: dict[str, str] = request.state.form
    found = found_request(room, visitor, request.path_params["id"])
    if form.get("number", str(len(found.steps))) != str(len(found.steps)):
        raise RequestError(
            "SHARING_MOVED", "Somebody took a step meanwhile.", status=409, where=found.id,
            hint="Read the request as it stands, then decide anew.",
        )  # fmt: skip
    kind = form.get("step", "")
    if kind in ("draft", "amend", "sign"):
        raise RequestError(
            "SHARING_INCOMPLETE", f"The step {kind!r} has a page of its own.", where="step",
            hint=f"Send it to /audit/requests/{found.id}/{kind}.",
        )  # fmt: skip
    data = {"stance": form.get("stance", "")} if kind == "answer" else {}
    take(room, visitor, taken(found, kind, party_of(visitor), room.now, form.get("text", ""), data))
    return back_to(request, room, visitor, found.id)


def back_to(request: Request, room: Room, visitor: Visitor, id: str) -> Response:
    """The request's page after a step: shown to a script, led to in a browser."""
    if wants_json(request):
        return told_request(request, room, visitor, found_request(room, visitor, id))
    return RedirectResponse(f"/audit/requests/{id}", 303, headers=SECURITY)
