"""The HTTP face of a subgraph: ``POST /graphql`` for the gateway, ``GET /health`` for whoever keeps it running."""

from __future__ import annotations

import asyncio
import secrets
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import orjson
import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, MiddlewareManager, execute
from graphql.pyutils import is_awaitable
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from subgraphs.kit.context import Context
from subgraphs.kit.cursors import Cursors
from subgraphs.kit.database import Database, is_away
from subgraphs.kit.errors import Refusal
from subgraphs.kit.masking import MaskingMiddleware
from subgraphs.kit.operations import Operations, Prepared
from subgraphs.kit.outbox import Asked, Outbox
from subgraphs.kit.schema import Schema, core_schema, heard_kinds, key_fields
from subgraphs.kit.settings import Settings
from subgraphs.kit.trust import Clock, Grant, PolicyCopy, Trust, system_clock
from subgraphs.kit.trust_words import HEADER, GatewayError, PublicKeys

if TYPE_CHECKING:
    from subgraphs.kit.relay import Relay

__all__ = ["Settings", "Starlette", "Subgraph", "make_app", "serve"]

log = structlog.get_logger("subgraphs")
_STATUS = {"NOT_PERMITTED": 403, "ASSERTION_SPENT": 403, "REQUEST_TOO_LARGE": 413, "POLICY_LATE": 503}


class _Extensions(msgspec.Struct):
    event: int | None = None


class _Body(msgspec.Struct):
    query: str = ""
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: _Extensions | None = None
    events: Asked | None = None


@dataclass(slots=True)
class Subgraph:
    """One running subgraph; ``app.state.subgraph`` of what :func:`make_app` returns."""

    name: str
    core: GraphQLSchema
    settings: Settings
    database: Database
    cursors: Cursors
    operations: Operations
    trust: Trust
    events: type[Any] | None
    outbox: Outbox
    refused: Counter[str] = field(default_factory=Counter)
    relay: Relay | None = None

    async def ready(self) -> bool:
        """Whether it can answer; raises what the database's driver raises when it cannot."""
        return await self.database.ready()

    async def answer(self, body: bytes, token: str | None) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the GraphQL answer for one request body and its assertion."""
        try:
            return 200, await self._answer(body, token)
        except Refusal as refusal:
            self._note(refusal.code, refusal.extra.get("coordinates", ()))
            return _STATUS.get(refusal.code, 400), {
                "errors": [{"message": refusal.message, "extensions": refusal.extensions()}]
            }
        except GatewayError as error:
            self._note(error.code, ())
            return error.status, {"errors": [error.as_graphql()]}
        except Exception as error:
            if not is_away(error):
                raise
            return 503, {"errors": [_failed(error, self.name)]}

    def _note(self, code: str, coordinates: Sequence[str]) -> None:
        """Keep the agency's own account of a refusal: what was refused and why, no value and nobody's case."""
        self.refused[code] += 1
        log.warning("refused", subgraph=self.name, code=code, coordinates=list(coordinates))

    async def _answer(self, body: bytes, token: str | None) -> dict[str, Any]:
        if not (token is None and self.settings.open_sdl):
            assertion = self.trust.assertion(token, body)  # first of all: nothing is parsed for a stranger
        request = _decode(body)
        if request.events is not None and token is not None:
            return await self.outbox.answer(request.events, assertion.grants)
        operation = self.operations.prepare(request.query, request.operationName)
        variables = request.variables or {}
        if token is None and self.settings.open_sdl:
            return await self._describe(operation)
        _check_size(variables, self.settings.max_representations)
        await self.trust.ready(assertion.epoch)
        grant = self.trust.admit(assertion, operation, variables)
        event = None
        if operation.kind == "subscription":
            event = await self.outbox.event(operation, request.extensions.event if request.extensions else None)
        return await self._execute(operation, variables, grant, event)

    async def _describe(self, operation: Prepared) -> dict[str, Any]:
        if operation.coordinates or operation.introspection or not operation.service:
            raise Refusal("NOT_PERMITTED", "Without an assertion only _service is answered")
        result = execute(self.core, operation.document)
        assert isinstance(result, ExecutionResult)  # noqa: S101 - _service awaits nothing
        return {"data": result.data}

    async def _execute(
        self, operation: Prepared, variables: Mapping[str, Any], grant: Grant, event: Any
    ) -> dict[str, Any]:
        assertion = grant.assertion
        clear = partial(self.trust.clear, assertion)
        context = Context(self.database, self.cursors, assertion.caller, assertion.at, self.events, clear, event)
        masks = MiddlewareManager(MaskingMiddleware(grant.masks, self.trust.mask)) if grant.masks else None
        try:
            running = execute(
                self.core,
                operation.document,
                context_value=context,
                variable_values=dict(variables),
                operation_name=operation.name,
                middleware=masks,
            )
            result: Any = await running if is_awaitable(running) else running
        finally:
            await context.close()
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [_told(error, self.name) for error in result.errors]
        return answer


def make_app(
    name: str,
    schema: Schema,
    settings: Settings,
    *,
    events: type[Any] | None = None,
    keys: PublicKeys | None = None,
    policy: PolicyCopy | None = None,
    clock: Clock = system_clock,
) -> Starlette:
    """The subgraph ``name`` as an ASGI application.

    ``keys`` (the gateway's public keys) and ``policy`` come from ``settings`` where not given; tests inject them. The
    database is opened at the first request and closed with the application's lifespan.
    """
    core = core_schema(schema)
    database = Database(settings.database_url(name), name)
    subgraph = Subgraph(
        name=name,
        core=core,
        settings=settings,
        database=database,
        cursors=Cursors(settings.cursor_key(), name),
        operations=Operations(core),
        trust=Trust(name, settings, key_fields(schema), clock, keys, policy),
        events=events,
        outbox=Outbox(database, events, heard_kinds(schema)),
    )
    return serve(subgraph)


def serve(subgraph: Subgraph) -> Starlette:
    """``subgraph`` as an ASGI application."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        subgraph.trust.prepare()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(subgraph.database.dispose)
            stack.push_async_callback(_ended, asyncio.create_task(subgraph.trust.watching()))
            if subgraph.settings.events and subgraph.outbox.told:
                from subgraphs.kit.relay import relaying  # only who publishes loads the client

                relay = relaying(subgraph.name, subgraph.outbox, subgraph.settings)
                subgraph.relay = await stack.enter_async_context(relay)
            yield

    app = Starlette(routes=_routes(subgraph), lifespan=lifespan)
    app.state.subgraph = subgraph
    return app


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _routes(subgraph: Subgraph) -> list[Route]:
    async def graphql(request: Request) -> Response:
        body = await _body(request, subgraph.settings.max_body)
        if body is None:
            refusal = Refusal("REQUEST_TOO_LARGE", "The request is larger than a subgraph reads")
            return _json(413, {"errors": [{"message": refusal.message, "extensions": refusal.extensions()}]})
        status, answer = await subgraph.answer(body, request.headers.get(HEADER))
        return _json(status, answer)

    async def health(_request: Request) -> Response:
        try:
            ready = await subgraph.ready()
        except Exception as error:  # any failure is the same answer; its text stays here
            log.warning("database not ready", subgraph=subgraph.name, error=type(error).__name__)
            ready = False
        status = "ok" if ready else "unavailable"
        refused = dict(sorted(subgraph.refused.items()))
        told: dict[str, Any] = {"status": status, "subgraph": subgraph.name, "refused": refused}
        if subgraph.relay is not None:
            told["relay"] = subgraph.relay.state()
        return _json(200 if ready else 503, told)

    return [Route("/graphql", graphql, methods=["POST"]), Route("/health", health, methods=["GET"])]


async def _body(request: Request, limit: int) -> bytes | None:
    """The body, or ``None`` when it is longer than ``limit``; read no further than that."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _decode(body: bytes) -> _Body:
    try:
        return msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Refusal("REQUEST_INVALID", "The body is not a GraphQL request in JSON") from None


def _check_size(variables: Mapping[str, Any], limit: int) -> None:
    if any(isinstance(value, list) and len(value) > limit for value in variables.values()):
        raise Refusal("REQUEST_TOO_LARGE", f"A variable lists more than {limit} items")


def _json(status: int, content: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def _told(error: GraphQLError, name: str) -> dict[str, Any]:
    """The error as the gateway may see it: a refusal in its own words, anything else by a code and a reference."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    told: dict[str, Any]
    if isinstance(cause, Refusal):
        told = {"message": cause.message, "extensions": cause.extensions()}
    elif cause is None and error.path is None:  # before any resolver ran: variables that do not fit; quotes them
        told = {
            "message": "The operation's variables do not fit this subgraph's schema",
            "extensions": {"code": "OPERATION_INVALID"},
        }
    else:
        told = _failed(cause, name)
    if error.path is not None:
        told["path"] = list(error.path)
    return told


def _failed(cause: BaseException | None, name: str) -> dict[str, Any]:
    """The error that stands for ``cause``: whether the database is away, and a reference to what the log says."""
    reference = secrets.token_hex(8)
    frames = traceback.extract_tb(cause.__traceback__) if cause else []
    where = [f"{frame.filename}:{frame.lineno}" for frame in frames[-3:]]
    # the exception's text can quote a record, so neither the answer nor the log gets it
    log.error("resolver failed", subgraph=name, reference=reference, error=type(cause).__name__, where=where)
    lost = cause is not None and is_away(cause)
    said = "The agency's subgraph failed to answer this field"
    if lost:
        said = "The agency's database cannot be had at the moment"
    return {
        "message": said,
        "extensions": {"code": "DATABASE_UNAVAILABLE" if lost else "INTERNAL", "reference": reference},
    }
