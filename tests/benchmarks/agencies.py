"""The agencies' subgraphs over HTTP for a benchmark: ``uvicorn tests.benchmarks.agencies:app``, ``BENCH_WORLD`` their folder.

``/governed/<name>`` is the subgraph itself, which answers the gateway's word only; ``/open/<name>`` the same records for
whoever asks. What was answered once is answered so again to an equal body, so that a subgraph costs a gateway nothing.
"""

from __future__ import annotations

import os
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.caller import Caller
from gateway.execution.asgi import AsgiTransport
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.identity.assertions import HEADER
from subgraphs.kit.registry import read_registry
from subgraphs.kit.settings import Settings
from subgraphs.kit.trust_testing import Denies, SigningKey, sign_assertion
from tests.scenarios.asking import ROOT, TODAY

__all__ = ["Agencies", "app", "opened_up"]

_CLASSIFIED: Final = re.compile(r"(?<!directive) @classified\([^)]*\)")
_ADDRESS: Final = re.compile(r'(@join__graph\(name: "(\w+)", url: )"[^"]*"')
_TRUSTED: Final = Caller("CBP", "cbp-secondary", "border-inspection-secondary")


def opened_up(text: str, address: str) -> str:
    """The supergraph in ``text`` without what says whose a field is, its subgraphs below ``address``: it governs nothing."""
    return _ADDRESS.sub(rf'\1"{address}/open/\2"', _CLASSIFIED.sub("", text))


class Agencies:
    """The subgraphs over the databases in ``folder``, each twice: as it is, and answering everybody."""

    def __init__(self, folder: Path) -> None:
        kit = Settings(data=folder / "data", keys=folder / "keys", policy=ROOT / "schema")
        names = read_registry()
        self.key = SigningKey.generate()
        self.strict = {name: entry.module("app").create_app(kit) for name, entry in names.items()}
        self.frank = {name: entry.module("app").create_app(kit) for name, entry in names.items()}
        for each in self.frank.values():
            each.state.subgraph.trust.keys, each.state.subgraph.trust.policy = self.key.public(), Denies()
        self.ways = {"governed": AsgiTransport(self.strict), "open": AsgiTransport(self.frank)}
        self.known: dict[tuple[str, bytes], SubgraphResponse] = {}
        self.stack = AsyncExitStack()

    async def start(self) -> None:
        """Open them."""
        for each in (*self.strict.values(), *self.frank.values()):
            await self.stack.enter_async_context(each.router.lifespan_context(each))

    async def answer(self, path: str, body: bytes, word: str) -> SubgraphResponse:
        """The answer to ``body`` at ``path``, asked with the assertion ``word``; refusals and events are not kept."""
        known = self.known.get((path, body))
        if known is None:
            way, _, name = path.strip("/").partition("/")
            word = word if way == "governed" else self._word(name, body)
            found = await self.ways[way].send(SubgraphRequest(name, body, headers={HEADER: word} if word else {}))
            if not body.startswith(b'{"query"') or found.status != 200 or b'"errors"' in found.body:
                return found  # who waits for events is told of them when they come
            known = self.known[path, body] = found
        return known

    def _word(self, name: str, body: bytes) -> str:
        """An assertion that grants everything that ``body`` asks of the subgraph ``name``."""
        asked = orjson.loads(body)
        operation = self.frank[name].state.subgraph.operations.prepare(asked["query"], asked.get("operationName"))
        grants = dict.fromkeys(operation.coordinates, "allow")
        return sign_assertion(
            self.key, audience=name, caller=_TRUSTED, epoch=Denies().epoch, grants=grants, body=body, at=TODAY,
            now=self.frank[name].state.subgraph.trust.clock(),
        )  # fmt: skip


_agencies = Agencies(Path(os.environ["BENCH_WORLD"])) if "BENCH_WORLD" in os.environ else None


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request, or the server's word that it starts or ends."""
    assert _agencies is not None
    if scope["type"] == "lifespan":
        await receive()
        await _agencies.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _agencies.stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    words = [value.decode() for name, value in scope["headers"] if name == HEADER.lower().encode()]
    told = (
        await _agencies.answer(scope["path"], body, words[0] if words else "") if body else SubgraphResponse(200, b"")
    )
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told.body))]
    await send({"type": "http.response.start", "status": told.status, "headers": headers})
    await send({"type": "http.response.body", "body": told.body})
