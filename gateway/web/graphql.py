"""GraphQL over HTTP: a request comes in as bytes and headers, a ``Question`` comes out, and an answer goes back.

Source: https://graphql.github.io/graphql-over-http/draft/ (stage 2). A query may come by GET, a mutation never does;
a POST must say that it is JSON, which a page of another site cannot do without a preflight (CSRF).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.documents import NamedDocuments
from gateway.errors import GatewayError, LimitError, OperationError, RequestError
from gateway.house import Question, Reply
from gateway.telemetry import watching
from gateway.web.outgoing import WHOLE

__all__ = [
    "MOST_BYTES",
    "Asked",
    "batch_response",
    "error_body",
    "error_response",
    "question_of",
    "read_body",
    "read_question",
    "read_questions",
    "reply_response",
]

MOST_BYTES = 1_000_000
MODERN = "application/graphql-response+json"
LEGACY = "application/json"
_CONTENT_TYPES = {kind: f"{kind}; charset=utf-8".encode() for kind in (MODERN, LEGACY)}
_VARY: Final = b"accept, authorization, accept-encoding"
_HEADS: Final = {
    kind: b"cache-control: no-store\r\nvary: %s\r\ncontent-type: %s\r\n" % (_VARY, said)
    for kind, said in _CONTENT_TYPES.items()
}
_MOST_KNOWN: Final = 256  # bodies that are nothing but a text, and of which the question is known
_LONGEST_KNOWN: Final = 16_000  # bytes


class Asked(Request):
    """A request whose headers are found by their names at once; the framework's own looks through all of them each time."""

    @property
    def headers(self) -> Headers:
        """The headers; of equal names the first counts."""
        known = self.__dict__.get("_headers")
        if known is None:
            known = self._headers = _Named(self.scope["headers"])
        return known


@lru_cache(maxsize=64)
def _wired(name: str) -> bytes:
    """A header's name as requests have it."""
    return name.lower().encode("latin-1")


class _Named(Headers):
    """Headers by name."""

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self._list = pairs
        self._named = dict(reversed(pairs))

    def __getitem__(self, key: str) -> str:
        return self._named[_wired(key)].decode("latin-1")

    def get(self, key: str, default: Any = None) -> Any:
        """The header's value, or ``default``."""
        value = self._named.get(_wired(key))
        return default if value is None else value.decode("latin-1")


async def read_question(request: Request, documents: NamedDocuments, *, streamed: bool = False) -> Question:
    """The question that an HTTP request asks, with the text of ``documents`` that it may name instead of sending one.

    ``streamed``: the client takes a stream, so it need not take a media type of ours as well. Raises ``RequestError``
    with status 400, 405, 406, 413 or 415, or as ``NamedDocuments.text`` says.
    """
    if not streamed:
        media_type(request)
    if request.method == "GET":
        values: Mapping[str, Any] = dict(request.query_params)
        variables = _json(values["variables"].encode(), "variables") if values.get("variables") else None
        extensions = _json(values["extensions"].encode(), "extensions") if values.get("extensions") else None
        page = {**values, "variables": variables, "extensions": extensions}
        return _question(await _with_text(page, documents), safe_only=True)
    return await _posted_question(request, documents)


async def read_questions(request: Request, documents: NamedDocuments, most: int) -> Question | list[Any]:
    """The question that an HTTP request asks, or the decoded requests, at most ``most``, that its body is an array of.

    Raises as ``read_question`` does, and ``RequestError`` BATCHING_REFUSED or BATCH_TOO_LARGE. ``question_of`` reads each.
    """
    if not most or request.method == "GET":
        return await read_question(request, documents)
    media_type(request)
    page = await _posted(request)
    if isinstance(page, list):
        return _check_batch(page, most)
    return await question_of(page, documents)


async def _posted(request: Request) -> Any:
    _check_content_type(request.headers.get("content-type", ""))
    return _page(await read_body(request))


_known: OrderedDict[bytes, Question] = OrderedDict()


async def _posted_question(request: Request, documents: NamedDocuments) -> Question:
    """The question of one request by POST. What is nothing but a text is read once, whoever sends it again."""
    _check_content_type(request.headers.get("content-type", ""))
    body = await read_body(request)
    known = _known.get(body)
    if known is not None and documents.mode != "only":
        _known.move_to_end(body)
        return known
    page = _page(body)
    if isinstance(page, list):
        _check_batch(page, 0)
    question = await question_of(page, documents)
    if len(body) <= _LONGEST_KNOWN and page.keys() <= {"query", "operationName"}:
        _known[body] = question
        if len(_known) > _MOST_KNOWN:
            _known.popitem(last=False)
    return question


def _check_batch(page: list[Any], most: int) -> list[Any]:
    hint = "Send one request for each operation."
    if not most or not page:
        message = "Arrays of requests are not taken." if not most else "The array holds no request."
        raise RequestError("BATCHING_REFUSED", message, where="body", hint=hint)
    if len(page) > most:
        hint = f"Send {most} at most, or one request for each operation."
        raise RequestError("BATCH_TOO_LARGE", f"The array holds {len(page)} requests.", where="body", hint=hint)
    return page


async def _with_text(page: Mapping[str, Any], documents: NamedDocuments) -> Mapping[str, Any]:
    """``page`` with the text of the document that it names."""
    text = await documents.text(page.get("query"), page.get("documentId"), page.get("extensions"))
    return {**page, "query": text}


def _check_content_type(header: str) -> None:
    if header == LEGACY:
        return
    kind, *parameters = (piece.strip().lower() for piece in header.split(";"))
    charset = next((each[8:].strip('"') for each in parameters if each.startswith("charset=")), "utf-8")
    if kind != LEGACY or charset not in ("utf-8", "utf8"):
        raise RequestError(
            "UNSUPPORTED_CONTENT_TYPE",
            f'A POST has to carry JSON in UTF-8; this one says "{header or "nothing"}".',
            status=415,
            where="content-type",
            hint='Send "content-type: application/json".',
        )


async def read_body(request: Request) -> bytes:
    """The whole body. Raises ``RequestError`` BODY_TOO_LARGE (413) as soon as it is more than ``MOST_BYTES``."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > MOST_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise _too_large()
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large() -> RequestError:
    return RequestError(
        "BODY_TOO_LARGE",
        f"The body is larger than {MOST_BYTES:,} bytes.",
        status=413,
        where="body",
        hint="Ask for less, or send what is variable as variables.",
    )


def _page(body: bytes) -> Any:
    """The JSON in a body; one byte order mark before it is passed over, as RFC 8259 section 8.1 permits."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise RequestError(
            "BODY_EMPTY", "The body is empty.", where="body", hint='Send {"query": "...", "variables": {...}}.'
        )
    return _json(text, "body")


def _json(text: bytes, where: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise RequestError(
            "BODY_NOT_JSON", f"The {where} cannot be read as JSON: {problem}.", where=where, hint="Send JSON in UTF-8."
        ) from None


async def question_of(page: Any, documents: NamedDocuments) -> Question:
    """The question in a decoded request that did not come by GET; raises as ``read_question`` does."""
    if not isinstance(page, dict):
        raise RequestError(
            "BODY_NOT_AN_OBJECT",
            "The body has to be a JSON object.",
            where="body",
            hint='Send {"query": "...", "variables": {...}}.',
        )
    return _question(await _with_text(page, documents), safe_only=False)


def _question(page: Mapping[str, Any], *, safe_only: bool) -> Question:
    query, name = page.get("query"), page.get("operationName")
    variables, extensions = page.get("variables"), page.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise RequestError(
            "QUERY_MISSING",
            'The request has no "query".',
            where="query",
            hint='Send the operation\'s text, or the "documentId" of a trusted document.',
        )
    for value, where in ((variables, "variables"), (extensions, "extensions")):
        if value is not None and not isinstance(value, dict):
            raise RequestError(
                "NOT_AN_OBJECT",
                f'"{where}" has to be a JSON object.',
                where=where,
                hint="Send an object, or leave it out.",
            )
    if name is not None and not isinstance(name, str):
        raise RequestError(
            "NOT_A_STRING",
            '"operationName" has to be a string.',
            where="operationName",
            hint="Send the operation's name, or leave it out.",
        )
    return Question(query, variables or {}, name or None, safe_only=safe_only, extensions=extensions or {})


def media_type(request: Request) -> str:
    """The media type to answer in: the one the client prefers, the modern one where it names both alike.

    Who names neither (no ``accept``, ``*/*``) is taken for a client from before the modern one: plain JSON.

    Raises ``RequestError`` 406 when the client takes neither of the two.
    """
    kind = _preferred(request.headers.get("accept", ""))
    if kind is None:
        raise RequestError(
            "NOT_ACCEPTABLE",
            "None of the media types you accept can be sent.",
            status=406,
            where="accept",
            hint=f'Accept "{MODERN}" or "{LEGACY}".',
        )
    return kind


@lru_cache(maxsize=256)
def _preferred(header: str) -> str | None:
    """The media type to answer an ``accept`` header with; None where it takes neither."""
    wanted = _accepted(header)
    if not wanted:
        return LEGACY
    scored = {kind: _quality(kind, wanted) for kind in (MODERN, LEGACY)}
    if not any(scored.values()):
        return None
    if MODERN not in wanted and LEGACY not in wanted:
        return LEGACY
    return MODERN if scored[MODERN] >= scored[LEGACY] else LEGACY


def _accepted(header: str) -> dict[str, float]:
    """Media range to quality (RFC 9110 section 12.5.1); a quality that cannot be read counts as 1."""
    found: dict[str, float] = {}
    for part in header.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if not kind:
            continue
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            found[kind] = min(max(float(quality), 0.0), 1.0)
        except ValueError:
            found[kind] = 1.0
    return found


def _quality(kind: str, wanted: Mapping[str, float]) -> float:
    """How much the client wants ``kind``: the most specific range that fits decides."""
    return next((wanted[each] for each in (kind, "application/*", "*/*") if each in wanted), 0.0)


def reply_response(request: Request, reply: Reply) -> Response:
    """The HTTP response that carries ``reply``'s bytes."""
    return _Ready(reply, media_type(request))


class _Ready(Response):
    """A response whose headers need no putting together, sent at once where that can be."""

    def __init__(self, reply: Reply, kind: str) -> None:
        self.status_code, self.body, self.background = reply.status, reply.body, None
        self._kind = kind
        self._id = reply.request_id.encode("latin-1")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        if self.status_code == 200 and (whole := scope.get("extensions", {}).get(WHOLE)):
            head = b"%sx-request-id: %s\r\ncontent-length: %d\r\n" % (_HEADS[self._kind], self._id, len(self.body))
            if whole(head, self.body):
                return
        self.raw_headers = [
            (b"cache-control", b"no-store"),
            (b"vary", _VARY),
            (b"x-request-id", self._id),
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", _CONTENT_TYPES[self._kind]),
        ]
        await super().__call__(scope, receive, send)


def error_body(error: GatewayError) -> bytes:
    """The answer that says what was wrong; the request's line and metrics have its code."""
    watching().refused(error)
    errors = getattr(error, "errors", None) or (error,)
    return orjson.dumps({"errors": [each.as_graphql() for each in errors]})


def batch_response(request: Request, bodies: list[bytes]) -> Response:
    """The HTTP response that carries the answers to an array of requests, in its order."""
    headers = {"cache-control": "no-store", "vary": "accept, authorization, accept-encoding"}
    kind = f"{media_type(request)}; charset=utf-8"
    return Response(b"[" + b",".join(bodies) + b"]", media_type=kind, headers=headers)


def error_response(request: Request, error: GatewayError) -> Response:
    """The HTTP response for an error raised before there was anything to answer.

    A client that asks for plain JSON gets status 200 for a mistake in its document or variables, as the specification
    wants of that media type; every other refusal keeps its status.
    """
    try:
        kind = media_type(request)
    except RequestError:
        kind = LEGACY
    body = error_body(error)
    headers = {"cache-control": "no-store", "vary": "accept, authorization"}
    status = error.status
    if kind == LEGACY and isinstance(error, OperationError | LimitError):
        status = 200
    if status == 401:
        missing = error.code == "TOKEN_MISSING"
        headers["www-authenticate"] = "Bearer" if missing else 'Bearer error="invalid_token"'
    if error.retry_after:
        headers["retry-after"] = str(error.retry_after)
    if status == 405:
        headers["allow"] = "GET, POST" if error.code != "MUTATION_BY_GET" else "POST"
    return Response(body, status_code=status, media_type=f"{kind}; charset=utf-8", headers=headers)
