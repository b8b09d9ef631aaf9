"""What tests of several rooms share: saying that a server or program is not there, and asking an ASGI app."""

from __future__ import annotations

import asyncio
import os
from typing import Any, NoReturn

import orjson
import pytest

__all__ = ["ask_app", "cannot_start", "get_app"]


def cannot_start(what: str, reason: str) -> NoReturn:
    """Skip the test because ``what`` is not to be had here; under ``STRICT=1`` that is a failure."""
    message = f"{what} cannot be started here: {reason}"
    if os.environ.get("STRICT"):
        pytest.fail(message)
    pytest.skip(message)


async def ask_app(
    app: Any,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that the ASGI application answers one request with."""
    raw, _, query = path.partition("?")
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": raw,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    pending = [{"type": "http.request", "body": body, "more_body": False}]
    answered = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop(0)
        await answered.wait()  # a client stays until it has its answer
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    whole = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, whole


async def get_app(app: Any, path: str, **headers: str) -> tuple[int, Any]:
    """Status and decoded JSON of a GET."""
    status, _, body = await ask_app(app, "GET", path, headers={n.replace("_", "-"): v for n, v in headers.items()})
    return status, orjson.loads(body)
