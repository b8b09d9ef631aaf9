"""The door: who comes in, by token or by the cookie that the sign-in page sets, and what a stranger is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from gateway.errors import AccessError, GatewayError, IdentityError, RequestError
from gateway.identity import Persona, issue_token
from gateway.web.callers import read_caller
from gateway.web.console.page import SECURITY, shown_error, told_error, told_page, wants_json
from gateway.web.console.room import Room, Visitor, room_of

__all__ = ["COOKIE", "Handler", "entered", "form_of", "sign_in", "sign_in_page", "sign_out"]

COOKIE = "two-way-street-room"
_LIFETIME = timedelta(minutes=30)
_MOST_BYTES = 200_000

Handler: TypeAlias = Callable[[Request, Room, Visitor], Response]


def entered(handler: Handler, *, desk: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """``handler`` for visitors who may come in; others get the sign-in page, scripts a coded 401.

    It runs in a thread, alone among the room's pages. At the ``desk`` every caller may ask; elsewhere a 403 awaits whom no
    agreement gives the record, or their agency's side of it.
    """

    async def answered(request: Request) -> Response:
        visitor: Visitor | None = None
        try:
            room = room_of(request)
            visitor = _visitor(request, room)
            if not (desk or visitor.resident):
                raise _closed()
            if request.method == "POST":
                _same_site(request)
                request.state.form = await form_of(request)
            return await run_in_threadpool(_alone, handler, request, room, visitor)
        except IdentityError as error:
            if wants_json(request) or request.headers.get("authorization"):
                return told_error(request, error)
            goal = f"{request.url.path}?{request.url.query}" if request.method == "GET" else request.url.path
            return _door(request, room_of(request), error if COOKIE in request.cookies else None, goal)
        except ClientDisconnect:
            return Response(status_code=499)
        except GatewayError as error:
            return told_error(request, error, visitor)

    return answered


def _alone(handler: Handler, request: Request, room: Room, visitor: Visitor) -> Response:
    with room.lock:
        return handler(request, room, visitor)


def _closed() -> AccessError:
    return AccessError(
        "ROOM_CLOSED", "No agreement lets your role see the record of disclosures.",
        hint="Oversight enters, and each agency's sharing officer, on the agency's own side; ask yours.",
    )  # fmt: skip


def _visitor(request: Request, room: Room) -> Visitor:
    tokens = room.opened.tokens
    assert tokens is not None  # noqa: S101 - room_of saw to it
    if request.headers.get("authorization") or COOKIE not in request.cookies:
        return room.visitor(read_caller(request, tokens))
    return room.visitor(tokens.read(request.cookies[COOKIE], datetime.now(UTC)))


def _same_site(request: Request) -> None:
    """Refuse what another site's page sent; the cookie is SameSite=Strict, and this is the second lock."""
    site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin", "")
    if site not in ("none", "same-origin") or (origin and urlsplit(origin).netloc != request.headers.get("host", "")):
        raise AccessError("CROSS_SITE", "The request comes from another site.", hint="Use the room's own pages.")


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; a repeated field's values are joined by newlines.

    Raises ``RequestError`` ``BODY_TOO_LARGE`` above 200 kB, and ``BODY_NOT_A_FORM``.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise RequestError("BODY_TOO_LARGE", "The form is larger than 200 kB.", status=413, where="body")
    try:
        found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=500)
    except ValueError:
        raise RequestError(
            "BODY_NOT_A_FORM", "The body is no form.", where="body", hint="Send application/x-www-form-urlencoded."
        ) from None
    return {name: "\n".join(each.strip().replace("\r\n", "\n") for each in values) for name, values in found.items()}


async def sign_in_page(request: Request) -> Response:
    """The page at which a browser gets its cookie."""
    try:
        return _door(request, room_of(request), None, request.query_params.get("next", ""), status=200)
    except GatewayError as error:
        return told_error(request, error)


def _door(request: Request, room: Room, error: GatewayError | None, goal: str, status: int = 401) -> Response:
    opened = room.opened
    development = opened.issuer is not None and opened.settings.development
    people = sorted(opened.personas.values() if development else (), key=lambda each: each.name)
    shown = [
        {
            "name": each.name,
            "title": each.title,
            "who": f"{each.caller.agency} / {each.caller.role}",
            "side": _side(room, each),
        }
        for each in people
    ]
    told = shown_error(error) if error is not None else None
    page = {"personas": shown, "error": told}
    asked = parse_qs(urlsplit(goal).query)
    as_whom = f"{asked.get('agency', [''])[0]} / {asked.get('role', [''])[0]}"
    first = next((each.name for each in people if f"{each.caller.agency} / {each.caller.role}" == as_whom), "auditor")
    desk = _inside(goal).startswith("/audit/requests")
    return told_page(
        request, None, None, "sign_in.html", page, status=status, goal=_inside(goal), first=first, desk=desk
    )


def _side(room: Room, persona: Persona) -> str:
    visitor = room.visitor(persona.caller)
    return "oversight" if visitor.oversight else "own" if visitor.resident else "desk"


def _inside(goal: str) -> str:
    """``goal`` where it is a page of the room, else the room's first page."""
    path, mark, query = goal.partition("?")
    path = path.removesuffix(".json")
    fine = (path == "/audit" or path.startswith("/audit/")) and "\\" not in path
    return f"{path}{mark if query else ''}{query}" if fine and not path.startswith("/audit/sign-") else "/audit"


async def sign_in(request: Request) -> Response:
    """Set the cookie: for a persona in development, or for a token that was pasted."""
    try:
        room = room_of(request)
        _same_site(request)
        form = await form_of(request)
    except GatewayError as error:
        return told_error(request, error)
    goal = _inside(form.get("next", ""))
    try:
        token = form.get("token", "") or _issued(room, form.get("persona", ""))
        assert room.opened.tokens is not None  # noqa: S101 - room_of saw to it
        caller = room.opened.tokens.read(token, datetime.now(UTC))
    except GatewayError as error:
        return _door(request, room, error, goal)
    left = int((caller.expires_at - datetime.now(UTC)).total_seconds()) if caller.expires_at else 0
    answer = RedirectResponse(goal, 303, headers=SECURITY)
    answer.set_cookie(
        COOKIE, token, max_age=max(1, min(left, int(_LIFETIME.total_seconds()))), path="/audit",
        secure=request.url.scheme == "https" or not room.opened.settings.development, httponly=True, samesite="strict",
    )  # fmt: skip
    return answer


def _issued(room: Room, name: str) -> str:
    opened = room.opened
    persona = opened.personas.get(name)
    if opened.issuer is None or not opened.settings.development or persona is None:
        raise IdentityError(
            "TOKEN_MISSING", "Nobody was chosen and no token was given.", hint="Paste a token of your agency's issuer."
        )
    return issue_token(
        opened.issuer, persona.caller, now=datetime.now(UTC), lifetime=_LIFETIME, audience=opened.settings.audience
    )


async def sign_out(request: Request) -> Response:
    """Forget the cookie."""
    answer = RedirectResponse("/audit/sign-in", 303, headers=SECURITY)
    answer.delete_cookie(COOKIE, path="/audit", httponly=True, samesite="strict")
    return answer
