"""Operations over a WebSocket: the sub-protocol ``graphql-transport-ws``, and no other.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. The token comes in ``connection_init`` (or in the
header of the handshake); a message before it closes the socket. A subscription goes on from a cursor given as
``extensions.resume`` of its ``subscribe``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.caller import Caller, Claims
from gateway.errors import GatewayError, IdentityError, LimitError, RequestError
from gateway.house import Question, Reply
from gateway.identity import bearer
from gateway.live import Beat, Ended, Live, Message, Next
from gateway.opening import OpenHouse
from gateway.pipeline import answer, answer_unrestricted
from gateway.telemetry import watching
from gateway.web.application import application_of
from gateway.web.callers import read_claims
from gateway.web.door import too_late, unforeseen
from gateway.web.graphql import question_of
from gateway.web.origins import check_origin

__all__ = ["PROTOCOL", "serve_socket"]

PROTOCOL: Final = "graphql-transport-ws"
INIT_SECONDS: Final = 10.0
MOST_OPERATIONS: Final = 50
_UNREADABLE, _UNAUTHORIZED, _FORBIDDEN, _NO_PROTOCOL = 4400, 4401, 4403, 4406
_NO_INIT, _TAKEN, _AGAIN = 4408, 4409, 4429
_TOO_SLOW: Final = 4499


class _Close(Exception):  # noqa: N818 - it says what happens
    """The socket is to be closed, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


async def serve_socket(socket: WebSocket) -> None:
    """Serve one WebSocket until it is closed from either side."""
    if PROTOCOL not in socket.scope.get("subprotocols", ()):
        await socket.accept()
        await socket.close(_NO_PROTOCOL, "Subprotocol not acceptable")
        return
    state = socket.app.state
    try:
        check_origin(dict(socket.scope["headers"]), state.opened.settings.cors_origins)
    except GatewayError as error:
        await socket.close(_FORBIDDEN, error.code)  # before it is accepted: the handshake is answered with 403
        return
    await socket.accept(PROTOCOL)
    connection = _Connection(socket, state.opened, state.live)
    try:
        await connection.serve()
    except WebSocketDisconnect:
        pass
    except _Close as closing:
        with contextlib.suppress(RuntimeError):  # the client was quicker
            await socket.close(closing.code, closing.reason)
    finally:
        await connection.end()


@dataclass(slots=True)
class _Connection:
    socket: WebSocket
    opened: OpenHouse
    live: Live
    caller: Caller | None = None
    claims: Claims | None = None
    operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    _failed: asyncio.Future[None] | None = None
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self) -> None:
        """Greet, then take messages; raises ``_Close`` or ``WebSocketDisconnect``."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                first = await self._receive()
        except TimeoutError:
            raise _Close(_NO_INIT, "Connection initialisation timeout") from None
        if first["type"] != "connection_init":
            raise _Close(_UNAUTHORIZED, "Unauthorized")
        self.caller = self._identify(first.get("payload"))
        await self._send({"type": "connection_ack"})
        self._failed = asyncio.get_running_loop().create_future()
        while True:
            reading = asyncio.ensure_future(self._receive())
            waited: set[asyncio.Future[Any]] = {reading, self._failed}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                self._failed.result()
            await self._take(reading.result())

    async def end(self) -> None:
        """End every operation."""
        tasks = [*self.operations.values(), *self._leaving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> dict[str, Any]:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        try:
            page = orjson.loads(message.get("text") or message.get("bytes") or b"")
        except orjson.JSONDecodeError:
            page = None
        if not isinstance(page, dict) or not isinstance(page.get("type"), str):
            raise _Close(_UNREADABLE, "Invalid message received")
        return page

    def _identify(self, payload: Any) -> Caller | None:
        given = payload if isinstance(payload, dict) else {}
        word = given.get("authorization") or given.get("Authorization") or self.socket.headers.get("authorization")
        try:
            if self.opened.tokens is None:
                self.claims = read_claims(str(word) if word else None, self.opened)
                return None
            return self.opened.tokens.read(bearer(word if isinstance(word, str) else None), datetime.now(UTC))
        except IdentityError as error:
            raise _Close(_FORBIDDEN, error.code) from None

    async def _take(self, page: Mapping[str, Any]) -> None:
        kind, number = page["type"], page.get("id")
        if kind == "ping":
            await self._send({"type": "pong"})
        elif kind == "pong":
            pass
        elif kind == "connection_init":
            raise _Close(_AGAIN, "Too many initialisation requests")
        elif kind == "subscribe" and isinstance(number, str) and number:
            if number in self.operations:
                raise _Close(_TAKEN, f"Subscriber for {number[:60]} already exists")
            self.operations[number] = asyncio.create_task(self._operation(number, page.get("payload")))
        elif kind == "complete" and isinstance(number, str):
            if (task := self.operations.pop(number, None)) is not None:
                task.cancel()
                self._leaving.add(task)  # its id is free at once; the socket's end waits for it
                task.add_done_callback(self._leaving.discard)
        else:
            raise _Close(_UNREADABLE, "Invalid message received")

    async def _operation(self, number: str, payload: Any) -> None:
        """One operation from its ``subscribe`` to its end; what goes wrong with the socket ends the connection."""
        try:
            await self._answer(number, payload)
        except GatewayError as error:
            await self._ended(number, error)
        except _Close as closing:
            if self._failed is not None and not self._failed.done():
                self._failed.set_exception(closing)
        except Exception as error:  # told without its message, which may quote what was read
            self.opened.telemetry.lines.fault(watching(), error)
            await self._ended(number, unforeseen())
        finally:
            if self.operations.get(number) is asyncio.current_task():
                del self.operations[number]

    async def _answer(self, number: str, payload: Any) -> None:
        if len(self.operations) > MOST_OPERATIONS:
            raise LimitError(
                "TOO_MANY_STREAMS", f"One socket carries {MOST_OPERATIONS} operations at a time.", status=429,
                hint="Complete one first, or open another socket.",
            )  # fmt: skip
        if not isinstance(payload, dict):
            raise _Close(_UNREADABLE, "Invalid message received")
        await self._admit()
        asked = await question_of(payload, self.opened.documents)
        question = replace(asked, claims=self.claims, application=application_of(self.socket.headers))
        resume = question.extensions.get("resume", "")
        if not isinstance(resume, str):
            raise RequestError(
                "EXTENSION_MALFORMED", '"extensions.resume" cannot be read.', where="extensions.resume",
                hint="Send the last cursor you were given for this subscription.",
            )  # fmt: skip
        try:
            async with self.live.subscribe(question, self.caller, resume) as messages:
                async for message in messages:
                    await self._tell(number, message)
        except RequestError as error:
            if error.code != "NOT_A_SUBSCRIPTION":
                raise
            reply = await self._ask(question)
            await self._tell(number, Next(reply.body, ""))
            await self._tell(number, Ended())

    async def _admit(self) -> None:
        """Let one more operation in by the turnstile, as one more request would be; raises ``RequestError``."""
        self._check_token()
        if self.caller is not None:
            await self.opened.turnstile.admit(self.caller)
        else:
            await self.opened.turnstile.admit_address(self.socket.client.host if self.socket.client else "")

    async def _ask(self, question: Question) -> Reply:
        """The reply to what is no subscription: watched, with a place in the crowd and a deadline, as at the door."""
        opened, sent, status = self.opened, 0, 500
        watch, token = opened.telemetry.begin()
        try:
            await opened.crowd.enter()
            try:
                async with asyncio.timeout(opened.limits.door.deadline):
                    graph = await opened.current()
                    if self.caller is None:
                        reply = await answer_unrestricted(question, graph, opened.house)
                    else:
                        watch.by(*self.caller.kind)
                        reply = await answer(question, self.caller, graph, opened.house)
            except TimeoutError:
                raise too_late(opened.limits.door.deadline) from None
            finally:
                opened.crowd.leave()
            sent, status = len(reply.body), reply.status
            return reply
        except GatewayError as error:
            watch.refused(error)
            status = error.status
            raise
        finally:
            opened.telemetry.end(watch, token, status, sent)

    def _check_token(self) -> None:
        known = self.caller or self.claims
        expires = known.expires_at if known is not None else None
        if expires is not None and self.live.now() >= expires:
            raise IdentityError("TOKEN_EXPIRED", "The token has expired.", hint="Connect again with a fresh token.")

    async def _tell(self, number: str, message: Message) -> None:
        name = orjson.dumps(number)
        if isinstance(message, Next):
            await self._send_text(b'{"id":' + name + b',"type":"next","payload":' + message.body + b"}")
        elif isinstance(message, Beat):
            await self._send({"type": "ping", "payload": {"id": number, "cursor": message.cursor}})
        elif message.error is None:
            await self._send({"id": number, "type": "complete"})
        else:
            await self._ended(number, message.error)

    async def _ended(self, number: str, error: GatewayError) -> None:
        errors: Any = getattr(error, "errors", None) or (error,)
        await self._send({"id": number, "type": "error", "payload": [each.as_graphql() for each in errors]})

    async def _send(self, page: Mapping[str, Any]) -> None:
        await self._send_text(orjson.dumps(page))

    async def _send_text(self, text: bytes) -> None:
        try:
            async with asyncio.timeout(self.live.slow), self._sending:
                await self.socket.send({"type": "websocket.send", "text": text.decode()})
        except TimeoutError:
            self.live.telemetry.metrics.event("stream_slow", "socket")
            raise _Close(_TOO_SLOW, "Nothing is taken") from None
        except (RuntimeError, WebSocketDisconnect):  # closed in between
            raise _Close(1001, "Gone") from None
