"""A subscription may name its document, over either transport, as any request may."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from gateway.documents import MemoryKept, NamedDocuments
from tests.live.listening import Street
from tests.live.sockets import connected
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

DIGEST = hashlib.sha256(REVOKED.encode()).hexdigest()
TOLD = {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}


async def test_a_trusted_document_is_streamed_by_its_id(fresh: World) -> None:
    """By server-sent events; another text is refused where only those of the manifest are run."""
    fresh.opened.documents = NamedDocuments("only", {DIGEST: REVOKED})
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", {"documentId": f"sha256:{DIGEST}"}) as port:
        await port.next()
        await revoke(fresh, "S2400001")
        assert (await port.next()).page["data"] == TOLD
    async with street.listen("cbp-primary-atl", REVOKED + " ") as port:
        await port.holding(b"DOCUMENT_NOT_TRUSTED")
    assert port.status == 403


async def test_a_kept_text_is_streamed_over_a_socket(fresh: World) -> None:
    """Unknown at first, then sent once with its hash, then by the hash alone."""
    fresh.opened.documents = NamedDocuments(kept=MemoryKept())
    named: dict[str, Any] = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}}
    street = Street(fresh)
    async with connected(street) as socket:
        await socket.greet(street.token("cbp-primary-atl"))
        socket.send(type="subscribe", id="a", payload=named)
        assert b"PERSISTED_QUERY_NOT_FOUND" in orjson.dumps(await socket.next())
        socket.send(type="subscribe", id="b", payload={"query": REVOKED, **named})
        assert b'"ping"' in (await socket.raw())["text"].encode()
        socket.send(type="complete", id="b")
        socket.send(type="subscribe", id="c", payload=named)
        assert b'"ping"' in (await socket.raw())["text"].encode()
        await revoke(fresh, "S2400001")
        heard = await socket.next()
        assert (heard["id"], heard["payload"]["data"]) == ("c", TOLD)
