"""What ``limits.toml`` says of a subgraph is what happens on the way to it, and shows in the metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.config import Settings
from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.limits import LimitsPage
from gateway.sending import http_transport, sending
from gateway.telemetry import Lines, Metrics, Telemetry
from tests.execution.test_transports import Server
from tests.execution.virtual import run


class Faulty:
    """Takes so many seconds for each request of a subgraph, or fails where that is a code."""

    def __init__(self, **moods: float | str) -> None:
        self.moods = moods
        self.asked: list[str] = []

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        self.asked.append(request.subgraph)
        mood = self.moods.get(request.subgraph, 0.0)
        if isinstance(mood, str):
            raise FetchError(mood, "no")
        await asyncio.sleep(mood)
        return SubgraphResponse(200, b"{}")


def way(faulty: Faulty, page: dict[str, Any], clock: Callable[[], float] = time.monotonic) -> tuple[Transport, Metrics]:
    telemetry = Telemetry(Lines(on=False), Metrics())
    settings, limits = Settings(subgraph_timeout=5.0), LimitsPage.read({"subgraphs": page})
    return sending(faulty, settings, limits, telemetry, open_to_all=True, clock=clock), telemetry.metrics


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


async def asked(transport: Transport, *names: str) -> list[str]:
    told = []
    for name in names:
        try:
            await transport.send(SubgraphRequest(name, b"{}"))
            told.append("")
        except FetchError as error:
            told.append(error.code)
    return told


def shown(metrics: Metrics, *pieces: str) -> None:
    """Every piece is a line of the metrics."""
    lines = metrics.text().decode().splitlines()
    assert [piece for piece in pieces if piece not in lines] == []


def test_each_subgraph_has_a_time_limit_of_its_own() -> None:
    """The setting's, the table's own and the named one's."""
    page = {"retried": 0.0, "slow": {"timeout": 20.0}, "fast": {"timeout": 0.5}}
    transport, metrics = way(Faulty(slow=60.0, fast=60.0, other=60.0), page)
    told, took = run(asked(transport, "slow", "fast", "other"))
    assert told == ["SUBGRAPH_TIMEOUT"] * 3
    assert took == pytest.approx(25.5)
    shown(metrics, 'gateway_events_total{event="timed_out",of="slow"} 1.0')


def test_who_fails_is_asked_again_within_the_budget_then_left_alone() -> None:
    """Two tries, of which the second opens the breaker: what comes then is refused at once."""
    faulty = Faulty(bad="SUBGRAPH_UNREACHABLE")
    transport, metrics = way(faulty, {"failures": 2, "rest": 60.0})
    told, _ = run(asked(transport, "bad", "bad", "good"))
    assert told == ["SUBGRAPH_UNREACHABLE", "SUBGRAPH_UNAVAILABLE", ""]
    assert faulty.asked == ["bad", "bad", "good"]
    shown(
        metrics,
        'gateway_events_total{event="retried",of="bad"} 1.0',
        'gateway_events_total{event="opened",of="bad"} 1.0',
        'gateway_events_total{event="refused",of="bad"} 1.0',
        'gateway_breaker{subgraph="bad"} 2.0',
        'gateway_breaker{subgraph="good"} 0.0',
    )


def test_one_connection_at_a_time() -> None:
    """Three at once are one after another."""
    transport, metrics = way(Faulty(visas=1.0), {"visas": {"connections": 1}})

    async def story() -> None:
        await asyncio.gather(*(asked(transport, "visas") for _ in range(3)))

    _, took = run(story())
    assert took == pytest.approx(3.0)
    shown(metrics, 'gateway_events_total{event="waited",of="visas"} 2.0', 'gateway_lanes{subgraph="visas"} 0.0')


def test_a_slow_request_is_hedged_where_that_is_configured() -> None:
    """One of a thousand takes a minute; the second request brings the answer, and the metrics say so."""
    for share, seconds, events in ((0.1, 1.0, 1), (0.0, 5.0, 0)):
        faulty = Faulty(visas=0.01)
        transport, metrics = way(faulty, {"hedged": share, "retried": 0.0}, _loop_time)

        async def story(faulty: Faulty = faulty, transport: Transport = transport) -> list[str]:
            faulty.moods["visas"] = 0.02
            await asked(transport, *["visas"] * 3)
            faulty.moods["visas"] = 0.01
            await asked(transport, *["visas"] * 40)
            faulty.moods["visas"] = 60.0
            asking = asyncio.ensure_future(asked(transport, "visas"))
            await asyncio.sleep(0.005)
            faulty.moods["visas"] = 0.01
            return await asking

        told, took = run(story())
        assert told == ([""] if share else ["SUBGRAPH_TIMEOUT"])
        assert took <= 0.5 + seconds
        assert (
            f'gateway_events_total{{event="hedge_won",of="visas"}} {events}.0' in metrics.text().decode() or not events
        )


@pytest.mark.asyncio
@pytest.mark.parametrize("idempotent", [True, False])
async def test_an_answer_is_cut_at_its_subgraphs_own_size(idempotent: bool) -> None:
    """Both clients: what may be asked twice goes by the small one, the rest by the library."""
    body = b"x" * 3_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    server = Server(answer, answer)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/graphql"
    limits = LimitsPage.read({"subgraphs": {"small": {"answer_bytes": 2_000}}})
    async with listener, http_transport({"small": url, "large": url}, Settings(), limits) as transport:
        with pytest.raises(FetchError) as refused:
            await transport.send(SubgraphRequest("small", b"{}", idempotent=idempotent))
        assert refused.value.code == "SUBGRAPH_TOO_LARGE"
        whole = await transport.send(SubgraphRequest("large", b"{}", idempotent=idempotent))
        assert len(whole.body) == 3_000
        for writer in server.writers:
            writer.close()
