"""The gateway's HTTP face: routes and lifespan, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from gateway.activation import following
from gateway.caller import Caller
from gateway.errors import GatewayError, RequestError
from gateway.house import Graph, Question, Reply
from gateway.live import Live, Places, keeping
from gateway.opening import OpenHouse
from gateway.pipeline import answer, answer_unrestricted
from gateway.reloading import reloading_on_hangup
from gateway.telemetry import watching
from gateway.web import breakglass, console, development, explorer, health, insight, notices, tracing, travelers
from gateway.web.application import application_of
from gateway.web.callers import admit, count, read_claims
from gateway.web.door import Door, unforeseen
from gateway.web.graphql import (
    Asked,
    batch_response,
    error_body,
    error_response,
    question_of,
    read_question,
    read_questions,
    reply_response,
)
from gateway.web.metrics import metrics
from gateway.web.socket import serve_socket
from gateway.web.streams import Kind, open_stream, stream_kind, stream_refusal

if TYPE_CHECKING:
    from gateway.live.broker import Broker

__all__ = ["create_app"]


def create_app(opened: OpenHouse) -> Starlette:
    """The ASGI application that serves ``opened``; it is closed when the application stops."""
    routes = [
        Route("/break-glass", _coded(breakglass.ask_grant), methods=["POST"]),
        Route("/break-glass/{id}", _coded(breakglass.show_grant), methods=["GET"]),
        Route("/break-glass/{id}/approve", _coded(breakglass.approve_grant), methods=["POST"]),
        WebSocketRoute("/graphql", serve_socket),
        Route("/notices", _coded(notices.list_notices), methods=["GET"]),
        Route("/notices/{id}/acknowledge", _coded(notices.acknowledge), methods=["POST"]),
        Route("/explain", _coded(insight.explain), methods=["GET"]),
        Route("/.well-known/jwks.json", _coded(insight.jwks), methods=["GET"]),
        Route("/metrics", _coded(metrics), methods=["GET"]),
        Route("/health/live", health.live, methods=["GET"]),
        Route("/health/ready", health.ready, methods=["GET"]),
        *explorer.routes(),
        *travelers.routes(),
        *console.routes(),
        Route("/dev/personas", _coded(development.personas), methods=["GET"]),
        Route("/dev/token", _coded(development.token), methods=["POST"]),
        Route("/dev/trouble", _coded(development.trouble), methods=["GET"]),
        Route("/dev/trace/{record}", _coded(tracing.trace), methods=["GET"]),
    ]
    app = _Gateway(routes=routes, lifespan=_lifespan, exception_handlers=_HANDLERS)
    app.state.opened = opened
    app.state.traces = tracing.Traces() if opened.issuer is not None and opened.settings.development else None
    app.state.live = _live(opened)
    app.door = Door(super(_Gateway, app).__call__, opened=opened, graphql=partial(_asked, opened))
    return app


class _Gateway(Starlette):
    """The framework's application behind the door: what is asked at /graphql does not pass through any of it."""

    door: Door

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or run for as long as the server does."""
        scope["app"] = self
        await self.door(scope, receive, send)


def _live(opened: OpenHouse) -> Live:
    settings = opened.settings
    places, duties = Places(settings.streams, settings.streams_per_caller), opened.house.duties
    if duties is not None:
        opened.telemetry.metrics.gauge(
            "gateway_event_notices", "Events to be pushed that nobody has acknowledged.", "state",
            lambda: duties.events.counts(opened.house.clock()),
        )  # fmt: skip
    opened.telemetry.metrics.gauge("gateway_streams", "Open subscriptions.", "", lambda: {"": places.open})
    return Live(
        lambda: opened.graph,
        opened.house,
        telemetry=opened.telemetry,
        places=places,
        late=lambda: opened.bundle is not None and opened.bundle.late,
        beat=settings.heartbeat,
        address=settings.subscription_urls.get,
        broker=_broker(opened) if settings.events else None,
        journal=opened.journal,
    )


def _broker(opened: OpenHouse) -> Broker:
    from gateway.live.broker import Broker

    return Broker(opened.settings.events, opened.settings.events_ca, opened.telemetry.metrics.event)


async def _graphql(request: Request, opened: OpenHouse) -> Response:
    if request.method not in ("GET", "POST"):
        raise RequestError(
            "METHOD_NOT_ALLOWED",
            f"GraphQL is asked by GET or POST, not by {request.method}.",
            status=405,
            where="method",
            hint="Send the query by POST as JSON.",
        )
    graph = await opened.current()  # one epoch for the whole request, whatever is reloaded while it runs
    if kind := stream_kind(request):
        return await _streamed(request, opened, graph, kind)
    caller = await admit(request, opened)  # before the body is looked at: a stranger costs nothing
    asked = await read_questions(request, opened.documents, opened.limits.door.batch)
    if isinstance(asked, list):
        return await _batch(request, opened, asked, caller, graph)
    return reply_response(request, await _reply(request, opened, asked, caller, graph))


async def _reply(request: Request, opened: OpenHouse, question: Question, caller: Caller | None, graph: Graph) -> Reply:
    if caller is None:
        return await answer_unrestricted(_known(request, question, opened), graph, opened.house)
    question = _named(request, question)
    traces: tracing.Traces | None = request.app.state.traces
    if traces is None:
        return await answer(question, caller, graph, opened.house)
    noted, house = traces.begin(question, caller, opened.house)
    reply = await answer(question, caller, graph, house)
    traces.end(noted, reply.request_id, watching().timings())
    return reply


def _known(request: Request, question: Question, opened: OpenHouse) -> Question:
    """``question`` with the claims of whoever asks it of a graph that governs nothing and demands access."""
    if opened.claims is None:
        return question
    return replace(question, claims=read_claims(request.headers.get("authorization"), opened))


def _named(request: Request, question: Question) -> Question:
    """``question`` with the application that says it asks, for the record."""
    application = application_of(request.headers)
    return question if application is None else replace(question, application=application)


async def _batch(
    request: Request, opened: OpenHouse, pages: list[Any], caller: Caller | None, graph: Graph
) -> Response:
    """The answers to an array of requests, asked one after another: each is decided, limited and recorded by itself."""
    for _ in pages[1:]:  # the first was counted at the door
        await count(request, opened, caller)
    bodies: list[bytes] = []
    for page in pages:
        try:
            question = await question_of(page, opened.documents)
            bodies.append((await _reply(request, opened, question, caller, graph)).body)
        except GatewayError as error:
            bodies.append(error_body(error))
    return batch_response(request, bodies)


async def _streamed(request: Request, opened: OpenHouse, graph: Graph, kind: Kind) -> Response:
    """A subscription as a stream; what else a client that takes streams may send, answered as it takes it."""
    try:
        caller = await admit(request, opened)
        asked = await read_question(request, opened.documents, streamed=True)
        question = _known(request, asked, opened) if caller is None else _named(request, asked)

        async def ask() -> Reply:
            if caller is None:
                return await answer_unrestricted(question, graph, opened.house)
            return await answer(question, caller, graph, opened.house)

        response = await open_stream(request, kind, question, caller, request.app.state.live, ask)
        return response if response is not None else reply_response(request, await ask())
    except GatewayError as error:
        watching().refused(error)
        return stream_refusal(error)


def _coded(endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """``endpoint`` with every ``GatewayError`` answered as a coded GraphQL error."""

    async def answered(request: Request, *more: Any) -> Response:
        try:
            return await endpoint(request, *more)
        except GatewayError as error:
            return error_response(request, error)
        except ClientDisconnect:  # nobody is left to answer; what was disclosed until now is on record or was not read
            return Response(status_code=499)

    return answered


_answered = _coded(_graphql)


async def _asked(opened: OpenHouse, scope: Any, receive: Any, send: Any) -> None:
    """Answer what is asked at /graphql: past the framework's routing, which costs more than finding one path is worth."""
    response = await _answered(Asked(scope, receive, send), opened)
    await response(scope, receive, send)


async def _unexpected(request: Request, error: Exception) -> Response:
    """What nobody foresaw: the client learns that it happened and nothing of what it was."""
    return error_response(
        request,
        unforeseen(),
    )


async def _http_error(request: Request, error: Exception) -> Response:
    """A path that is not there, or another method than it takes, told like any other error."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls it for nothing else
    code = {404: "NO_SUCH_PATH", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "REQUEST_REFUSED")
    told = RequestError(
        code, f"{error.detail}.", status=error.status_code, where=request.url.path, hint="GraphQL is at /graphql."
    )
    response = error_response(request, told)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


_HANDLERS: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    HTTPException: _http_error,
    Exception: _unexpected,
}


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    opened: OpenHouse = app.state.opened
    async with AsyncExitStack() as stack:
        stack.push_async_callback(opened.close)
        if opened.bundle is not None:
            await stack.enter_async_context(following(opened))
        elif opened.tokens is not None:
            stack.enter_context(reloading_on_hangup(opened))
        for subgraph in opened.subgraph_apps.values():
            await stack.enter_async_context(_started(subgraph))
        if app.state.live.broker is not None:
            await stack.enter_async_context(app.state.live.broker)
        await stack.enter_async_context(keeping(app.state.live))
        yield


def _started(subgraph: Any) -> Any:
    """The subgraph's own lifespan, run inside the gateway's when both share a process."""
    return subgraph.router.lifespan_context(subgraph)
