"""The benchmark's subgraphs over HTTP: ``uvicorn tests.benchmarks.subgraphs:app``; each at a path of its name."""

from __future__ import annotations

from typing import Any

from gateway.execution.transport import SubgraphRequest
from tests.benchmarks.graph import Answers

_ANSWERS = Answers(40)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request from what was made at the first equal one."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    told = (await _ANSWERS.send(SubgraphRequest(scope["path"].strip("/"), body))).body if body else b""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})
