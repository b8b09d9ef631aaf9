"""What goes wrong with a stream is told by a code, counted, and costs nobody else anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

import gateway.live.stream
from gateway.live import Beat, Message, Next
from gateway.web.streams import Streamed
from tests.live.listening import SECONDS, Street
from tests.live.sockets import connected
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_fault_nobody_foresaw_ends_a_stream_with_a_code_and_nothing_of_what_it_was(
    fresh: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last event is INTERNAL, then the end; the text of the fault, which may quote a record, is nowhere in it."""

    async def falls_over(*_: Any) -> Any:
        raise KeyError("S2400001 of Maria")

    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        monkeypatch.setattr(gateway.live.stream, "answer_event", falls_over)
        await revoke(fresh, "S2400001")
        heard = await port.next()
        assert [each["extensions"]["code"] for each in heard.page["errors"]] == ["INTERNAL"]
        assert (await port.next()).name == "complete"
    assert b"Maria" not in port.whole
    assert street.app.state.live.places.open == 0


async def test_a_client_that_takes_nothing_is_let_go(fresh: World) -> None:
    """Its connection takes no more bytes: after ``slow`` seconds its place is free, and that is counted."""
    live = Street(fresh).app.state.live
    live.slow = 0.01
    ended = asyncio.Event()

    async def messages() -> AsyncIterator[Message]:
        try:
            yield Beat("1")
            yield Next(b"{}", "2")
        finally:
            ended.set()

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            await asyncio.Event().wait()

    async def receive() -> Any:
        await asyncio.Event().wait()

    async with asyncio.timeout(SECONDS):
        await Streamed(messages(), AsyncExitStack(), "sse", live)({"type": "http"}, receive, send)
    assert ended.is_set()
    assert len(sent) == 3  # the head, the beat, and the event that was not taken: nothing after it
    assert b'gateway_events_total{event="stream_slow",of="sse"} 1.0' in live.telemetry.metrics.text()


async def test_a_cursor_from_too_long_ago_is_refused(fresh: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More has happened since than is caught up with: 410, before anything is streamed."""
    monkeypatch.setattr(gateway.live.stream, "MOST_BEHIND", 1)
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        before = (await port.next()).cursor
    await revoke(fresh, "S2400001")
    await revoke(fresh, "S0600001")
    async with street.listen("cbp-primary-atl", REVOKED, resume=before) as port:
        await port.holding(b"CURSOR_TOO_OLD")
    assert port.status == 410


async def test_open_streams_are_a_gauge_and_their_ends_are_counted(fresh: World) -> None:
    """Over both transports, up and down again."""
    street = Street(fresh)
    metrics = fresh.opened.telemetry.metrics
    async with street.listen("cbp-primary-atl", REVOKED) as port, connected(street) as socket:
        await port.next()
        await socket.greet(street.token("cbp-primary-nyc"))
        socket.send(type="subscribe", id="a", payload={"query": REVOKED})
        await socket.raw()
        assert b"gateway_streams 2.0" in metrics.text()
        street.app.state.live.stop()
        assert (await port.next()).page["errors"][0]["extensions"]["code"] == "GATEWAY_CLOSING"
        assert (await socket.next())["payload"][0]["extensions"]["code"] == "GATEWAY_CLOSING"
    assert b"gateway_streams 0.0" in metrics.text()
    assert b'gateway_events_total{event="stream_ended",of="GATEWAY_CLOSING"} 2.0' in metrics.text()


async def test_a_stream_that_is_far_behind_waits_for_an_outbox_that_is_away(fresh: World) -> None:
    """The tail no longer keeps what it missed, and the subgraph is away: the event comes once it is back."""
    street = Street(fresh)
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        before = (await port.next()).cursor
    await revoke(fresh, "S2400001")
    again = Street(fresh)
    async with again.listen("cbp-primary-nyc", REVOKED) as other:
        await other.next()  # the tail begins after the event
        async with again.listen("cbp-primary-atl", REVOKED, resume=before) as port:
            await port.next()
            heard = await port.next()
            assert heard.page["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}
