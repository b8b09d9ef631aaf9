"""The gateway's HTTP face: routes and lifespan, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.caller import Caller
from gateway.errors import GatewayError
from gateway.identity import bearer
from gateway.opening import OpenHouse
from gateway.pipeline import answer, answer_unrestricted
from gateway.web import development, explorer, health, insight
from gateway.web.graphql import error_response, read_question, reply_response

__all__ = ["create_app"]


def create_app(opened: OpenHouse) -> Starlette:
    """The ASGI application that serves ``opened``; it is closed when the application stops."""
    routes = [
        Route("/graphql", _coded(_graphql), methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        Route("/explain", _coded(insight.explain), methods=["GET"]),
        Route("/.well-known/jwks.json", _coded(insight.jwks), methods=["GET"]),
        Route("/health/live", health.live, methods=["GET"]),
        Route("/health/ready", health.ready, methods=["GET"]),
        *explorer.routes(),
        Route("/dev/personas", _coded(development.personas), methods=["GET"]),
        Route("/dev/token", _coded(development.token), methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=_lifespan, exception_handlers={Exception: _unexpected})
    app.state.opened = opened
    return app


async def _graphql(request: Request) -> Response:
    opened: OpenHouse = request.app.state.opened
    if request.method not in ("GET", "POST"):
        raise GatewayError("METHOD_NOT_ALLOWED", "GraphQL is asked by GET or POST.", status=405, where="method")
    if opened.tokens is None:
        question = await read_question(request)
        return reply_response(request, await answer_unrestricted(question, opened.graph, opened.house))
    caller = _caller(request, opened)  # before the body is looked at: a stranger costs nothing
    question = await read_question(request)
    return reply_response(request, await answer(question, caller, opened.graph, opened.house))


def _caller(request: Request, opened: OpenHouse) -> Caller:
    assert opened.tokens is not None  # noqa: S101 - the governed path has a reader of tokens
    return opened.tokens.read(bearer(request.headers.get("authorization")), datetime.now(UTC))


def _coded(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """``endpoint`` with every ``GatewayError`` answered as a coded GraphQL error."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except GatewayError as error:
            return error_response(request, error)

    return answered


async def _unexpected(request: Request, error: Exception) -> Response:
    """What nobody foresaw: the client learns that it happened and nothing of what it was."""
    return error_response(request, GatewayError("INTERNAL", "Something went wrong inside the gateway."))


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    opened: OpenHouse = app.state.opened
    async with AsyncExitStack() as stack:
        stack.push_async_callback(opened.close)
        for subgraph in opened.subgraph_apps.values():
            await stack.enter_async_context(_started(subgraph))
        yield


def _started(subgraph: Any) -> Any:
    """The subgraph's own lifespan, run inside the gateway's when both share a process."""
    return subgraph.router.lifespan_context(subgraph)
