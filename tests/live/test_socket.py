"""``graphql-transport-ws``: the protocol to the letter, and the same decisions and record as over any other way."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from tests.live.listening import Street
from tests.live.sockets import connected
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUERY = 'query { visa(foilNumber: "S2400001") { status } }'
TOLD = {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}


async def test_the_port_hears_of_a_revocation_and_asks_on_the_same_socket(fresh: World) -> None:
    """One socket, a subscription and a query; completing the one ends it and frees its place."""
    street = Street(fresh)
    async with connected(street) as socket:
        await socket.greet(street.token("cbp-primary-atl"))
        socket.send(type="subscribe", id="a", payload={"query": REVOKED})
        socket.send(type="subscribe", id="b", payload={"query": QUERY})
        answered = await socket.next()
        assert (answered["id"], answered["type"], answered["payload"]["data"]) == (
            "b", "next", {"visa": {"status": "ISSUED"}},
        )  # fmt: skip
        assert await socket.next() == {"id": "b", "type": "complete"}
        await revoke(fresh, "S2400001")
        heard = await socket.next()
        assert (heard["id"], heard["type"], heard["payload"]["data"]) == ("a", "next", TOLD)
        assert heard["payload"]["extensions"]["record"] in fresh.kept.records
        socket.send(type="complete", id="a")
        socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}
    assert street.app.state.live.places.open == 0


async def test_a_new_socket_goes_on_where_the_old_one_was(fresh: World) -> None:
    """The cursor of an event or of a sign of life, as ``extensions.resume``."""
    street = Street(fresh)
    async with connected(street) as socket:
        await socket.greet(street.token("cbp-primary-atl"))
        socket.send(type="subscribe", id="a", payload={"query": REVOKED})
        beat = await socket.raw()
        assert b'"ping"' in beat["text"].encode()
    cursor = orjson.loads(beat["text"])["payload"]["cursor"]
    await revoke(fresh, "S2400001")
    async with connected(street) as socket:
        await socket.greet(street.token("cbp-primary-atl"))
        socket.send(type="subscribe", id="a", payload={"query": REVOKED, "extensions": {"resume": cursor}})
        assert (await socket.next())["payload"]["data"] == TOLD


async def test_a_subscription_ends_with_the_token_and_nothing_more_is_answered(fresh: World) -> None:
    """An error message for the stream, and one for whatever is asked after it."""
    street = Street(fresh)
    async with connected(street) as socket:
        await socket.greet(street.token("cbp-primary-atl", timedelta(seconds=600)))
        socket.send(type="subscribe", id="a", payload={"query": REVOKED})
        await street.clock.paused(15.0)
        street.clock.move(601)
        ended = await socket.next()
        assert (ended["id"], ended["type"], ended["payload"][0]["extensions"]["code"]) == (
            "a", "error", "TOKEN_EXPIRED",
        )  # fmt: skip
        socket.send(type="subscribe", id="b", payload={"query": QUERY})
        assert (await socket.next())["payload"][0]["extensions"]["code"] == "TOKEN_EXPIRED"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": QUERY}}], 4401),
        ([{"type": "connection_init"}], 4403),
        ([{"type": "connection_init", "payload": {"authorization": "Bearer nonsense"}}], 4403),
        (["no json"], 4400),
        ([{"type": "greet"}, {"type": "nonsense"}], 4400),
        ([{"type": "greet"}, {"type": "greet again"}], 4429),
        ([{"type": "greet"}, *[{"type": "subscribe", "id": "1", "payload": {"query": REVOKED}}] * 2], 4409),
        ([{"type": "greet"}, {"type": "subscribe", "id": "1", "payload": 7}], 4400),
    ],
)  # fmt: skip
async def test_what_the_protocol_closes_for_is_closed_for(fresh: World, messages: list[object], code: int) -> None:
    """The codes of the protocol, and nothing answered before."""
    street = Street(fresh)
    token = street.token("cbp-primary-atl")
    async with connected(street) as socket:
        for message in messages:
            if message == {"type": "greet"}:
                await socket.greet(token)
            elif message == {"type": "greet again"}:
                socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
            elif isinstance(message, dict):
                socket.send(**message)
            else:
                socket.send_text(str(message))
        assert (await socket.closed())[0] == code


async def test_another_protocol_and_another_sites_page_are_not_served(fresh: World) -> None:
    """The old ``graphql-ws`` by 4406; a page of another site before it has a socket at all."""
    street = Street(fresh)
    async with connected(street, protocol="graphql-ws") as socket:
        assert (await socket.closed())[0] == 4406
    async with connected(street, origin="https://elsewhere.example") as socket:
        assert await socket.closed() == (4403, "ORIGIN_NOT_ALLOWED")


async def test_what_is_wrong_with_an_operation_is_its_own_error(fresh: World) -> None:
    """A document that is none ends that operation; the socket and the others go on."""
    street = Street(fresh)
    async with connected(street) as socket:
        await socket.greet(street.token("cbp-primary-atl"))
        socket.send(type="subscribe", id="a", payload={"query": "subscription { nothingOfTheKind }"})
        wrong = await socket.next()
        assert (wrong["id"], wrong["type"]) == ("a", "error")
        assert wrong["payload"][0]["extensions"]["code"]
        socket.send(type="subscribe", id="a", payload={"query": QUERY})
        assert (await socket.next())["payload"]["data"] == {"visa": {"status": "ISSUED"}}
