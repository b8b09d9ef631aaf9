"""The client and the real gateway: a question, why there is no petition, a change by one, and another who hears of it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from gateway.client import Client, NotGiven
from tests.live.test_served import REVOKE
from tests.live.test_sse import REVOKED
from tests.web.conftest import seeded
from tests.web.server import serving

__all__ = ["seeded"]

STORY = "query($id: ID!) { traveler(id: $id) { petitions { nodes { status } } visas { nodes { foilNumber status } } } }"
GRACE = {"id": "TRV-01KST0RY000000000000000029"}


@pytest.mark.slow
async def test_ask_act_and_hear(seeded: Path, tmp_path: Path) -> None:
    world = tmp_path / "world"
    shutil.copytree(seeded, world)  # it is written to
    with serving(
        "--subgraphs", "asgi", "--var", world,
        TWS_MODE="development", TWS_TODAY="2026-11-01T12:00:00+00:00",
        TWS_DATA=str(world / "data"), TWS_KEYS=str(world / "keys"),
    ) as running:  # fmt: skip
        url = f"{running.address}/graphql"
        tokens = [running.token(each) for each in ("cbp-secondary-nyc", "cbp-primary-atl", "consular-officer-nwd")]
        async with (
            Client(url, tokens[0]) as secondary,
            Client(url, tokens[1]) as primary,
            Client(url, tokens[1], over="websocket") as beside,
            Client(url, tokens[2]) as consul,
        ):
            answer = await secondary.ask(STORY, GRACE)
            assert answer.given("traveler.visas.nodes.0.foilNumber") == "S2900002"
            with pytest.raises(NotGiven, match="withheld by USCIS: NO_AGREEMENT"):
                answer.given("traveler.petitions.nodes")
            assert answer.record

            streams = [each.events(REVOKED) for each in (primary, beside)]
            hearing = [asyncio.ensure_future(anext(each)) for each in streams]
            for _ in range(100):  # until the subscriptions are open, the change would be in the past
                await asyncio.sleep(0.1)
                if primary.listening and beside.listening:
                    break
            assert (primary.listening, beside.listening) == (1, 1)
            done = await consul.act(REVOKE)
            assert done.given("revokeVisa.status") == "REVOKED"
            for event in await asyncio.wait_for(asyncio.gather(*hearing), 30):
                assert event.answer.data == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}
                assert event.cursor
            for stream in streams:
                await stream.aclose()
