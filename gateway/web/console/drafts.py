"""The draft of a sharing request: written, tried against the policy in force, entered; and signed as it was read."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import PolicyError, RequestError
from gateway.sharing import SharingRequest, digest_of, first_draft, may, taken
from gateway.web.console.findings import findings, proposal
from gateway.web.console.page import shown_error, told_page
from gateway.web.console.requests import back_to, found_request, party_of, take
from gateway.web.console.room import Room, Visitor

__all__ = ["draft", "drafted", "sign"]


def draft(request: Request, room: Room, visitor: Visitor) -> Response:
    """The draft to be written: as it stands, or a first one made of the request."""
    found = found_request(room, visitor, request.path_params["id"])
    room.look(visitor, "a sharing request's draft", note={"request": found.id})
    text, trouble = found.draft, None
    if not text or request.query_params.get("fresh") == "yes":
        try:
            text = first_draft(found, room.policy, room.bundle, room.opened.graph.supergraph, room.now)
        except RequestError as error:
            text, trouble = "", shown_error(error)
    return _page(request, room, visitor, found, text, trouble)


def drafted(request: Request, room: Room, visitor: Visitor) -> Response:
    """Try the text that was sent, or enter it as the request's draft where it is sound."""
    found = found_request(room, visitor, request.path_params["id"])
    form: dict[str, str] = request.state.form
    text = form.get("toml", "").strip() + "\n"
    if form.get("do") != "enter":
        room.look(visitor, "a draft tried", note={"request": found.id, "digest": digest_of(text)})
        return _page(request, room, visitor, found, text, None)
    made = taken(found, "draft", party_of(visitor), room.now, form.get("text", ""), {"toml": text})
    try:
        proposal(room, found, text)
    except PolicyError:
        return _page(request, room, visitor, found, text, None, status=400)
    take(room, visitor, made)
    return back_to(request, room, visitor, found.id)


def _page(
    request: Request, room: Room, visitor: Visitor, found: SharingRequest, text: str, trouble: Any, *, status: int = 200
) -> Response:
    page = {
        "id": found.id,
        "title": found.wish.title,
        "state": found.state,
        "provider": found.wish.provider,
        "recipient": found.wish.recipient,
        "toml": text,
        "entered": bool(found.draft) and text == found.draft,
        "may_draft": may(found, "draft", party_of(visitor)),
        "trouble": trouble,
        "found": findings(room, found, text) if text.strip() else None,
    }
    return told_page(request, room, visitor, "request_draft.html", page, status=status, signed=len(found.signatures))


def sign(request: Request, room: Room, visitor: Visitor) -> Response:
    """Sign the draft whose digest the form names, where it is still an agreement that could be put in force."""
    found = found_request(room, visitor, request.path_params["id"])
    form: dict[str, str] = request.state.form
    made = taken(found, "sign", party_of(visitor), room.now, data={"digest": form.get("digest", "")})
    try:
        proposal(room, found, found.draft)
    except PolicyError as error:
        raise RequestError(
            "SHARING_DRAFT_STALE", "The draft does not fit the policy in force any more.", status=409, where=found.id,
            hint=str(error.mistakes[0]),
        ) from None  # fmt: skip
    take(room, visitor, made)
    return back_to(request, room, visitor, found.id)
