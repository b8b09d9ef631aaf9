"""Every door at which an operation can be put, each as a client would use it: what was answered, and how it was refused."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

import orjson
import uvicorn

from gateway.cli.mcp_tools import asked_of, tool_server
from gateway.client import Client
from gateway.documents import NamedDocuments
from gateway.documents.extract import Found
from gateway.documents.trusted import digest_of
from gateway.limits import LimitsPage
from gateway.opening import OpenHouse
from gateway.web.app import create_app
from tests.live.sockets import connected
from tests.support import ask_app
from tests.web.client import JSON, MODERN, Face

__all__ = ["DOORS", "Door", "Told", "assistant"]

_MULTIPART: Final = "multipart/mixed;subscriptionSpec=1.0, application/json"


@dataclass(frozen=True, slots=True)
class Told:
    """What came through a door: ``page`` is the GraphQL response, ``raw`` every byte of it."""

    page: Mapping[str, Any]
    raw: bytes = field(repr=False, default=b"")

    @property
    def data(self) -> Any:
        """The data; None where there is none."""
        return self.page.get("data")

    @property
    def codes(self) -> list[str]:
        """The code of each error."""
        return [each["extensions"]["code"] for each in self.page.get("errors", ())]

    @property
    def sharing(self) -> list[Any]:
        """The ledger."""
        return list(self.page.get("extensions", {}).get("sharing", ()))

    @property
    def record(self) -> str:
        """Under which number the answer is on record, ``""`` for a refusal."""
        return str(self.page.get("extensions", {}).get("record", ""))

    def bare(self) -> bytes:
        """The bytes of the response without the number of its record."""
        return orjson.dumps(self.page).replace(self.record.encode() or b"\0", b"")


Door: TypeAlias = Callable[[OpenHouse, str, str, Mapping[str, Any]], Awaitable[Told]]
"""A house, a token (``""`` for none), a query and its variables to what is told."""


def _headers(token: str, accept: str, **more: str) -> dict[str, str]:
    return {"accept": accept, **more, **({"authorization": f"Bearer {token}"} if token else {})}


def _page(query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"query": query, **({"variables": dict(variables)} if variables else {})}


async def _posted(opened: OpenHouse, token: str, page: Any, accept: str) -> bytes:
    headers = _headers(token, accept, **{"content-type": JSON})
    _, _, raw = await ask_app(create_app(opened), "POST", "/graphql", headers=headers, body=orjson.dumps(page))
    return raw


async def by_post(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """A POST of JSON."""
    raw = await _posted(opened, token, _page(query, variables), MODERN)
    return Told(orjson.loads(raw), raw)


async def by_get(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """A GET with everything in the address."""
    asked = {"query": query, **({"variables": orjson.dumps(dict(variables)).decode()} if variables else {})}
    path = f"/graphql?{urlencode(asked)}"
    _, _, raw = await ask_app(create_app(opened), "GET", path, headers=_headers(token, MODERN))
    return Told(orjson.loads(raw), raw)


async def by_events(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """One server-sent event."""
    raw = await _posted(opened, token, _page(query, variables), "text/event-stream")
    return Told(orjson.loads(raw.partition(b"data: ")[2].partition(b"\n")[0] or raw), raw)


async def by_parts(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """A client that takes the parts of a multipart answer."""
    raw = await _posted(opened, token, _page(query, variables), _MULTIPART)
    return Told(orjson.loads(raw), raw)


async def by_socket(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """A message over a WebSocket; without a token the socket is closed, with that code."""
    async with connected(Face(opened)) as line:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        line.send(type="connection_init", payload=payload)
        first = await line.raw()
        if first["type"] == "websocket.close":
            return Told({"errors": [{"extensions": {"code": f"CLOSED_{first['code']}"}}]}, orjson.dumps(first))
        line.send(type="subscribe", id="1", payload=_page(query, variables))
        message = await line.next()
    told = {"errors": message["payload"]} if message["type"] == "error" else message["payload"]
    return Told(told, orjson.dumps(message))


async def by_array(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """The second of an array of two equal requests, where arrays are switched on."""
    limits = LimitsPage.read({"gateway": {"batch": 2}})
    raw = await _posted(replace(opened, limits=limits), token, [_page(query, variables)] * 2, JSON)
    page = orjson.loads(raw)
    last = page[-1] if isinstance(page, list) else page
    return Told(last, orjson.dumps(last))


async def by_name(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """A trusted document, by its name, where nothing else is run."""
    house = replace(opened)
    house.documents = NamedDocuments("only", {digest_of(query): query})
    raw = await _posted(house, token, {**_page(query, variables), "query": None, "documentId": digest_of(query)}, JSON)
    return Told(orjson.loads(raw), raw)


async def by_hash(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """A text that was kept at its first use, by its hash."""
    house = replace(opened, settings=replace(opened.settings, persisted_queries="on"))
    named = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest_of(query)}}}
    page = {**_page(query, variables), **named}
    await _posted(house, token, page, JSON)
    raw = await _posted(house, token, {name: each for name, each in page.items() if name != "query"}, JSON)
    return Told(orjson.loads(raw), raw)


@asynccontextmanager
async def assistant(opened: OpenHouse, token: str) -> AsyncIterator[Client]:
    """The client library, as the tools of ``gateway mcp`` have it, before a real server on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))  # who connects before the server accepts waits in its queue
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(opened), lifespan="off", log_level="critical"))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        async with Client(f"http://127.0.0.1:{port}/graphql", token) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


async def by_tool(opened: OpenHouse, token: str, query: str, variables: Mapping[str, Any]) -> Told:
    """A tool of ``gateway mcp``, called by an assistant."""
    from mcp import Client as Assistant

    tools = asked_of([Found("Tool", query, "")])
    async with assistant(opened, token) as client, Assistant(tool_server(tools, client)) as asking:
        called = await asking.call_tool("Tool", dict(variables))
    said = "\n".join(each.text for each in called.content if each.type == "text")
    if called.structured_content is None:
        code = re.search(r"[A-Z]+(_[A-Z]+)+", said)
        return Told({"errors": [{"extensions": {"code": code[0] if code else said}}]}, said.encode())
    page = called.structured_content
    return Told(
        {"data": page["data"], "extensions": {"sharing": page["sharing"], "record": page["record"]}}, said.encode()
    )


DOORS: Final[Mapping[str, Door]] = {
    "POST": by_post,
    "GET": by_get,
    "server-sent events": by_events,
    "multipart": by_parts,
    "a socket": by_socket,
    "an array": by_array,
    "a trusted document": by_name,
    "a hash": by_hash,
    "an assistant's tool": by_tool,
}
