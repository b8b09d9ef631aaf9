"""GraphQL over HTTP: a request comes in as bytes and headers, a ``Question`` comes out, and an answer goes back.

Source: https://graphql.github.io/graphql-over-http/draft/ (stage 2). A query may come by GET, a mutation never does;
a POST must say that it is JSON, which a page of another site cannot do without a preflight (CSRF).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import GatewayError, RequestError
from gateway.house import Question, Reply

__all__ = ["MOST_BYTES", "error_response", "read_question", "reply_response"]

MOST_BYTES = 1_000_000
MODERN = "application/graphql-response+json"
LEGACY = "application/json"


async def read_question(request: Request) -> Question:
    """The question that an HTTP request asks; raises ``RequestError`` with status 400, 405, 406, 413 or 415."""
    media_type(request)
    if request.method == "GET":
        values: Mapping[str, Any] = dict(request.query_params)
        variables = _json(values["variables"].encode(), "variables") if values.get("variables") else None
        extensions = _json(values["extensions"].encode(), "extensions") if values.get("extensions") else None
        return _question({**values, "variables": variables, "extensions": extensions}, safe_only=True)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != LEGACY:
        raise RequestError(
            "UNSUPPORTED_CONTENT_TYPE",
            f'A POST has to carry JSON; this one says "{kind or "nothing"}".',
            status=415,
            where="content-type",
            hint='Send "content-type: application/json".',
        )
    body = await _body(request)
    page = _json(body, "body")
    if isinstance(page, list):
        raise RequestError(
            "BATCHING_REFUSED", "Arrays of requests are not taken.", hint="Send one request for each operation."
        )
    if not isinstance(page, dict):
        raise RequestError("BODY_NOT_AN_OBJECT", "The body has to be a JSON object.", where="body")
    return _question(page, safe_only=False)


async def _body(request: Request) -> bytes:
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> RequestError:
    return RequestError(
        "BODY_TOO_LARGE",
        f"The body is larger than {MOST_BYTES:,} bytes.",
        status=413,
        where="body",
        hint="Ask for less, or send what is variable as variables.",
    )


def _json(text: bytes, where: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise RequestError("BODY_NOT_JSON", f"The {where} cannot be read as JSON: {problem}.", where=where) from None


def _question(page: Mapping[str, Any], *, safe_only: bool) -> Question:
    query, name = page.get("query"), page.get("operationName")
    variables, extensions = page.get("variables"), page.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise RequestError(
            "QUERY_MISSING", 'The request has no "query".', where="query", hint="Send the operation's text."
        )
    for value, where in ((variables, "variables"), (extensions, "extensions")):
        if value is not None and not isinstance(value, dict):
            raise RequestError("NOT_AN_OBJECT", f'"{where}" has to be a JSON object.', where=where)
    if name is not None and not isinstance(name, str):
        raise RequestError("NOT_A_STRING", '"operationName" has to be a string.', where="operationName")
    return Question(query, variables or {}, name or None, safe_only=safe_only)


def media_type(request: Request) -> str:
    """The media type to answer in; raises ``RequestError`` 406 when the client takes neither of the two."""
    accepted = request.headers.get("accept", "")
    kinds = [part.partition(";")[0].strip().lower() for part in accepted.split(",") if part.strip()]
    if MODERN in kinds:
        return MODERN
    if not kinds or {LEGACY, "*/*", "application/*"} & set(kinds):
        return LEGACY
    raise RequestError(
        "NOT_ACCEPTABLE",
        "None of the media types you accept can be sent.",
        status=406,
        where="accept",
        hint=f'Accept "{MODERN}" or "{LEGACY}".',
    )


def reply_response(request: Request, reply: Reply) -> Response:
    """The HTTP response that carries ``reply``'s bytes."""
    kind = media_type(request)
    return Response(
        reply.body,
        status_code=reply.status,
        media_type=f"{kind}; charset=utf-8",
        headers={"cache-control": "no-store", "x-request-id": reply.request_id},
    )


def error_response(request: Request, error: GatewayError) -> Response:
    """The HTTP response for an error raised before there was anything to answer."""
    try:
        kind = media_type(request)
    except RequestError:
        kind = LEGACY
    errors = getattr(error, "errors", None) or (error,)
    body = orjson.dumps({"errors": [each.as_graphql() for each in errors]})
    headers = {"cache-control": "no-store"}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.status == 405:
        headers["allow"] = "GET, POST"
    return Response(body, status_code=error.status, media_type=f"{kind}; charset=utf-8", headers=headers)
